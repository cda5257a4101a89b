package widget

import (
	"slices"
	"strings"
)

// focusIndex returns which of the groups shown has the focus, the first one if
// none has.
func (c *Curves) focusIndex(shown []*curveGroup) int {
	i := slices.Index(shown, c.focus)
	if i < 0 && len(shown) > 0 {
		i, c.focus = 0, shown[0]
	}
	return max(i, 0)
}

// focused returns the chart with the focus, nil while there is none.
func (c *Curves) focused() *Chart {
	shown := c.shown()
	if len(shown) == 0 {
		return nil
	}
	c.focusIndex(shown)
	c.prepare(shown)
	return c.focus.chart
}

// Focus gives the focus to a group, and tells whether it has a chart.
func (c *Curves) Focus(name string) bool {
	for _, g := range c.shown() {
		if g.name == name {
			c.focus = g
			return true
		}
	}
	return false
}

// Focused is the name of the group with the focus, empty while there is none.
func (c *Curves) Focused() string {
	if c.focused() == nil {
		return ""
	}
	return c.focus.name
}

// Groups are the names of all charts, in order.
func (c *Curves) Groups() []string {
	var names []string
	for _, g := range c.shown() {
		names = append(names, g.name)
	}
	return names
}

// Step moves the focus to the next or previous chart, around the ends.
func (c *Curves) Step(by int) {
	if shown := c.shown(); len(shown) > 0 {
		n := len(shown)
		c.focus = shown[((c.focusIndex(shown)+by)%n+n)%n]
	}
}

// Move moves the focus by columns and rows of the grid, not beyond its edges.
func (c *Curves) Move(dx, dy int) {
	shown := c.shown()
	if len(shown) == 0 || c.max {
		c.Step(dx + dy)
		return
	}
	cols := max(c.grid.cols, 1)
	i := c.focusIndex(shown)
	col := min(max(i%cols+dx, 0), cols-1)
	row := min(max(i/cols+dy, 0), (len(shown)-1)/cols)
	c.focus = shown[min(row*cols+col, len(shown)-1)]
}

// Scroll moves by rows of charts, and takes the focus along.
func (c *Curves) Scroll(by int) {
	if c.max || c.grid.rows == 0 {
		return
	}
	top := min(max(c.top+by, 0), c.grid.all-c.grid.rows)
	moved := top - c.top
	c.top = top
	c.Move(0, moved)
}

// Maximise shows the focused chart alone, or all again; it returns which.
func (c *Curves) Maximise() bool {
	c.max = !c.max
	return c.max
}

// Maximised tells whether one chart is shown alone.
func (c *Curves) Maximised() bool { return c.max }

// MoveCursor moves the read-out in all charts by columns of the focused one.
func (c *Curves) MoveCursor(by int) {
	if ch := c.focused(); ch != nil {
		ch.MoveCursor(by)
	}
}

// HideCursor switches the read-out off and tells whether it was on.
func (c *Curves) HideCursor() bool {
	on := c.lens.reading
	c.lens.reading = false
	return on
}

// CursorAt handles a click on a cell of the last View: the chart there gets the
// focus, and its plot the read-out. It tells whether anything was hit.
func (c *Curves) CursorAt(col, row int) bool {
	for _, cell := range c.grid.cells {
		if col >= cell.x && col < cell.x+cell.w && row >= cell.y && row < cell.y+cell.h {
			c.focus = cell.group
			cell.group.chart.CursorAt(col-cell.innerX, row-cell.innerY)
			return true
		}
	}
	return false
}

// Zoom, Pan, Follow and ResetZoom move the window of all charts, as in Chart.
func (c *Curves) Zoom(factor float64) {
	if ch := c.focused(); ch != nil {
		ch.Zoom(factor)
	}
}

// Pan moves the window by a share of its width.
func (c *Curves) Pan(by float64) {
	if ch := c.focused(); ch != nil {
		ch.Pan(by)
	}
}

