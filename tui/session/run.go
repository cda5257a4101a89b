package session

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/series"
	"innate/tui/sixel"
)

// StaleAfter is the age of a heartbeat, by our own clock, that is worth a word.
const StaleAfter = 10 * time.Second

// Run is the open run.
type Run struct {
	Dir     string
	Info    run.Info
	Known   bool        // Info has been read …
	InfoGen int         // … so many times
	Gone    bool        // its directory is: what was read of it stays
	Lost    error       // why the trainer doesn't answer although it lives
	Config  *ConfigFile // nil: not read yet
	Words   LastWords
	Grids   []string // files of sample grids, oldest first
	Side    int      // pixels of one sample's side, 0 if unknown: the largest resolution of the network

	Results  []results.Summary // of the run's table: numbers that differ by their seeds alone together
	measured []string          // QualityKeys of a run that is evaluated: by the judge that decides, and by others

	Layers *Layers
	List   *LayerList // what of them shows

	Series   *series.Run    // every scalar of the log
	Events   []runlog.Event // everything that happened
	LastNimg int64          // of the newest tick
	Reading  bool           // the history is still being read
	Resuming bool           // a trainer is being started

	Client *control.Client
	poller *poller
	heard  time.Time // when its heartbeat last changed, by our own clock
	pace   pace
	frozen string // what was frozen when the layers were last fetched
}

// Open returns the run in a directory, of which nothing is known yet.
func Open(dir string) *Run {
	r := &Run{Dir: dir, Series: new(series.Run), Client: control.NewClient(dir), poller: newPoller(dir)}
	r.Layers = NewLayers()
	r.List = NewLayerList(r.Layers)
	r.Info.Name = NameOf(dir)
	return r
}

// Add takes in what the log has new. After a reset all that counts is new.
func (r *Run) Add(u *runlog.Update) {
	if u.Reset {
		r.Events = nil
	}
	u.Apply(r.Series)
	r.Events = append(r.Events, u.Events...)
	for i := range u.Rows {
		if row := &u.Rows[i]; row.Type != runlog.TypeResume {
			r.LastNimg = row.Nimg
		}
	}
}

// Status is what the trainer last said of itself.
func (r *Run) Status() *run.Status { return &r.Info.Status }

// Take takes what is known of the run at a time, and notes when its heartbeat
// has changed: how long it has not is measured by our clock alone, since the
// trainer's may be wrong.
func (r *Run) Take(info run.Info, now time.Time) {
	old := &r.Info.Status
	if st := &info.Status; !r.Known || !st.Time.Equal(old.Time) || st.Seq != old.Seq || st.Instance != old.Instance {
		r.heard = now
	}
	r.Info, r.Known = info, true
	r.InfoGen++
	r.learnSpeed()
	if !info.Alive {
		r.Lost = nil
	}
}

// TakeRead takes what was read from the files, unless the trainer's answer is
// newer than the heartbeat there.
func (r *Run) TakeRead(info run.Info, now time.Time) {
	if old := r.Info.Status; info.Alive && info.Status.Before(old) {
		info.Status = old
	}
	r.Take(info, now)
}

// TakeAnswer takes the status that the trainer has answered, unless a newer one
// is known or another trainer has taken its place. That a run has ended is known
// by its lock: until that is free no other trainer can follow.
func (r *Run) TakeAnswer(st run.Status, now time.Time) (taken bool) {
	if !r.Info.Alive || !run.Active(st.State) || st.PID != r.Info.Status.PID || st.Before(r.Info.Status) {
		return false
	}
	info := r.Info
	info.Status = st
	r.Take(info, now)
	return true
}

// Pong takes in whether the trainer has answered, and reports whether its status
// is news.
func (r *Run) Pong(m PingMsg, now time.Time) (news bool) {
	switch st := r.Info.Status.State; {
	case m.Err == nil:
		r.Lost = nil
		return r.TakeAnswer(m.Status, now)
	case r.Info.Alive && st != run.StateStarting && st != run.StateStopping:
		r.Lost = m.Err
	}
	return false
}

// Silent is how long the trainer has written no heartbeat and given no answer.
func (r *Run) Silent(now time.Time) time.Duration { return now.Sub(r.heard) }

// MustRun refuses an order that needs a trainer.
func (r *Run) MustRun(what string) error {
	if st := r.Info.Status.State; r.Known && !run.Active(st) {
		return fmt.Errorf("%s: the run is %s, want a running trainer (r resumes it)", what, st)
	}
	return nil
}

// MayResume refuses to start a trainer beside one that is at work.
func (r *Run) MayResume() error {
	if r.Info.Alive || !r.Known {
		return errors.New("resume: a trainer is at work already")
	}
	return nil
}

// Paused tells whether a trainer waits to be resumed.
func (r *Run) Paused() bool { return r.Info.Status.State == run.StatePaused }

// TakeLayers takes the layers of the network as they are now.
func (r *Run) TakeLayers(layers []run.Layer) {
	if r.Layers.Set(layers) {
		r.poller.remeasure.Store(true)
	}
	r.Side = 0
	for _, l := range layers {
		r.Side = max(r.Side, l.Resolution)
	}
}

// Waits says what a run without a tick waits for.
func (r *Run) Waits() string {
	switch st := r.Info.Status.State; {
	case !r.Known:
		return "reading the run"
	case st == run.StateNew:
		return "not started yet"
	case st == run.StateQueued:
		return "queued: its job has not begun"
	case st == run.StateStarting:
		return "starting: the graph is being compiled"
	case st == run.StateRunning:
		return "no ticks yet: the first one is on its way"
	}
	return "no ticks yet"
}

