package runs

import (
	"fmt"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/series"
	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// overlaid are the scalars by which runs are compared.
var overlaid = []string{"fid", "kid", "accuracy/test", "loss/gen", "loss/disc", "loss/fd", "loss/distill", "loss/edm", "loss/ce"}

// maxOverlaid bounds how many runs share the charts: beyond, nobody can tell them
// apart.
const maxOverlaid = 12

// Overlay lays the curves of several runs over each other, and those of ensembles, each
// as one curve with a band.
type Overlay struct {
	h    host.Host
	keys *host.Section
	back host.View // to return to; nil for the list of runs

	entries   []overlaidRuns
	ensembles []*session.Ensemble // of the entries; nil for a run alone
	scalars   []string
	curves    *widget.Curves
	logs      *session.Histories
}

// overlaidRuns is one curve: a run, or the mean of several that differ in their seeds.
type overlaidRuns struct {
	name  string
	seeds []sweep.Seed
}

// NewOverlay returns an overlay of nothing, which tells its keys.
func NewOverlay(h host.Host) host.View { return newOverlay(h) }

func newOverlay(h host.Host) *Overlay {
	v := &Overlay{h: h}
	v.bind()
	return v
}

// Active implements host.View.
func (v *Overlay) Active() []*host.Section { return []*host.Section{v.keys} }

// overlay shows the marked runs and groups, or what is under the cursor. Of a sweep it
// shows every point.
func (v *View) overlay() tea.Cmd {
	var list []overlaidRuns
	runs := v.targets()
	groups := v.markedGroups()
	if g := v.selectedGroup(); g != nil && len(groups)+len(v.table.AllMarked()) == 0 {
		groups = append(groups, g)
	}
	for _, r := range runs {
		list = append(list, overlaidRuns{curveName(r.Name, runs), []sweep.Seed{{Info: r.Info}}})
	}
	for _, g := range groups {
		for i := range g.Points {
			m := &g.Points[i]
			name := session.PointName(g, m)
			if len(groups) > 1 && m.Name != "" {
				name = g.Name + " " + m.Name
			}
			if len(m.Runs) > 0 {
				list = append(list, overlaidRuns{widget.Plain(name), m.Runs})
			}
		}
	}
	return showOverlay(v.h, list, nil)
}

// markedGroups are the groups that are marked.
func (v *View) markedGroups() (groups []*sweep.Group) {
	for _, key := range v.table.AllMarked() {
		if g := v.groupOf(key); g != nil {
			groups = append(groups, g)
		}
	}
	return groups
}

// showOverlay lays curves over each other; from there back leads to a view.
func showOverlay(h host.Host, list []overlaidRuns, back host.View) tea.Cmd {
	switch {
	case len(list) == 0:
		return nil
	case len(list) > maxOverlaid:
		return h.Fail(fmt.Errorf("overlay: %d curves are chosen, want at most %d", len(list), maxOverlaid))
	}
	o := newOverlay(h)
	o.back, o.entries, o.scalars = back, list, slices.Clone(overlaid)
	var names, dirs []string
	var runs []*session.Listed
	for _, e := range list {
		names = append(names, e.name)
		for _, s := range e.seeds {
			dirs = append(dirs, s.Info.Dir)
			if key := s.Info.Status.Quality(); !slices.Contains(o.scalars, key) {
				o.scalars = append(o.scalars, key)
			}
			if r := h.Runs().Named(s.Info.Dir); r != nil {
				runs = append(runs, r)
			}
		}
	}
	curves, into := widget.NewOverlay(h.Theme(), names, o.scalars, host.Scalars())
	var each []*series.Run // that the logs are read into
	for i, e := range list {
		if len(e.seeds) == 1 {
			o.ensembles, each = append(o.ensembles, nil), append(each, into[i])
			continue
		}
		all := session.NewEnsemble(len(e.seeds), into[i], o.scalars)
		o.ensembles, each = append(o.ensembles, all), append(each, all.Runs...)
	}
	n := 0
	for _, e := range list {
		for _, s := range e.seeds {
			if s.Record != nil {
				s.Record.Into(each[n])
			}
			n++
		}
	}
	o.curves, o.logs = curves, session.Follow(dirs, each)
	o.curves.ASCII, o.curves.Location, o.curves.Empty = h.Options().ASCII, h.Options().Location, "reading the logs"
	o.curves.Smoothing = 0.9 // the noise of several runs hides them all
	if name := qualityName(runs); name != "" {
		o.curves.SetTitle(runs[0].Status.Quality(), name)
	}
	h.Push(o)
	cmd := o.logs.Read(0)
	if len(list) == 1 && len(list[0].seeds) == 1 {
		return tea.Batch(cmd, h.Notify("one run; space marks others to compare it with", h.Theme().Text))
	}
	return cmd
}

// Look looks at the logs and waits for what it finds.
func (v *Overlay) Look() tea.Msg { return v.logs.Look() }

// curveName is short for a run in the legends: its number, if no other has it.
func curveName(name string, among []*session.Listed) string {
	n, ok := run.Number(name)
	for _, o := range among {
		if m, _ := run.Number(o.Name); m == n && o.Name != name {
			ok = false
		}
	}
	if !ok {
		return widget.Plain(name)
	}
	return "#" + strconv.Itoa(n)
}

// Receive takes in what was added to the logs.
func (v *Overlay) Receive(msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(session.HistoriesMsg)
	if !ok || !v.logs.Take(&m) {
		return nil, ok
	}
	for i, e := range v.ensembles {
		if e != nil && e.Update() {
			for _, scalar := range v.scalars {
				v.curves.SetSpread(scalar, i, e.Spread[scalar])
			}
		}
	}
	v.curves.Empty = "no evaluation and no loss logged yet"
	if m.More {
		return v.logs.Read(0), true
	}
	return v.logs.Read(session.RunsEvery), true
}

// Title implements host.View.
func (v *Overlay) Title() string { return "overlay of runs" }

// SetTheme implements host.ThemeView.
func (v *Overlay) SetTheme(t *theme.Theme) { v.curves.SetTheme(t) }

// Back takes the read-out, the zoom and the single chart away, and then leaves.
func (v *Overlay) Back() bool {
	switch {
	case v.curves.HideCursor(), v.curves.ResetZoom():
	case v.curves.Maximised():
		v.curves.Maximise()
	case v.back != nil:
		v.h.Push(v.back)
	default:
		v.h.Pop()
	}
	return true
}

func (v *Overlay) bind() {
	do := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd { f(v.curves); return nil }
	}
	v.keys = host.NewSection("overlay of runs",
		host.Bind("t", "t", "time", "x axis: images seen, or time since the start", do(func(c *widget.Curves) { c.XTime = !c.XTime })),
		host.Bind("y", "y", "log y", "logarithmic y axis of the chart", do(func(c *widget.Curves) { c.ToggleLogY(false) })),
		host.Bind("x", "x", "log x", "logarithmic x axis", do(func(c *widget.Curves) { c.LogX = !c.LogX })),
		host.Bind("s", "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", do(func(c *widget.Curves) { c.CycleSmoothing(true) })),
		host.Bind("enter", "enter", "one", "this chart alone, or all", do(func(c *widget.Curves) { c.Maximise() })),
		host.Bind("left h", "← h", "", "cursor left: read values", do(func(c *widget.Curves) { c.MoveCursor(-1) })),
		host.Bind("right l", "→ l", "", "cursor right", do(func(c *widget.Curves) { c.MoveCursor(1) })),
		host.Bind("shift+left H", "H", "", "cursor left by ten", do(func(c *widget.Curves) { c.MoveCursor(-10) })),
		host.Bind("shift+right L", "L", "", "cursor right by ten", do(func(c *widget.Curves) { c.MoveCursor(10) })),
		host.Bind("tab", "tab", "next", "next chart", do(func(c *widget.Curves) { c.Step(1) })),
		host.Bind("shift+tab", "shift+tab", "", "chart before", do(func(c *widget.Curves) { c.Step(-1) })),
		host.Bind("up k", "↑ k", "", "chart above", do(func(c *widget.Curves) { c.Move(0, -1) })),
		host.Bind("down j", "↓ j", "", "chart below", do(func(c *widget.Curves) { c.Move(0, 1) })),
		host.Bind("+ =", "+", "", "zoom in", do(func(c *widget.Curves) { c.Zoom(0.5) })),
		host.Bind("-", "-", "", "zoom out", do(func(c *widget.Curves) { c.Zoom(2) })),
		host.Bind("[", "[", "", "earlier", do(func(c *widget.Curves) { c.Pan(-0.25) })),
		host.Bind("]", "]", "", "later", do(func(c *widget.Curves) { c.Pan(0.25) })),
		host.Bind("f", "f", "", "follow the newest", do((*widget.Curves).Follow)),
		host.Bind("b", "b", "", "braille or ASCII curves", do(func(c *widget.Curves) { c.ASCII = !c.ASCII })),
	)
}
