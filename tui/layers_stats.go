package tui

import (
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/session"
)

// measured is the statistics of the open run and how many of them the tree has
// taken in.
type measured struct {
	stats []runlog.LayerStats
	fed   int
}

// feedEach bounds the statistics that one message brings to the tree, so that a
// long history does not hold up the screen.
const feedEach = 64

// feedLayers gives the tree its next measurements and reports whether there are
// more.
func (r *runView) feedLayers(s session.LayerStats) (more bool) {
	m := &r.measured
	if s.Reset {
		*m = measured{}
		r.layers.ClearStats()
	}
	m.stats = append(m.stats, s.Stats...)
	if !r.layers.Known() {
		return false // they wait for the names
	}
	to := min(m.fed+feedEach, len(m.stats))
	for _, s := range m.stats[m.fed:to] {
		r.layers.SetStats(s.Nimg, s.Grad, s.Update, s.Distance)
	}
	m.fed = to
	return to < len(m.stats)
}

// speedSettles is how many seconds a run must train without a change before its
// speed counts as that of what is frozen now.
const speedSettles = 3

// pace notices when the speed of a run is steady. It counts images, since clocks
// may jump.
type pace struct {
	key  string // what is frozen; empty between steps
	nimg int64  // since when
}

// learnSpeed tells the layers how fast the run is at its present share of frozen
// parameters.
func (r *runView) learnSpeed() {
	st := &r.Info.Status
	key := ""
	if st.State == run.StateRunning && !session.BetweenSteps(st.Stage) {
		key = session.FrozenKey(st)
	}
	if key == "" || key != r.pace.key || st.Nimg < r.pace.nimg {
		r.pace = pace{key, st.Nimg}
		return
	}
	if float64(st.Nimg-r.pace.nimg) >= speedSettles*st.ImagesPerSec {
		r.layers.SetSpeed(st.FrozenFraction, st.ImagesPerSec)
	}
}
