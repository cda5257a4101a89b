package tui

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/runlog"
	"innate/tui/panes"
	"innate/tui/theme"
)

// runView is the state of the open run.
type runView struct {
	dir     string
	info    control.Info
	known   bool // info has been read
	history runlog.History
	client  *control.Client
	poller  *poller
	lost    error // why the trainer doesn't answer although it lives

	loss, fid *panes.Chart
	lossKeys  []string // scalars of the loss chart, in order of its curves …
	fidKeys   []string // … and of the chart of quality
	layers    *panes.Layers
	samples   *panes.Samples
	events    *panes.Events

	files     []string // samples, oldest first
	file      string   // the one shown
	follow    bool     // show new samples as they come
	freezeKey string   // what was frozen when the layers were last fetched
	side      int      // pixels of one sample's side, 0 if unknown: the largest resolution of the network
	resuming  bool
}

func newRunView(dir string, t *theme.Theme, loc *time.Location) *runView {
	r := &runView{
		dir: dir, client: control.NewClient(dir), poller: newPoller(dir),
		layers: panes.NewLayers(t), samples: panes.NewSamples(t), events: panes.NewEvents(t),
		follow: true, fidKeys: fidKeysOf(nil),
	}
	r.events.Location = loc
	r.info.Name = baseName(dir)
	r.newCharts(t)
	return r
}

