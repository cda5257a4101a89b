// Package curves is the view of every scalar of the open run's log, a chart for
// each group.
package curves

import (
	"math"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/results"
	"innate/trainer/runlog"
	"innate/trainer/series"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// View shows the charts.
type View struct {
	h      host.Host
	keys   *host.Section
	curves *widget.Curves

	bands   bandsOf // those that the chart has
	started bool    // the first event has said when the run began
	dragX   int     // column of the pointer when the mouse was last heard of
}

// state names the view's settings in the remembered state; those of one chart
// follow after a slash.
const state = "curves"

// New returns the view of a run without a tick, set as remembered.
func New(h host.Host) host.View {
	data := new(series.Run)
	if r := h.Run(); r != nil {
		data = r.Series
	}
	c := widget.NewCurves(h.Theme(), data, host.Scalars())
	c.Location = h.Options().Location
	for name, set := range h.State().Charts {
		if name == state {
			c.LogX, c.XTime, c.Smoothing = set.LogX, set.XTime, set.Smoothing
		} else if group, ok := strings.CutPrefix(name, state+"/"); ok {
			c.SetLogY(group, set.LogY)
		}
	}
	v := &View{h: h, curves: c}
	v.bind()
	return v
}

// Title implements host.View.
func (*View) Title() string { return "curves" }

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.keys} }

// SetTheme implements host.ThemeView.
func (v *View) SetTheme(t *theme.Theme) { v.curves.SetTheme(t) }

// ShowMoment implements host.MomentView: the cursor reads there.
func (v *View) ShowMoment(nimg int64) { v.curves.ReadAt(float64(nimg) / 1000) }

// ShowPart implements host.PartView: the chart of a group has the focus.
func (v *View) ShowPart(group string) bool {
	v.curves.Focus(group)
	return v.curves.Focused() == group
}

// remember notes how the charts are set, as far as it is not the usual way.
func (v *View) remember() {
	c := v.curves
	v.h.State().Charts[state] = host.ChartState{LogX: c.LogX, XTime: c.XTime, Smoothing: c.Smoothing}
	for _, group := range c.Groups() {
		name := state + "/" + group
		if on, usual := c.LogY(group); on != usual {
			v.h.State().Charts[name] = host.ChartState{LogY: on}
		} else {
			delete(v.h.State().Charts, name)
		}
	}
}

// Back implements host.BackView: it takes the read-out, the zoom and the single chart away, one at a time.
func (v *View) Back() bool {
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
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	if reset {
		v.curves.ClearMarks()
	}
	for _, e := range events {
		if !v.started {
			v.started = true
			v.curves.SetStart(e.Time)
		}
		if m, ok := host.MarkOf(e); ok {
			v.curves.Mark(m)
		}
	}
}

// Draw implements host.View.
func (v *View) Draw(r host.Rect) []string {
	c, st := v.curves, v.h.Run().Status()
	c.ASCII, c.Empty = v.h.Display().ASCII, v.h.Run().Waits()
	quality := groupOf(st.Quality())
	if st.FIDName != "" {
		title := st.FIDName
		for _, m := range st.Also {
			c.SetMeasured(groupOf(m.Key), m.Rises)
			if groupOf(m.Key) == quality {
				title += " " + strings.TrimPrefix(m.Name, title[:strings.IndexByte(title+"(", '(')])
			} else {
				c.SetTitle(groupOf(m.Key), widget.Plain(m.Name))
			}
		}
		c.SetTitle(quality, widget.Plain(title))
		v.takeBands(quality, st.FIDName)
		c.SetMeasured(quality, st.Rises)
	}
	if st.TeacherFID != nil {
		c.SetReference(quality, *st.TeacherFID, "teacher "+widget.Value(*st.TeacherFID))
	} else {
		c.SetReference(quality, math.NaN(), "")
	}
	return strings.Split(c.View(r.W, r.H), "\n")
}

// takeBands gives the chart of quality its error bars, when there are others: a chart
// is drawn anew for them.
func (v *View) takeBands(quality, metric string) {
	now := bandsOf{metric: metric}
	if list := v.h.Run().Results; len(list) > 0 {
		now.first = &list[0] // the list is replaced as a whole
	}
	if now != v.bands {
		v.bands = now
		v.curves.SetBands(quality, host.Bands(v.h.Run(), metric))
	}
}

// bandsOf says what error bars are of.
type bandsOf struct {
	first  *results.Summary
	metric string
}

// groupOf is the chart that has a scalar.
func groupOf(scalar string) string {
	group, _, _ := strings.Cut(scalar, "/")
	return group
}

// Mouse implements host.MouseView: it reads values where it clicks or is dragged. The wheel zooms, and in a
// zoomed window dragging moves that.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
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
func (v *View) openScalars(at int) tea.Cmd {
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
			sign = v.h.Theme().Glyphs.Done
		}
		if s.OK {
			last = widget.Value(s.Last)
		}
		m.Items = append(m.Items, host.Item{Name: sign + " " + widget.Plain(s.Name), About: widget.FitLeft(last, 8)})
	}
	if len(m.Items) == 0 {
		return nil
	}
	return v.h.Menu(m)
}

func (v *View) bind() {
	do := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd { f(v.curves); return nil }
	}
	set := func(f func(c *widget.Curves)) func() tea.Cmd {
		return func() tea.Cmd {
			f(v.curves)
			v.remember()
			return nil
		}
	}
	v.keys = host.NewSection("curves",
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

		host.Bind("v", "v", "curves", "switch curves of the chart on and off", func() tea.Cmd { return v.openScalars(0) }),
		host.Bind("y", "y", "log y", "logarithmic y axis of the chart", set(func(c *widget.Curves) { c.ToggleLogY(false) })),
		host.Bind("Y", "Y", "", "logarithmic y axis of all charts", set(func(c *widget.Curves) { c.ToggleLogY(true) })),
		host.Bind("x", "x", "log x", "logarithmic x axis", set(func(c *widget.Curves) { c.LogX = !c.LogX })),
		host.Bind("t", "t", "time", "x axis: images seen, or time since the start", set(func(c *widget.Curves) { c.XTime = !c.XTime })),
		host.Bind("s", "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", set(func(c *widget.Curves) { c.CycleSmoothing(true) })),
		host.Bind("b", "b", "", "braille or ASCII curves", v.toggleBraille),
	)
}

// toggleBraille draws the curves of all views with ASCII instead of braille, or
// back.
func (v *View) toggleBraille() tea.Cmd {
	d := v.h.Display()
	d.ASCII = !d.ASCII
	return nil
}
