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
	"innate/tui/widget"
)

// runView is the state of the open run.
type runView struct {
	*session.Run
	header keptHeader

	views []host.View

	charts    map[string]host.ChartState // settings remembered for the charts
	loss, fid *widget.Chart
	location  *time.Location
	scalars   int      // in the log, when it was last looked
	lossKeys  []string // those of the loss chart, in order of its curves …
	fidKeys   []string // … and of the chart of quality
	events    *panes.Events
}

func newRunView(dir string, t *theme.Theme, loc *time.Location, charts map[string]host.ChartState) *runView {
	r := &runView{
		charts: charts, location: loc,
		Run:     session.Open(dir),
		events:  panes.NewEvents(t),
		fidKeys: fidKeysOf(nil),
	}
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
	r.loss = widget.ChartOf(t, r.Series.OwnClock(), shortNames(r.lossKeys))
	r.fid = widget.ChartOf(t, r.Series.OwnClock(), shortNames(r.fidKeys))
	r.bindColumns()
	for _, name := range []string{lossChart, r.fidChart()} {
		set, ok := r.charts[name]
		if !ok {
			set = chartDefaults[name]
		}
		c := r.chart(name)
		c.LogX, c.LogY, c.Smoothing = set.LogX, set.LogY, set.Smoothing
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

// bindColumns gives the charts the columns of their scalars, as far as the log
// has them.
func (r *runView) bindColumns() {
	for i, k := range r.lossKeys {
		r.loss.SetColumn(i, r.Series.Find(k))
	}
	for i, k := range r.fidKeys {
		r.fid.SetColumn(i, r.Series.Find(k))
	}
}

// addHistory takes what the log has new into session, charts and views.
func (r *runView) addHistory(u runlog.Update, t *theme.Theme) {
	r.Add(&u)
	for _, v := range r.views {
		if h, ok := v.(host.EventsView); ok {
			h.AddEvents(u.Events, u.Reset)
		}
	}
	events := u.Events
	if r.findKeys() || u.Reset {
		r.newCharts(t)
		events = r.Events
	}
	for _, e := range events {
		if m, ok := host.MarkOf(e); ok && m.Kind != runlog.FID && m.Kind != runlog.Checkpoint {
			r.loss.Mark(m)
			r.fid.Mark(m)
		}
	}
	r.events.SetEvents(r.Events)
}

// findKeys looks for scalars that the log did not have before, and reports
// whether the two charts show others from now on.
func (r *runView) findKeys() bool {
	columns := r.Series.Columns()
	if len(columns) == r.scalars {
		return false
	}
	r.scalars = len(columns)
	found := map[string]bool{}
	for _, c := range columns {
		found[c.Name] = true
	}
	loss, fid := lossKeysOf(found), fidKeysOf(found)
	if slices.Equal(loss, r.lossKeys) && slices.Equal(fid, r.fidKeys) {
		r.bindColumns()
		return false
	}
	r.lossKeys, r.fidKeys = loss, fid
	return true
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
	wait := r.Waits()
	r.loss.Empty, r.fid.Empty = wait, wait
	if r.loss.Len() > 0 {
		r.fid.Empty = "no evaluation yet"
	}
}

// learn draws the consequences of a new status.
func (r *runView) learn() {
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
		r.TakeLayers(m.Layers)
	}
	more := r.Layers.Feed(m.Stats)
	if m.Config != nil {
		r.Config = m.Config
	}
	if m.Grids != nil {
		r.Grids = m.Grids
	}
	for _, v := range r.views {
		if v, ok := v.(host.PollView); ok {
			cmds = append(cmds, v.Polled(&m))
		}
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

// handlePing notes whether the trainer answers.
func (a *App) handlePing(m session.PingMsg) tea.Cmd {
	if a.run.Pong(m, a.opts.Now()) {
		a.run.learn()
	}
	return a.run.Ping(session.PingEvery)
}

// handleOrder reports an order's outcome.
func (a *App) handleOrder(m session.OrderMsg) tea.Cmd {
	r := a.run
	if m.Freeze {
		r.Layers.Answered(m.Names...)
		if m.Layers != nil {
			r.TakeLayers(m.Layers)
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
