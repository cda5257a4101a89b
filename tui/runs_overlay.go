package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/series"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// overlaid are the scalars by which runs are compared.
var overlaid = []string{"fid", "kid", "accuracy/test", "loss/gen", "loss/disc", "loss/edm", "loss/ce"}

// maxOverlaid bounds how many runs share the charts: beyond, nobody can tell them
// apart.
const maxOverlaid = 12

// overlayView lays the curves of several runs over each other.
type overlayView struct {
	a           *App
	overlayKeys *host.Section

	dirs   []string
	curves *widget.Curves
	runs   []*series.Run
	poller *overlayPoller
	errs   []error // why a log cannot be read
}

func newOverlayView(h host.Host) host.View {
	v := &overlayView{a: h.(*App)}
	v.bind()
	return v
}

func (v *overlayView) Active() []*host.Section { return []*host.Section{v.overlayKeys} }

// overlayPoller follows the logs of the runs, by one command at a time.
type overlayPoller struct{ readers []*runlog.Reader }

// overlayMsg is what was added to each log.
type overlayMsg struct {
	from    *overlayPoller
	updates [][]runlog.Update
	errs    []error
	more    bool
}

// poll reads on in every log, for a bounded time.
func (p *overlayPoller) poll() overlayMsg {
	m := overlayMsg{p, make([][]runlog.Update, len(p.readers)), make([]error, len(p.readers)), false}
	until := time.Now().Add(historyTime)
	for i, r := range p.readers {
		for {
			u, err := r.Poll()
			if err != nil {
				m.errs[i] = err
				break
			}
			m.updates[i] = append(m.updates[i], u)
			if !u.More {
				break
			}
			if time.Now().After(until) {
				m.more = true
				break
			}
		}
	}
	return m
}

func pollOverlay(p *overlayPoller, after time.Duration) tea.Cmd {
	return session.Tick(after, func(time.Time) tea.Msg { return p.poll() })
}

// openOverlay shows the marked runs, or the one under the cursor.
func (a *App) openOverlay() tea.Cmd {
	runs := a.runs.targets()
	switch {
	case len(runs) == 0:
		return nil
	case len(runs) > maxOverlaid:
		return a.Fail(fmt.Errorf("overlay: %d runs are marked, want at most %d", len(runs), maxOverlaid))
	}
	v := newOverlayView(a).(*overlayView)
	v.poller, v.errs = &overlayPoller{}, make([]error, len(runs))
	var names []string
	for _, r := range runs {
		v.dirs = append(v.dirs, r.Dir)
		names = append(names, curveName(r.Name, runs))
		v.poller.readers = append(v.poller.readers, runlog.NewReader(r.Dir))
	}
	scalars := slices.Clone(overlaid)
	for _, r := range runs {
		if key := r.Status.Quality(); !slices.Contains(scalars, key) {
			scalars = append(scalars, key)
		}
	}
	v.curves, v.runs = widget.NewOverlay(a.theme, names, scalars)
	v.curves.ASCII, v.curves.Location, v.curves.Empty = a.opts.ASCII, a.opts.Location, "reading the logs"
	v.curves.Smoothing = 0.9 // the noise of several runs hides them all
	if name := qualityName(runs); name != "" {
		v.curves.SetTitle(runs[0].Status.Quality(), name)
	}
	a.screen = v
	cmd := pollOverlay(v.poller, 0)
	if len(runs) == 1 {
		return tea.Batch(cmd, a.Notify("one run; space marks others to compare it with", a.theme.Text))
	}
	return cmd
}

// curveName is short for a run in the legends: its number, if no other has it.
func curveName(name string, among []*runRow) string {
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

// receive takes in what was added to the logs.
func (v *overlayView) Receive(msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(overlayMsg)
	if !ok || m.from != v.poller {
		return nil, ok
	}
	v.errs = m.errs
	for i, updates := range m.updates {
		for _, u := range updates {
			u.Apply(v.runs[i])
		}
	}
	v.curves.Empty = "no evaluation and no loss logged yet"
	if m.more {
		return pollOverlay(v.poller, 0), true
	}
	return pollOverlay(v.poller, runsEvery), true
}

func (v *overlayView) Title() string           { return "overlay of runs" }
func (v *overlayView) SetTheme(t *theme.Theme) { v.curves.SetTheme(t) }

// back takes the read-out, the zoom and the single chart away, and then leaves.
func (v *overlayView) Back() bool {
	switch {
	case v.curves.HideCursor(), v.curves.ResetZoom():
	case v.curves.Maximised():
		v.curves.Maximise()
	default:
		v.a.screen = nil
	}
	return true
}

func (v *overlayView) bind() {
	a := v.a
	do := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd { f(a.screen.(*overlayView).curves); return nil }
	}
	v.overlayKeys = host.NewSection("overlay of runs",
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

// split cuts the screen into the list of runs and the charts.
func (v *overlayView) split(r host.Rect) (legend, charts host.Rect) {
	return host.SplitY(r, min(len(v.dirs)+2, max(r.H/3, 3)))
}

func (v *overlayView) Draw(r host.Rect) []string {
	legend, charts := v.split(r)
	lines := host.Framed(v.a.theme, legend, "Runs", false, func(w, h int) string { return widget.Block(v.legend(h), w, h, v.a.theme.Glyphs.Ellipsis) })
	return append(lines, strings.Split(v.curves.View(charts.W, charts.H), "\n")...)
}

// legend tells the runs in h lines: how their curves look, and how they are.
func (v *overlayView) legend(h int) []string {
	t := v.a.theme
	nameW := 0
	for _, dir := range v.dirs {
		nameW = max(nameW, len([]rune(session.NameOf(dir))))
	}
	var lines []string
	for i, dir := range v.dirs {
		if i == h-1 && len(v.dirs) > h {
			return append(lines, t.Dim.Render(fmt.Sprintf("   %d more", len(v.dirs)-i)))
		}
		line := " " + v.curves.RunSign(i, len(v.dirs)) + "  " + widget.Fit(widget.Plain(session.NameOf(dir)), min(nameW, runNameMax), t.Glyphs.Ellipsis)
		row := v.a.runs.named(dir)
		switch {
		case v.errs[i] != nil:
			line += "  " + t.Bad.Render(widget.Plain(v.errs[i].Error()))
		case row == nil:
			line += "  " + t.Dim.Render("gone")
		default:
			line += "  " + widget.Fit(row.badge(t), 10, "") + "  " + widget.Fit(row.method(), 10, "") + "  " +
				widget.FitLeft(row.kimgCell(t, 0).Text, 13)
			if v := row.Status.BestFID; v != nil {
				line += "  " + t.Dim.Render("best ") + widget.FitLeft(widget.Value(*v), 6)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// mouse moves the read-out to where is clicked, and zooms by the wheel.
func (v *overlayView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	_, charts := v.split(r)
	switch m.(type) {
	case tea.MouseWheelMsg:
		v.curves.Scroll(host.Wheel(e))
	case tea.MouseClickMsg:
		if e.Button == tea.MouseLeft {
			v.curves.CursorAt(e.X-charts.X, e.Y-charts.Y)
		}
	}
	return nil
}