// accuracyKeys are what a classifier is judged by.
var accuracyKeys = []string{"accuracy/test", "accuracy/train"}

// QualityKeys are the scalars of the log that the run is judged by: the accuracy of
// a classifier, or else what its evaluations measure, first what decides which network
// is the best.
func (r *Run) QualityKeys() []string {
	for _, k := range accuracyKeys {
		if r.Series.Find(k) != nil {
			return accuracyKeys
		}
	}
	keys := []string{r.Info.Status.Quality()}
	for _, m := range r.Info.Status.Also {
		keys = append(keys, m.Key)
	}
	if !slices.Equal(keys, r.measured) {
		r.measured = keys
	}
	return r.measured
}

// QualityNames are short names of the scalars of QualityKeys, for a legend: where the
// same statistic is over several features, those alone.
func (r *Run) QualityNames() []string {
	st, names := &r.Info.Status, []string{}
	for _, k := range r.QualityKeys() {
		names = append(names, k[strings.LastIndexByte(k, '/')+1:])
	}
	if len(st.Also) == 0 || len(names) != 1+len(st.Also) {
		return names
	}
	names[0] = st.FIDName
	for i, m := range st.Also {
		names[1+i] = m.Name
	}
	title, _, _ := strings.Cut(st.FIDName, "(")
	for _, name := range names {
		if !strings.HasPrefix(name, title+"(") || !strings.HasSuffix(name, ")") {
			return names
		}
	}
	for i, name := range names {
		names[i] = name[len(title)+1 : len(name)-1]
	}
	return names
}

// Ranges are the summaries of what was measured over several ranges of seeds by the
// judge of that name, the one with most images at each number of images seen.
func (r *Run) Ranges(metric string) []results.Summary {
	var list []results.Summary
	for _, s := range r.Results {
		if s.Metric != metric || s.Nimg == 0 || len(s.Values) < 2 {
			continue
		}
		i := slices.IndexFunc(list, func(o results.Summary) bool { return o.Nimg == s.Nimg })
		switch {
		case i < 0:
			list = append(list, s)
		case s.N >= list[i].N:
			list[i] = s
		}
	}
	return list
}

// QualityRises reports whether more of them is better.
func (r *Run) QualityRises() bool {
	return r.QualityKeys()[0] == accuracyKeys[0] || r.Info.Status.Rises
}

// Quality names them. FID has its plain name only where the run says so.
func (r *Run) Quality() string {
	switch name := r.Info.Status.FIDName; {
	case r.QualityKeys()[0] == accuracyKeys[0]:
		return "Accuracy"
	case name != "":
		return name
	}
	return strings.ToUpper(r.Info.Status.Quality())
}

// Rule is the [freeze] table in force.
func (r *Run) Rule() configs.Freeze {
	st := &r.Info.Status
	return configs.Freeze{Preset: st.FreezePreset, Freeze: st.FreezeGlobs, Train: st.TrainGlobs}
}

// Foreseen is a [freeze] table with what the run's rule has decided, as far as that holds
// under it: where the preset is another nothing does, and nothing of what its globs name.
func (r *Run) Foreseen(table configs.Freeze) configs.Freeze {
	rule := r.Info.Status.FreezeRule
	if rule == nil || table.Preset != r.Info.Status.FreezePreset {
		return table
	}
	over := table
	over.Freeze = slices.Concat(table.Freeze, slices.DeleteFunc(slices.Clone(rule.Frozen), table.ByHand))
	over.Train = slices.Concat(table.Train, slices.DeleteFunc(slices.Clone(rule.Thawed), table.ByHand))
	return over
}

// Tiling is how the run's grids are made of samples.
func (r *Run) Tiling() sixel.Tiling {
	return sixel.Tiling{Side: r.Side, ByRow: len(r.Info.Status.SampleClasses) > 0}
}

// FrozenKey changes whenever something was frozen or unfrozen.
func FrozenKey(st *run.Status) string {
	return fmt.Sprint(st.PID, st.FreezePreset, st.FreezeGlobs, st.TrainGlobs, st.FrozenParams, st.TrainableTensors)
}

// JobText is the job of a run and what its scheduler says of it; "" without one.
func JobText(st *run.Status) string {
	if st.Job == "" || st.JobState == "" {
		return st.Job
	}
	return st.Job + ", " + st.JobState
}

// Ended reports whether a run ended other than it should.
func Ended(state string) bool { return state == run.StateDead || state == run.StateFailed }

// BetweenSteps reports whether a running trainer is busy with something else
// than steps, which is worth a word.
func BetweenSteps(stage string) bool { return stage != "" && stage != "train" }

// Absolute is a path as it is from everywhere.
func Absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// NameOf is what a run is called, by its directory.
func NameOf(dir string) string { return filepath.Base(filepath.Clean(dir)) }

// MethodName writes a method as the paper does.
func MethodName(st *run.Status) string {
	switch {
	case st.Method == "gdd" && strings.HasPrefix(st.FreezePreset, "gdd-i"):
		return "GDD-I"
	case st.Method == "gdd":
		return "GDD"
	case st.Method == "edm", st.Method == "fd":
		return strings.ToUpper(st.Method)
	}
	return st.Method
}

// SameDir tells whether two paths lead to one directory. A run is its directory:
// others may have its name.
func SameDir(a, b string) bool {
	return Absolute(a) == Absolute(b) || run.SameFile(a, b)
}
