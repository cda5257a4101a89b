package widget

import (
	"math"
	"slices"
	"time"

	"innate/trainer/series"
	"innate/tui/theme"
)

// Mark is an event, drawn as a glyph on the x axis and, if it changes what is
// trained, a dotted vertical line.
type Mark struct {
	X     float64 // kimg
	Kind  string  // names its glyph in the theme
	Text  string  // shown with the cursor on it; without it Kind is
	Ink   MarkInk
	Minor bool // comes by itself, again and again: no line through the plot, and no glyph where they crowd
}

// MarkInk is the colour of a mark, by its name in the theme.
type MarkInk uint8

const (
	MarkDim MarkInk = iota
	MarkFrozen
	MarkWarn
	MarkBad
)

// Best says which value of a curve gets a mark of its own.
type Best uint8

const (
	BestNone Best = iota
	BestMin
	BestMax
)

// Chart draws curves over kimg or time. X and Y may be logarithmic; values that
// a logarithmic axis has no place for, and NaN, are gaps.
//
// Everything can be seen, or a window of x that is zoomed and panned and by
// default follows the newest data; y spans what is visible.
type Chart struct {
	LogX, LogY bool
	XTime      bool           // x is minutes since the start, where AddAt has given times
	ASCII      bool           // draw without braille
	Letters    bool           // mark few curves by letters too; many always are
	Smoothing  float64        // weight of the past in the moving average, 0 = off
	Best       Best           // which value to mark, and to name in Info
	Empty      string         // shown while there is no point
	MaxX       float64        // kimg that the x axis reaches at least, so that charts line up
	LabelW     int            // least width of the y labels, likewise
	Location   *time.Location // of the times shown

	theme  *theme.Theme
	curves []*curve
	clock  *series.Clock // of the chart's own run
	marks  []Mark        // in order of x
	bands  []Band
	ref    float64
	refTag string // the reference line at ref; NaN = none
	lens   *lens
	bounds *[2]float64 // full range of x in units of its axis, instead of that of the points

	canvas  canvas
	scratch scratch
	plotW   int // width of the plot in the last View …
	plotH   int // … its height …
	labelW  int // … and the width of the labels left of it
	viewW   int // the last View's whole width
}

// NewChart returns an empty chart with one curve for each name, in the order of
// the series colours.
func NewChart(t *theme.Theme, names ...string) *Chart {
	c := &Chart{theme: t, ref: math.NaN(), Location: time.Local, clock: series.NewClock(), lens: new(lens)}
	for _, n := range names {
		c.curves = append(c.curves, newCurve(n, c.clock))
	}
	return c
}

// ChartOf returns a chart of a run, which ticks by a clock: SetColumn says what
// its curves are.
func ChartOf(t *theme.Theme, k *series.Clock, names []string) *Chart {
	c := &Chart{theme: t, ref: math.NaN(), Location: time.Local, clock: k, lens: new(lens)}
	for _, name := range names {
		s := newCurve(name, k)
		s.branches = true
		c.curves = append(c.curves, s)
	}
	return c
}

// SetColumn makes a curve show a column of the chart's run; nil changes nothing.
func (c *Chart) SetColumn(i int, col *series.Column) {
	if col != nil {
		c.curves[i].col = col
	}
}

// AddCurve appends a curve of another run, with a clock of its own, and returns
// its number.
func (c *Chart) AddCurve(name string) int {
	s := newCurve(name, series.NewClock())
	s.guest = true
	c.curves = append(c.curves, s)
	return len(c.curves) - 1
}

// SetTheme redraws in other colours.
func (c *Chart) SetTheme(t *theme.Theme) { c.theme = t }

// Add appends a point: x in kimg, not below the last one; y may be NaN.
func (c *Chart) Add(series int, x, y float64) { c.curves[series].col.Add(x, y) }

// AddAt appends a point with the time it was made.
func (c *Chart) AddAt(series int, x float64, t time.Time, y float64) {
	s := c.curves[series]
	s.col.Add(x, y)
	s.clock.Add(x, t)
}

// Mark appends an event.
func (c *Chart) Mark(m Mark) { c.marks = insertMark(c.marks, m) }

// insertMark keeps the order of x; nearly always the new one is the last.
func insertMark(marks []Mark, m Mark) []Mark {
	i := len(marks)
	for i > 0 && marks[i-1].X > m.X {
		i--
	}
	return slices.Insert(marks, i, m)
}

// Clear drops all points and marks of a chart that has its own.
func (c *Chart) Clear() {
	*c.clock = *series.NewClock()
	for i, old := range c.curves {
		k := c.clock
		if old.guest {
			k = series.NewClock()
		}
		c.curves[i] = newCurve(old.name, k)
		c.curves[i].guest, c.curves[i].hidden = old.guest, old.hidden
	}
	c.marks = nil
}

// ClearMarks drops all events.
func (c *Chart) ClearMarks() { c.marks = nil }

