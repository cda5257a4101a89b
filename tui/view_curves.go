package tui

import (
	"math"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/theme"
	"innate/tui/widget"
)

// curvesView shows every scalar of the run's log.
type curvesView struct {
	curves  *widget.Curves
	started bool // the first event has told when the run began
	dragX   int  // column of the pointer when the mouse was last heard of
}

// curvesState names the view's settings in the remembered state; those of one
// chart follow after a slash.
const curvesState = "curves"

// newCurvesView returns the view of a run without a tick, set as remembered.
func newCurvesView(t *theme.Theme, loc *time.Location, charts map[string]chartState) *curvesView {
	c := widget.NewCurves(t)
	c.Location = loc
	for name, set := range charts {
		if name == curvesState {
			c.LogX, c.XTime, c.Smoothing = set.LogX, set.XTime, set.Smoothing
		} else if group, ok := strings.CutPrefix(name, curvesState+"/"); ok {
			c.SetLogY(group, set.LogY)
		}
	}
	return &curvesView{curves: c}
}

// curves is the view of curves of the open run.
func (a *App) curves() *curvesView { return a.run.views[viewCurves].(*curvesView) }

// remember notes how the charts are set, as far as it is not the usual way.
func (v *curvesView) remember(a *App) {
	c := v.curves
	a.state.Charts[curvesState] = chartState{LogX: c.LogX, XTime: c.XTime, Smoothing: c.Smoothing}
	for _, group := range c.Groups() {
		name := curvesState + "/" + group
		if on, usual := c.LogY(group); on != usual {
			a.state.Charts[name] = chartState{LogY: on}
		} else {
			delete(a.state.Charts, name)
		}
	}
}

func (*curvesView) title() string               { return viewNames[viewCurves] }
func (*curvesView) scopes(*App) []scope         { return []scope{scopeCurves} }
func (v *curvesView) setTheme(t *theme.Theme)   { v.curves.SetTheme(t) }
func (v *curvesView) readAt(a *App, nimg int64) { v.curves.ReadAt(float64(nimg) / 1000) }

// back takes the read-out, the zoom and the single chart away, one at a time.
func (v *curvesView) back(*App) bool {
	switch {
	case v.curves.HideCursor(), v.curves.ResetZoom():
	case v.curves.Maximised():
		v.curves.Maximise()
	default:
		return false
	}
	return true
}

// addHistory implements historyView.
func (v *curvesView) addHistory(ticks []runlog.Tick, events []runlog.Event, reset bool) {
	if reset {
		v.curves.Reset()
	}
	for i := range ticks {
		t := &ticks[i]
		v.curves.AddTick(float64(t.Nimg)/1000, t.Time, t.Scalars)
	}
	v.mark(events, math.MinInt64)
}

// rewind implements rewindView. Marks stay where they were: what happened then
// did happen.
func (v *curvesView) rewind(nimg int64, events []runlog.Event) {
	v.curves.Rewind(nimg)
	v.mark(events, nimg)
}

// mark puts events beyond nimg on the axes.
func (v *curvesView) mark(events []runlog.Event, nimg int64) {
	for _, e := range events {
		if !v.started {
			v.started = true
			v.curves.SetStart(e.Time)
		}
		if e.Nimg > nimg && markKinds[e.Kind] {
			m := markOf(e)
			v.curves.AddMark(m.X, m.Kind, m.Text)
		}
	}
}

func (v *curvesView) draw(a *App, r rect) []string {
	c, run := v.curves, a.run
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
func (v *curvesView) mouse(_ *App, m tea.MouseMsg, r rect) tea.Cmd {
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
			c.Pan(0.1 * float64(wheel(e)))
		default:
			c.Zoom(math.Pow(1.25, float64(wheel(e)))) // up, away from the reader, shows less
		}
	}
	v.dragX = e.X
	return nil
}

// openScalars lists the curves of the focused chart, to switch on and off.
func (v *curvesView) openScalars(a *App, at int) tea.Cmd {
	o := overlay{
		kind: overlayMenu, title: "Curves of " + widget.Plain(v.curves.Focused()), cursor: at,
		accept: func(a *App, i int) tea.Cmd {
			v.curves.Toggle(i)
			return v.openScalars(a, i)
		},
	}
	for _, s := range v.curves.Scalars() {
		sign, last := " ", "-"
		if s.Shown {
			sign = a.theme.Glyphs.Done
		}
		if s.OK {
			last = widget.Value(s.Last)
		}
		o.items = append(o.items, menuItem{name: sign + " " + widget.Plain(s.Name), about: widget.FitLeft(last, 8)})
	}
	if len(o.items) > 0 {
		a.overlay = o
	}
	return nil
}

