package tui

import (
	"math"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/trainer/series"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// curvesView shows every scalar of the run's log.
type curvesView struct {
	a          *App
	curvesKeys *host.Section

	curves  *widget.Curves
	started bool // the first event has told when the run began
	dragX   int  // column of the pointer when the mouse was last heard of
}

func (v *curvesView) Active() []*host.Section { return []*host.Section{v.curvesKeys} }

// curvesState names the view's settings in the remembered state; those of one
// chart follow after a slash.
const curvesState = "curves"

// newCurves returns the view of a run without a tick, set as remembered.
func newCurves(h host.Host) host.View {
	data := new(series.Run)
	if r := h.Run(); r != nil {
		data = r.Series
	}
	c := widget.NewCurves(h.Theme(), data)
	c.Location = h.Options().Location
	for name, set := range h.State().Charts {
		if name == curvesState {
			c.LogX, c.XTime, c.Smoothing = set.LogX, set.XTime, set.Smoothing
		} else if group, ok := strings.CutPrefix(name, curvesState+"/"); ok {
			c.SetLogY(group, set.LogY)
		}
	}
	v := &curvesView{a: h.(*App), curves: c}
	v.bind()
	return v
}

// curves is the view of curves of the open run.
func (a *App) curves() *curvesView { return viewOf[*curvesView](a.run) }

// remember notes how the charts are set, as far as it is not the usual way.
func (v *curvesView) remember() {
	c := v.curves
	v.a.state.Charts[curvesState] = host.ChartState{LogX: c.LogX, XTime: c.XTime, Smoothing: c.Smoothing}
	for _, group := range c.Groups() {
		name := curvesState + "/" + group
		if on, usual := c.LogY(group); on != usual {
			v.a.state.Charts[name] = host.ChartState{LogY: on}
		} else {
			delete(v.a.state.Charts, name)
		}
	}
}

func (*curvesView) Title() string             { return "curves" }
func (v *curvesView) SetTheme(t *theme.Theme) { v.curves.SetTheme(t) }
func (v *curvesView) ShowMoment(nimg int64)   { v.curves.ReadAt(float64(nimg) / 1000) }

// back takes the read-out, the zoom and the single chart away, one at a time.
func (v *curvesView) Back() bool {
	switch {
	case v.curves.HideCursor(), v.curves.ResetZoom():
	case v.curves.Maximised():
		v.curves.Maximise()
	default:
		return false
	}
	return true
}

// AddEvents implements host.EventsView: it puts events on the axes.
func (v *curvesView) AddEvents(events []runlog.Event, reset bool) {
	if reset {
		v.curves.ClearMarks()
	}
	for _, e := range events {
		if !v.started {
			v.started = true
			v.curves.SetStart(e.Time)
		}
		if markKinds[e.Kind] {
			m := markOf(e)
			v.curves.AddMark(m.X, m.Kind, m.Text)
		}
	}
}

func (v *curvesView) Draw(r host.Rect) []string {
	c, run := v.curves, v.a.run
	c.ASCII, c.Empty = run.loss.ASCII, run.loss.Empty
	st := &run.Info.Status
	if st.FIDName != "" {
		c.SetTitle(fidChart, widget.Plain(st.FIDName))
	}
	if st.TeacherFID != nil {
		c.SetReference(fidChart, *st.TeacherFID, "teacher "+widget.Value(*st.TeacherFID))
	} else {
		c.SetReference(fidChart, math.NaN(), "")
	}
	return strings.Split(c.View(r.W, r.H), "\n")
}

// mouse reads values where it clicks or is dragged. The wheel zooms, and in a
// zoomed window dragging moves that.
func (v *curvesView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e, c := m.Mouse(), v.curves
	switch m.(type) {
	case tea.MouseClickMsg:
		if e.Button == tea.MouseLeft {
			c.CursorAt(e.X-r.X, e.Y-r.Y)
		}
	case tea.MouseMotionMsg:
		switch {
		case e.Button != tea.MouseLeft:
		case c.Zoomed():
			c.Drag(e.X - v.dragX)
		default:
			c.CursorAt(e.X-r.X, e.Y-r.Y)
		}
	case tea.MouseWheelMsg:
		switch e.Button {
		case tea.MouseWheelLeft, tea.MouseWheelRight:
			c.Pan(0.1 * float64(host.Wheel(e)))
		default:
			c.Zoom(math.Pow(1.25, float64(host.Wheel(e)))) // up, away from the reader, shows less
		}
	}
	v.dragX = e.X
	return nil
}

// openScalars lists the curves of the focused chart, to switch on and off.
func (v *curvesView) openScalars(at int) tea.Cmd {
	m := host.Menu{
		Title: "Curves of " + widget.Plain(v.curves.Focused()), Cursor: at,
		Accept: func(i int) tea.Cmd {
			v.curves.Toggle(i)
			return v.openScalars(i)
		},
	}
	for _, s := range v.curves.Scalars() {
		sign, last := " ", "-"
		if s.Shown {
			sign = v.a.theme.Glyphs.Done
		}
		if s.OK {
			last = widget.Value(s.Last)
		}
		m.Items = append(m.Items, host.Item{Name: sign + " " + widget.Plain(s.Name), About: widget.FitLeft(last, 8)})
	}
	if len(m.Items) == 0 {
		return nil
	}
	return v.a.Menu(m)
}

// curvesKeys are those of the view of curves.
func (v *curvesView) bind() {
	a := v.a
	do := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd { f(a.curves().curves); return nil }
	}
	set := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd {
			f(a.curves().curves)
			a.curves().remember()
			return nil
		}
	}
	v.curvesKeys = host.NewSection("curves",
		host.Bind("enter z", "enter", "one", "this chart alone, or all", do(func(c *widget.Curves) { c.Maximise() })),
		host.Bind("left h", "← h", "", "chart to the left", do(func(c *widget.Curves) { c.Move(-1, 0) })),
		host.Bind("right l", "→ l", "", "chart to the right", do(func(c *widget.Curves) { c.Move(1, 0) })),
		host.Bind("up k", "↑ k", "", "chart above", do(func(c *widget.Curves) { c.Move(0, -1) })),
		host.Bind("down j", "↓ j", "", "chart below", do(func(c *widget.Curves) { c.Move(0, 1) })),
		host.Bind("tab", "tab", "", "next chart", do(func(c *widget.Curves) { c.Step(1) })),
		host.Bind("shift+tab", "shift+tab", "", "chart before", do(func(c *widget.Curves) { c.Step(-1) })),
		host.Bind("pgdown", "pgdn", "", "next row of charts", do(func(c *widget.Curves) { c.Scroll(1) })),
		host.Bind("pgup", "pgup", "", "row of charts before", do(func(c *widget.Curves) { c.Scroll(-1) })),

		host.Bind(",", ", .", "read", "cursor left: read values", do(func(c *widget.Curves) { c.MoveCursor(-1) })),
		host.Bind(".", ".", "", "cursor right", do(func(c *widget.Curves) { c.MoveCursor(1) })),
		host.Bind("shift+left H", "H", "", "cursor left by ten", do(func(c *widget.Curves) { c.MoveCursor(-10) })),
		host.Bind("shift+right L", "L", "", "cursor right by ten", do(func(c *widget.Curves) { c.MoveCursor(10) })),

		host.Bind("+ =", "+ -", "zoom", "zoom in, about the cursor or the newest", do(func(c *widget.Curves) { c.Zoom(0.5) })),
		host.Bind("-", "-", "", "zoom out", do(func(c *widget.Curves) { c.Zoom(2) })),
		host.Bind("< [", "<", "", "earlier", do(func(c *widget.Curves) { c.Pan(-0.25) })),
		host.Bind("> ]", ">", "", "later", do(func(c *widget.Curves) { c.Pan(0.25) })),
		host.Bind("f", "f", "", "follow the newest", do((*widget.Curves).Follow)),
		host.Bind("0", "0", "", "the whole run", do(func(c *widget.Curves) { c.ResetZoom() })),

		host.Bind("v", "v", "curves", "switch curves of the chart on and off", func() tea.Cmd { return a.curves().openScalars(0) }),
		host.Bind("y", "y", "log y", "logarithmic y axis of the chart", set(func(c *widget.Curves) { c.ToggleLogY(false) })),
		host.Bind("Y", "Y", "", "logarithmic y axis of all charts", set(func(c *widget.Curves) { c.ToggleLogY(true) })),
		host.Bind("x", "x", "log x", "logarithmic x axis", set(func(c *widget.Curves) { c.LogX = !c.LogX })),
		host.Bind("t", "t", "time", "x axis: images seen, or time since the start", set(func(c *widget.Curves) { c.XTime = !c.XTime })),
		host.Bind("s", "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", set(func(c *widget.Curves) { c.CycleSmoothing(true) })),
		host.Bind("b", "b", "", "braille or ASCII curves", a.toggleBraille),
	)
}
