package tui

import (
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/panes"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/views/layers"
	"innate/tui/widget"
)

// runView is the state of the open run.
type runView struct {
	*session.Run
	header  keptHeader
	history runlog.History

	views []host.View

	charts    map[string]host.ChartState // settings remembered for the charts
	loss, fid *widget.Chart
	location  *time.Location
	found     map[string]bool // scalars in the log …
	scalars   int             // … and how many there were when it was last looked
	lossKeys  []string        // those of the loss chart, in order of its curves …
	fidKeys   []string        // … and of the chart of quality
	tree      *layers.Tree
	samples   *widget.Samples
	events    *panes.Events

	file   string // the one shown
	follow bool   // show new samples as they come
}

func newRunView(dir string, t *theme.Theme, loc *time.Location, charts map[string]host.ChartState) *runView {
	r := &runView{
		charts: charts, location: loc, found: map[string]bool{},
		Run:     session.Open(dir),
		samples: widget.NewSamples(t), events: panes.NewEvents(t),
		follow: true, fidKeys: fidKeysOf(nil),
	}
	r.tree = layers.NewTree(t, r.List)
	r.events.Location = loc
	r.newCharts(t)
	return r
}

// Names of the charts in the remembered state. The second one shows FID or, of
// a classifier, its accuracy.
const (
	lossChart     = "loss"
	fidChart      = "fid"
	accuracyChart = "accuracy"
)

func (r *runView) fidChart() string {
	if r.fidKeys[0] == "fid" {
		return fidChart
	}
	return accuracyChart
}

func (r *runView) chart(name string) *widget.Chart {
	if name == lossChart {
		return r.loss
	}
	return r.fid
}

// newCharts makes empty charts for the scalars known so far, set as remembered.
func (r *runView) newCharts(t *theme.Theme) {
	ascii := r.loss != nil && r.loss.ASCII
	r.loss = widget.NewChart(t, shortNames(r.lossKeys)...)
	r.fid = widget.NewChart(t, shortNames(r.fidKeys)...)
	for _, name := range []string{lossChart, r.fidChart()} {
		set, ok := r.charts[name]
		if !ok {
			set = chartDefaults[name]
		}
		c := r.chart(name)
		c.ASCII, c.LogX, c.LogY, c.Smoothing = ascii, set.LogX, set.LogY, set.Smoothing
		c.Location = r.location
	}
	r.fid.Best = widget.BestMin
	if r.fidChart() == accuracyChart {
		r.fid.Best = widget.BestMax
	}
	r.updateReference()
	r.updateTexts()
}

// chartDefaults set the charts nobody has changed yet: FID goes from thousands
// down to tens.
var chartDefaults = map[string]host.ChartState{lossChart: {Smoothing: 0.6}, fidChart: {LogY: true}}

// hideCursors takes the charts' read-outs away and reports whether any showed.
func (r *runView) hideCursors() bool {
	loss, fid := r.loss.HideCursor(), r.fid.HideCursor()
	return loss || fid
}

// shortNames drops the group from scalar names: loss/gen is gen.
func shortNames(keys []string) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k[strings.LastIndexByte(k, '/')+1:])
	}
	return names
}

// fidKeysOf picks the curves of the quality chart: FID, but a classifier's
// accuracy.
func fidKeysOf(known map[string]bool) []string {
	if known["accuracy/test"] || known["accuracy/train"] {
		return []string{"accuracy/test", "accuracy/train"}
	}
	return []string{"fid"}
}

