package runs

import (
	"fmt"
	"slices"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
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

// Overlay lays the curves of several runs over each other.
type Overlay struct {
	h    host.Host
	keys *host.Section

	dirs   []string
	curves *widget.Curves
	logs   *session.Histories
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

// overlay shows the marked runs, or the one under the cursor.
func (v *View) overlay() tea.Cmd {
	runs := v.targets()
	switch {
	case len(runs) == 0:
		return nil
	case len(runs) > maxOverlaid:
		return v.h.Fail(fmt.Errorf("overlay: %d runs are marked, want at most %d", len(runs), maxOverlaid))
	}
	o := newOverlay(v.h)
	var names []string
	for _, r := range runs {
		o.dirs = append(o.dirs, r.Dir)
		names = append(names, curveName(r.Name, runs))
	}
	scalars := slices.Clone(overlaid)
	for _, r := range runs {
		if key := r.Status.Quality(); !slices.Contains(scalars, key) {
			scalars = append(scalars, key)
		}
	}
	curves, into := widget.NewOverlay(v.h.Theme(), names, scalars, host.Scalars())
	o.curves, o.logs = curves, session.Follow(o.dirs, into)
	o.curves.ASCII, o.curves.Location, o.curves.Empty = v.h.Options().ASCII, v.h.Options().Location, "reading the logs"
	o.curves.Smoothing = 0.9 // the noise of several runs hides them all
	if name := qualityName(runs); name != "" {
		o.curves.SetTitle(runs[0].Status.Quality(), name)
	}
	v.h.Push(o)
	cmd := o.logs.Read(0)
	if len(runs) == 1 {
		return tea.Batch(cmd, v.h.Notify("one run; space marks others to compare it with", v.h.Theme().Text))
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