// newCharts makes empty charts for the scalars known so far, with the settings
// of the old ones.
func (r *runView) newCharts(t *theme.Theme) {
	loss := panes.NewChart(t, shortNames(r.lossKeys)...)
	fid := panes.NewChart(t, shortNames(r.fidKeys)...)
	if r.loss != nil {
		loss.LogX, loss.LogY, loss.ASCII, loss.Smoothing = r.loss.LogX, r.loss.LogY, r.loss.ASCII, r.loss.Smoothing
		fid.LogX, fid.LogY, fid.ASCII, fid.Smoothing = r.fid.LogX, r.fid.LogY, r.fid.ASCII, r.fid.Smoothing
	} else {
		loss.Smoothing = 0.6
		fid.LogY = true // from thousands down to tens
	}
	r.loss, r.fid = loss, fid
	r.updateReference()
	r.updateTexts()
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

// addHistory takes new ticks and events into charts and log.
func (r *runView) addHistory(u runlog.Update, t *theme.Theme) {
	r.history.Apply(u)
	rebuild := u.Reset || u.Rewind
	known := map[string]bool{}
	for _, k := range slices.Concat(r.lossKeys, r.fidKeys) {
		known[k] = true
	}
	for _, tick := range u.Ticks {
		for k := range tick.Scalars {
			known[k] = true
		}
	}
	if keys := lossKeysOf(known); !slices.Equal(keys, r.lossKeys) {
		r.lossKeys, rebuild = keys, true
	}
	if keys := fidKeysOf(known); !slices.Equal(keys, r.fidKeys) {
		r.fidKeys, rebuild = keys, true
		r.fid.LogY = keys[0] == "fid"
	}
	ticks, events := u.Ticks, u.Events
	if rebuild {
		r.newCharts(t)
		ticks, events = r.history.Ticks, r.history.Events
	}
	for i := range ticks {
		r.addTick(&ticks[i])
	}
	for _, e := range events {
		switch e.Kind {
		case runlog.Freeze, runlog.Config, runlog.Pause, runlog.Resume, runlog.Error:
			x := float64(e.Nimg) / 1000
			r.loss.AddMark(x, e.Kind)
			r.fid.AddMark(x, e.Kind)
		}
	}
	r.events.SetEvents(r.history.Events)
}

func (r *runView) addTick(tick *runlog.Tick) {
	x := float64(tick.Nimg) / 1000
	r.loss.MaxX, r.fid.MaxX = x, x
	for i, k := range r.lossKeys {
		if v, ok := tick.Scalars[k]; ok {
			r.loss.Add(i, x, v)
		}
	}
	for i, k := range r.fidKeys {
		if v, ok := tick.Scalars[k]; ok && !math.IsNaN(v) {
			r.fid.Add(i, x, v) // null means that this tick had no evaluation
		}
	}
}

// setInfo takes a new status.
func (r *runView) setInfo(info control.Info) {
	r.info, r.known = info, true
	if !r.info.Alive {
		r.lost = nil
	}
	r.updateReference()
	r.updateTexts()
}

// updateReference draws the teacher's quality, once known, across the FID chart.
func (r *runView) updateReference() {
	r.fid.SetReference(math.NaN(), "")
	if v := r.info.Status.TeacherFID; v != nil {
		r.fid.SetReference(*v, "teacher "+panes.Value(*v))
	}
}

// updateTexts words what empty panes wait for.
func (r *runView) updateTexts() {
	st := &r.info.Status
	wait := "no ticks yet"
	switch {
	case !r.known:
		wait = "reading the run"
	case st.State == control.StateNew:
		wait = "not started yet"
	case st.State == control.StateStarting:
		wait = "starting: the graph is being compiled"
	case st.State == control.StateRunning:
		wait = "no ticks yet: the first one is on its way"
	}
	r.loss.Empty, r.fid.Empty = wait, wait
	if r.loss.Len() > 0 {
		r.fid.Empty = "no evaluation yet"
	}
	r.layers.Empty = "no layers known yet"
	r.samples.Empty = "no samples yet"
}

// fidName labels the evaluation; it is never called plain FID unless the run
// says so.
func (r *runView) fidName() string {
	if r.fidKeys[0] != "fid" {
		return "Accuracy"
	}
	if n := r.info.Status.FIDName; n != "" {
		return panes.Plain(n)
	}
	return "FID"
}

// frozenKey changes whenever something was frozen or unfrozen.
func frozenKey(st control.Status) string {
	return fmt.Sprint(st.PID, st.FreezePreset, st.FreezeGlobs, st.TrainGlobs, st.FrozenParams, st.TrainableTensors)
}

// handlePoll takes in what changed on disk and polls again.
func (a *App) handlePoll(m pollMsg) tea.Cmd {
	r := a.run
	var cmds []tea.Cmd
	for _, u := range m.updates {
		r.addHistory(u, a.theme)
	}
	if m.info != nil {
		r.setInfo(*m.info)
		if key := frozenKey(r.info.Status); r.info.Alive && key != r.freezeKey {
			r.freezeKey = key
			cmds = append(cmds, fetchLayers(r.client, r.dir))
		}
	}
	if m.layers != nil {
		a.setLayers(m.layers)
	}
	if m.samples != nil {
		r.files = m.samples
	}
	if m.newest != nil && (r.follow || r.file == "") {
		a.showSample(*m.newest)
	}
	if m.err != nil {
		cmds = append(cmds, a.fail(m.err))
	}
	after := pollEvery
	if len(m.updates) == maxUpdates {
		after = 0
	}
	return tea.Batch(append(cmds, pollRun(r.poller, after))...)
}

func (a *App) setLayers(layers []control.Layer) {
	r := a.run
	old := r.side
	r.layers.SetLayers(layers)
	r.side = 0
	for _, l := range layers {
		r.side = max(r.side, l.Resolution)
	}
	if img, _ := r.samples.Image(); img != nil && r.side != old {
		r.samples.SetImage(img, r.side, r.samples.Label())
	}
}

// showSample puts a decoded sample into its pane.
func (a *App) showSample(m sampleMsg) {
	r := a.run
	if m.err != nil {
		a.notify(m.err.Error(), a.theme.Bad)
		return
	}
	r.file = m.file
	r.samples.SetImage(m.img, r.side, sampleLabel(m.file))
}

// sampleLabel words a file name, which is the number of images seen:
// 000120000.png is the sample at 120 kimg.
func sampleLabel(file string) string {
	name := strings.TrimSuffix(file, ".png")
	if nimg, err := strconv.ParseInt(name, 10, 64); err == nil && nimg >= 0 {
		return panes.Kimg(nimg) + " kimg"
	}
	return panes.Plain(name)
}

// handlePing notes whether the trainer answers.
func (a *App) handlePing(m pingMsg) tea.Cmd {
	r := a.run
	if m.err == nil {
		r.lost = nil
		if r.info.Alive && m.status.Time.After(r.info.Status.Time) {
			info := r.info
			info.Status = m.status
			r.setInfo(info)
		}
	} else if r.info.Alive && r.info.Status.State != control.StateStarting && r.info.Status.State != control.StateStopping {
		r.lost = m.err
	}
	return ping(r.client, pingEvery)
}

// handleCommand reports a command's outcome.
func (a *App) handleCommand(m commandMsg) tea.Cmd {
	r := a.run
	if m.freeze {
		r.layers.Settle()
		if m.layers != nil {
			a.setLayers(m.layers)
		}
	}
	if m.err != nil {
		return a.fail(m.err)
	}
	if m.status.State != "" {
		info := r.info
		info.Status = m.status
		r.freezeKey = frozenKey(m.status)
		r.setInfo(info)
	}
	return a.notify(m.done, a.theme.Good)
}
