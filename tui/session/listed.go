package session

import (
	"math"
	"time"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Listed is a run of the list as last read. What it holds is not modified
// afterwards.
type Listed struct {
	run.Info
	Err error // why the run cannot be read

	Config  *configs.Config // nil if config.toml cannot be read …
	ConfErr error           // … for this reason
	Changes []configs.Change
	Preset  string // that changes are against; empty: the defaults

	Quality string // the scalar of points: what evaluations measure, or a classifier's accuracy
	Points  []Point
	Events  []runlog.Event // the newest
}

// Point is one evaluation.
type Point struct{ Kimg, Value float64 }

// Method is what the trainer said, or before it has said anything, the config.
func (r *Listed) Method() string {
	st := r.Status
	if st.Method == "" && r.Config != nil {
		st.Method, st.FreezePreset = r.Config.Method, r.Config.Freeze.Preset
	}
	return MethodName(&st)
}

// Age is the time since a run started, or since it ended.
func (r *Listed) Age(now time.Time) (time.Duration, bool) {
	st := &r.Status
	since := st.Time
	if run.Active(st.State) {
		since = st.Started
	}
	if since.IsZero() || st.State == run.StateNew {
		return 0, false
	}
	return max(now.Sub(since), 0), true
}

// Falls reports whether less of the quality is better.
func (r *Listed) Falls() bool { return r.Quality == r.Status.Quality() && !r.Status.Rises }

// Improvement is what share of its first value the quality has reached.
func (r *Listed) Improvement() float64 {
	if len(r.Points) < 2 || r.Points[0].Value == 0 {
		return math.NaN()
	}
	return r.Points[len(r.Points)-1].Value / r.Points[0].Value
}

// Active reports whether it is at work, or paused.
func (r *Listed) Active() bool { return run.Active(r.Status.State) }