// Names returns the names of the curves.
func (c *Chart) Names() []string {
	var names []string
	for _, s := range c.curves {
		names = append(names, s.name)
	}
	return names
}

// Show draws or hides a curve. The others keep their colours.
func (c *Chart) Show(series int, on bool) { c.curves[series].hidden = !on }

// Len returns the number of points of all curves.
func (c *Chart) Len() int {
	n := 0
	for _, s := range c.curves {
		n += s.col.Len()
	}
	return n
}

// SetReference draws a dashed horizontal line at y with a label; NaN removes it.
func (c *Chart) SetReference(y float64, label string) { c.ref, c.refTag = y, label }

// smoothings are the weights that CycleSmoothing goes through.
var smoothings = []float64{0, 0.6, 0.9, 0.97}

// CycleSmoothing picks the next stronger smoothing, or none after the last.
func (c *Chart) CycleSmoothing() {
	i := slices.Index(smoothings, c.Smoothing)
	c.Smoothing = smoothings[(i+1)%len(smoothings)]
}

// timed tells whether the x axis shows time.
func (c *Chart) timed() bool { return c.XTime && c.clock.Known() }

// drawable tells whether a curve has a place on the x axis.
func (c *Chart) drawable(s *curve) bool {
	return !s.hidden && s.col.Len() > 0 && (!c.timed() || s.clock.Known())
}

// axisX returns where x is on the x axis; kimgX is its inverse.
func (c *Chart) axisX(k *series.Clock, x float64) float64 {
	if c.timed() {
		return k.Minutes(x)
	}
	return x
}

func (c *Chart) kimgX(k *series.Clock, v float64) float64 {
	if c.timed() {
		return k.Kimg(v)
	}
	return v
}

// rangeX returns the span of all drawable points in units of the x axis.
func (c *Chart) rangeX() (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range c.curves {
		if !c.drawable(s) {
			continue
		}
		x := s.col.X()
		first, last := x[0], x[len(x)-1]
		if !c.LogX {
			lo, hi = min(lo, c.axisX(s.clock, first)), max(hi, c.axisX(s.clock, last))
		} else if v, ok := c.firstPositive(s); ok {
			lo, hi = min(lo, v), max(hi, c.axisX(s.clock, last))
		}
	}
	hi = c.rangeLeft(hi)
	switch {
	case lo > hi:
		return 0, 0, false
	case c.bounds != nil:
		return c.bounds[0], c.bounds[1], true
	case c.MaxX > 0:
		hi = max(hi, c.axisX(c.clock, c.MaxX))
	}
	if !c.LogX {
		lo = min(lo, 0) // training starts at zero; so does its axis
	}
	return lo, hi, true
}

// firstPositive returns the first place of a curve that a logarithmic axis has.
func (c *Chart) firstPositive(s *curve) (float64, bool) {
	all := s.col.X()
	from := series.Search(all, math.SmallestNonzeroFloat64)
	for _, x := range all[from:] {
		if v := c.axisX(s.clock, x); v > 0 {
			return v, true
		}
	}
	return 0, false
}

// windowX returns the range of x that is seen.
func (c *Chart) windowX() (lo, hi float64, ok bool) {
	lo, hi, ok = c.rangeX()
	if ok {
		c.lens.use(c.LogX, c.timed())
		if c.Zoomed() && c.Following() {
			hi = c.newest(hi)
		}
		lo, hi = c.lens.window(lo, hi)
	}
	return lo, hi, ok
}

// Zoom shows less of x, for a factor below 1, or more, about the cursor if it is
// on and visible, else about the right edge.
func (c *Chart) Zoom(factor float64) {
	lo, hi, ok := c.windowX()
	if !ok {
		return
	}
	about := hi
	if x, reading := c.cursorX(); reading {
		if v := c.axisX(c.clock, x); v >= lo && v <= hi {
			about = v
		}
	}
	// Closer than four points of the longest curve there is nothing to see.
	longest := 4
	for _, s := range c.curves {
		longest = max(longest, s.col.Len())
	}
	lo, hi, _ = c.rangeX()
	c.lens.zoom(factor, about, 4/float64(longest), lo, hi)
}

// Pan moves a zoomed window by a share of its width, right for positive. Moving
// left it no longer follows the newest data; moved back to the end it does.
func (c *Chart) Pan(by float64) {
	if _, _, ok := c.windowX(); ok {
		lo, hi, _ := c.rangeX()
		c.lens.pan(by, lo, hi)
	}
}

// Follow makes a zoomed window follow the newest data again.
func (c *Chart) Follow() { c.lens.parked = false }

// ResetZoom shows everything.
func (c *Chart) ResetZoom() { c.lens.reset() }

// Zoomed and Following tell about the window.
func (c *Chart) Zoomed() bool    { return c.lens.span > 0 }
func (c *Chart) Following() bool { return !c.lens.parked }