// curvesKeys are those of the view of curves.
func curvesKeys() []binding {
	do := func(f func(c *widget.Curves)) func(*App) tea.Cmd {
		return func(a *App) tea.Cmd { f(a.curves().curves); return nil }
	}
	set := func(f func(c *widget.Curves)) func(*App) tea.Cmd {
		return func(a *App) tea.Cmd {
			f(a.curves().curves)
			a.curves().remember(a)
			return nil
		}
	}
	return []binding{
		{scopeCurves, []string{"enter", "z"}, "enter", "one", "this chart alone, or all", do(func(c *widget.Curves) { c.Maximise() })},
		{scopeCurves, []string{"left", "h"}, "← h", "", "chart to the left", do(func(c *widget.Curves) { c.Move(-1, 0) })},
		{scopeCurves, []string{"right", "l"}, "→ l", "", "chart to the right", do(func(c *widget.Curves) { c.Move(1, 0) })},
		{scopeCurves, []string{"up", "k"}, "↑ k", "", "chart above", do(func(c *widget.Curves) { c.Move(0, -1) })},
		{scopeCurves, []string{"down", "j"}, "↓ j", "", "chart below", do(func(c *widget.Curves) { c.Move(0, 1) })},
		{scopeCurves, []string{"tab"}, "tab", "", "next chart", do(func(c *widget.Curves) { c.Step(1) })},
		{scopeCurves, []string{"shift+tab"}, "shift+tab", "", "chart before", do(func(c *widget.Curves) { c.Step(-1) })},
		{scopeCurves, []string{"pgdown"}, "pgdn", "", "next row of charts", do(func(c *widget.Curves) { c.Scroll(1) })},
		{scopeCurves, []string{"pgup"}, "pgup", "", "row of charts before", do(func(c *widget.Curves) { c.Scroll(-1) })},

		{scopeCurves, []string{","}, ", .", "read", "cursor left: read values", do(func(c *widget.Curves) { c.MoveCursor(-1) })},
		{scopeCurves, []string{"."}, ".", "", "cursor right", do(func(c *widget.Curves) { c.MoveCursor(1) })},
		{scopeCurves, []string{"shift+left", "H"}, "H", "", "cursor left by ten", do(func(c *widget.Curves) { c.MoveCursor(-10) })},
		{scopeCurves, []string{"shift+right", "L"}, "L", "", "cursor right by ten", do(func(c *widget.Curves) { c.MoveCursor(10) })},

		{scopeCurves, []string{"+", "="}, "+ -", "zoom", "zoom in, about the cursor or the newest", do(func(c *widget.Curves) { c.Zoom(0.5) })},
		{scopeCurves, []string{"-"}, "-", "", "zoom out", do(func(c *widget.Curves) { c.Zoom(2) })},
		{scopeCurves, []string{"<", "["}, "<", "", "earlier", do(func(c *widget.Curves) { c.Pan(-0.25) })},
		{scopeCurves, []string{">", "]"}, ">", "", "later", do(func(c *widget.Curves) { c.Pan(0.25) })},
		{scopeCurves, []string{"f"}, "f", "", "follow the newest", do((*widget.Curves).Follow)},
		{scopeCurves, []string{"0"}, "0", "", "the whole run", do(func(c *widget.Curves) { c.ResetZoom() })},

		{scopeCurves, []string{"v"}, "v", "curves", "switch curves of the chart on and off", func(a *App) tea.Cmd { return a.curves().openScalars(a, 0) }},
		{scopeCurves, []string{"y"}, "y", "log y", "logarithmic y axis of the chart", set(func(c *widget.Curves) { c.ToggleLogY(false) })},
		{scopeCurves, []string{"Y"}, "Y", "", "logarithmic y axis of all charts", set(func(c *widget.Curves) { c.ToggleLogY(true) })},
		{scopeCurves, []string{"x"}, "x", "log x", "logarithmic x axis", set(func(c *widget.Curves) { c.LogX = !c.LogX })},
		{scopeCurves, []string{"t"}, "t", "time", "x axis: images seen, or time since the start", set(func(c *widget.Curves) { c.XTime = !c.XTime })},
		{scopeCurves, []string{"s"}, "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", set(func(c *widget.Curves) { c.CycleSmoothing(true) })},
		{scopeCurves, []string{"b"}, "b", "", "braille or ASCII curves", (*App).toggleBraille},
	}
}