// Follow makes the window follow the newest data again.
func (c *Curves) Follow() { c.lens.parked = false }

// ResetZoom shows everything, and tells whether something was hidden.
func (c *Curves) ResetZoom() bool {
	zoomed := c.lens.span > 0
	c.lens.reset()
	return zoomed
}

// ToggleLogY changes the y axis of the focused chart, or, with all, makes every
// chart's the opposite of the focused one's.
func (c *Curves) ToggleLogY(all bool) {
	ch := c.focused()
	if ch == nil {
		return
	}
	ch.LogY = !ch.LogY
	for _, g := range c.groups {
		if all {
			g.chart.LogY = ch.LogY
		}
	}
}

// CycleSmoothing picks the next stronger smoothing for the focused chart, or,
// with all, for every chart of values that are measured at each tick.
func (c *Curves) CycleSmoothing(all bool) {
	ch := c.focused()
	if ch == nil {
		return
	}
	ch.CycleSmoothing()
	if !all {
		c.focus.smoothing = ch.Smoothing
		return
	}
	c.Smoothing = ch.Smoothing
	for _, g := range c.groups {
		if !g.kind.Seldom {
			g.smoothing = inherit
		}
	}
}

// Scalar is one curve of the focused chart.
type Scalar struct {
	Name  string
	Run   string // empty for the main run
	Shown bool
	Last  float64 // newest finite value; meaningful if OK
	OK    bool
}

// Scalars lists the curves of the focused chart.
func (c *Curves) Scalars() []Scalar {
	ch := c.focused()
	if ch == nil {
		return nil
	}
	var out []Scalar
	for _, s := range ch.curves {
		one := Scalar{Name: s.name, Shown: !s.hidden}
		for _, r := range c.others {
			if r.data.Clock() == s.clock {
				one.Run = r.name
				one.Name = strings.TrimSuffix(s.name, " "+r.name)
			}
		}
		one.Last, one.OK = s.col.Smoothed(0).Last()
		out = append(out, one)
	}
	return out
}

// Show draws or hides a curve of the focused chart, by its place in Scalars.
func (c *Curves) Show(scalar int, on bool) {
	if ch := c.focused(); ch != nil && scalar >= 0 && scalar < len(ch.curves) {
		ch.Show(scalar, on)
	}
}

// Toggle draws a hidden curve of the focused chart and hides a drawn one.
func (c *Curves) Toggle(scalar int) {
	if ch := c.focused(); ch != nil && scalar >= 0 && scalar < len(ch.curves) {
		ch.Show(scalar, ch.curves[scalar].hidden)
	}
}

// LogY tells whether a group's y axis is logarithmic, and whether it would be if
// nobody had changed it.
func (c *Curves) LogY(name string) (on, usual bool) {
	g := c.group(name)
	return g.chart.LogY, g.kind.LogY
}

// SetLogY sets a group's y axis, also before there are points.
func (c *Curves) SetLogY(name string, on bool) { c.group(name).chart.LogY = on }

// Zoomed tells whether something is out of the window.
func (c *Curves) Zoomed() bool { return c.lens.span > 0 }

// Drag moves the window as if its charts were pulled by cells, right for
// positive.
func (c *Curves) Drag(cells int) {
	if ch := c.focused(); ch != nil && ch.plotW > 0 {
		ch.Pan(-float64(cells) / float64(ch.plotW))
	}
}

// ReadAt switches the read-out on at x kimg, and moves the window there if that
// is out of it.
func (c *Curves) ReadAt(x float64) {
	ch := c.focused()
	if ch == nil {
		return
	}
	c.lens.reading, c.lens.newest, c.lens.x = true, false, x
	lo, hi, ok := ch.windowX()
	if v := ch.axisX(ch.clock, x); ok && (v < lo || v > hi) {
		all0, all1, _ := ch.rangeX()
		c.lens.move(c.lens.span, c.lens.linear(v)+c.lens.span/2, c.lens.linear(all1))
		c.lens.pan(0, all0, all1)
	}
}