// lossKeysOf picks the curves of the loss chart: the two sides of the game, or
// else every loss there is.
func lossKeysOf(known map[string]bool) []string {
	var keys []string
	for _, k := range []string{"loss/gen", "loss/disc"} {
		if known[k] {
			keys = append(keys, k)
		}
	}
	if len(keys) > 0 {
		return keys
	}
	for k := range known {
		if strings.HasPrefix(k, "loss/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys[:min(len(keys), theme.SeriesCount)]
}

// step is an update with the ticks that count at its end.
type step struct {
	Reset, Rewind bool
	RewindNimg    int64 // the earliest one
	Ticks         []runlog.Row
	Events        []runlog.Event
}

func stepOf(u runlog.Update) step {
	s := step{Reset: u.Reset, Events: u.Events}
	for _, row := range u.Rows {
		if row.Type != runlog.TypeResume {
			s.Ticks = append(s.Ticks, row)
			continue
		}
		if !s.Rewind || row.Nimg < s.RewindNimg {
			s.RewindNimg = row.Nimg
		}
		s.Rewind = true
		s.Ticks = slices.DeleteFunc(s.Ticks, func(t runlog.Row) bool { return t.Nimg > row.Nimg })
	}
	return s
}

// addHistory takes new ticks and events into views, charts and log.
func (r *runView) addHistory(update runlog.Update, t *theme.Theme) {
	before := r.history.Events
	r.history.Apply(update)
	u := stepOf(update)
	for _, v := range r.views {
		if h, ok := v.(host.HistoryView); ok {
			r.tell(h, u, before)
		}
	}
	ticks, events := u.Ticks, u.Events
	switch {
	case r.findKeys(u.Ticks) || u.Reset:
		r.newCharts(t)
		ticks, events = r.history.Rows, r.history.Events
	case u.Rewind:
		r.loss.Rewind(u.RewindNimg)
		r.fid.Rewind(u.RewindNimg)
	}
	for i := range ticks {
		r.addTick(&ticks[i])
	}
	for _, e := range events {
		if m := markOf(e); m.Kind != runlog.FID && m.Kind != runlog.Checkpoint && markKinds[m.Kind] {
			r.loss.Mark(m)
			r.fid.Mark(m)
		}
	}
	r.events.SetEvents(r.history.Events)
}

// tell gives an update to a view that gathers ticks and events.
func (r *runView) tell(h host.HistoryView, u step, before []runlog.Event) {
	if rewinder, ok := h.(host.RewindView); ok && u.Rewind && !u.Reset {
		rewinder.Rewind(u.RewindNimg, before)
		u.Rewind = false
	}
	if u.Reset || u.Rewind {
		h.AddHistory(r.history.Rows, r.history.Events, true)
		return
	}
	h.AddHistory(u.Ticks, u.Events, false)
}

// findKeys looks for scalars that no tick had before, and reports whether the
// two charts show others from now on. The view of curves, which gathers all, has
// been told already: mostly it knows of no new one.
func (r *runView) findKeys(ticks []runlog.Row) bool {
	n := viewOf[*curvesView](r).curves.Known()
	if n == r.scalars {
		return false
	}
	r.scalars = n
	for i := range ticks {
		for _, k := range ticks[i].Names {
			r.found[k] = true
		}
	}
	loss, fid := lossKeysOf(r.found), fidKeysOf(r.found)
	if slices.Equal(loss, r.lossKeys) && slices.Equal(fid, r.fidKeys) {
		return false
	}
	r.lossKeys, r.fidKeys = loss, fid
	return true
}

func (r *runView) addTick(tick *runlog.Row) {
	x := float64(tick.Nimg) / 1000
	r.LastNimg = tick.Nimg
	for i, k := range r.lossKeys {
		if v, ok := tick.Value(k); ok {
			r.loss.AddAt(i, x, tick.Time, v)
		}
	}
	for i, k := range r.fidKeys {
		if v, ok := tick.Value(k); ok && !math.IsNaN(v) {
			r.fid.AddAt(i, x, tick.Time, v) // null means that this tick had no evaluation
		}
	}
}

// markKinds are the events that charts mark.
var markKinds = map[string]bool{
	runlog.Freeze: true, runlog.Config: true, runlog.Checkpoint: true, runlog.FID: true, runlog.Pause: true,
	runlog.Resume: true, runlog.Error: true, runlog.Diverge: true,
}

func markOf(e runlog.Event) widget.Mark {
	return widget.Mark{X: float64(e.Nimg) / 1000, Kind: e.Kind, Text: e.Text}
}

// alignCharts makes both charts end where the run is, also while its history is
// being read: the axes then don't move under the curves.
func (r *runView) alignCharts() {
	nimg := r.LastNimg
	if r.Reading {
		nimg = max(nimg, r.Info.Status.Nimg)
	}
	r.loss.MaxX, r.fid.MaxX = float64(nimg)/1000, float64(nimg)/1000
}

// progress tells how much of the history has been read.
func (r *runView) progress() string {
	text := "reading the history: " + widget.Kimg(r.LastNimg)
	if all := r.Info.Status.Nimg; all >= r.LastNimg {
		whole := widget.Kimg(all)
		text = "reading the history: " + widget.FitLeft(widget.Kimg(r.LastNimg), len(whole)) + " of " + whole
	}
	return text + " kimg"
}

// updateReference draws the teacher's quality, once known, across the FID chart.
func (r *runView) updateReference() {
	r.fid.SetReference(math.NaN(), "")
	if v := r.Info.Status.TeacherFID; v != nil {
		r.fid.SetReference(*v, "teacher "+widget.Value(*v))
	}
}

// updateTexts words what empty panes wait for.
func (r *runView) updateTexts() {
	st := &r.Info.Status
	wait := "no ticks yet"
	switch {
	case !r.Known:
		wait = "reading the run"
	case st.State == run.StateNew:
		wait = "not started yet"
	case st.State == run.StateStarting:
		wait = "starting: the graph is being compiled"
	case st.State == run.StateRunning:
		wait = "no ticks yet: the first one is on its way"
	}
	r.loss.Empty, r.fid.Empty = wait, wait
	if r.loss.Len() > 0 {
		r.fid.Empty = "no evaluation yet"
	}
	r.samples.Empty = "no samples yet"
}

// fidName labels the evaluation; it is never called plain FID unless the run
// says so.
func (r *runView) fidName() string {
	if r.fidKeys[0] != "fid" {
		return "Accuracy"
	}
	if n := r.Info.Status.FIDName; n != "" {
		return widget.Plain(n)
	}
	return "FID"
}

// learn draws the consequences of a new status.
func (r *runView) learn() {
	r.samples.ByRow = r.Tiling().ByRow
	r.updateReference()
	r.updateTexts()
	r.LearnSpeed()
}

// handlePoll takes in what changed on disk and polls again.
func (a *App) handlePoll(m session.PollMsg) tea.Cmd {
	r := a.run
	slog.Debug("poll", "dir", r.Dir, "updates", len(m.Updates), "info", m.Info != nil, "layers", len(m.Layers), "error", m.Err)
	var cmds []tea.Cmd
	for _, u := range m.Updates {
		r.addHistory(u, a.theme)
	}
	if m.Info != nil {
		r.TakeRead(*m.Info, a.opts.Now())
		r.learn()
		cmds = append(cmds, a.Watch(r.Info), r.AskLastWords(), r.FetchLayers())
	}
	if m.Layers != nil {
		a.setLayers(m.Layers)
	}
	more := r.Layers.Feed(m.Stats)
	if m.Config != nil {
		cmds = append(cmds, a.setConfig(m.Config))
	}
	if m.Grids != nil {
		r.Grids = m.Grids
	}
	if m.Newest != nil && (r.follow || r.file == "") {
		r.file = m.Newest.File
		cmds = append(cmds, a.showSample(*m.Newest))
	}
	if m.Err != nil {
		cmds = append(cmds, a.Fail(m.Err))
	}
	if r.Reading != m.More {
		r.Reading, a.stale = m.More, true
	}
	r.alignCharts()
	after := session.PollEvery
	if m.More || more {
		after = 0
	}
	return tea.Batch(append(cmds, r.Poll(after))...)
}

func (a *App) setLayers(layers []run.Layer) {
	r := a.run
	old := r.Side
	r.TakeLayers(layers)
	if img, _ := r.samples.Image(); img != nil && r.Side != old {
		r.samples.SetImage(img, r.Side, r.samples.Label())
	}
}

// handlePing notes whether the trainer answers.
func (a *App) handlePing(m session.PingMsg) tea.Cmd {
	a.run.Pong(m, a.opts.Now())
	a.run.learn()
	return a.run.Ping(session.PingEvery)
}

// handleOrder reports an order's outcome.
func (a *App) handleOrder(m session.OrderMsg) tea.Cmd {
	r := a.run
	if m.Freeze {
		r.Layers.Answered(m.Names...)
		if m.Layers != nil {
			a.setLayers(m.Layers)
		}
	}
	if m.Err != nil {
		return a.Fail(m.Err)
	}
	switch ended := r.Info; {
	case m.Status.State == "":
	case !run.Active(m.Status.State): // and its trainer has gone: see session.Stopping
		ended.Status, ended.Alive = m.Status, false
		r.Take(ended, a.opts.Now())
		r.learn()
	default:
		if r.TakeAnswer(m.Status, a.opts.Now()) {
			r.LayersKnown()
			r.learn()
		}
		if why := m.Status.PauseReason; why != "" {
			return a.Notify(m.Done+": "+why, a.theme.Warn)
		}
	}
	return a.Notify(m.Done, a.theme.Good)
}
