package panes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// Mark is an event drawn as a dotted vertical line with a glyph on the x axis.
type Mark struct {
	X    float64 // kimg
	Kind string  // event kind of the run log
}

// Chart draws curves over kimg. X and Y may be logarithmic; values that a
// logarithmic axis has no place for, and NaN, are gaps.
type Chart struct {
	LogX, LogY bool
	ASCII      bool    // draw without braille
	Smoothing  float64 // weight of the past in the moving average, 0 = off
	Empty      string  // shown while there is no point
	MaxX       float64 // kimg that the x axis reaches at least, so that charts line up

	theme  *theme.Theme
	curves []*curve
	marks  []Mark
	ref    float64 // reference line, NaN = none
	refTag string
	cursor int // column of the read-out from the right, -1 = off

	canvas  canvas
	columns []column
	edges   []float64
	plotW   int // width of the plot in the last View …
	viewW   int // … and of the whole
}

// NewChart returns an empty chart with one curve for each name, in the order of
// the series colours.
func NewChart(t *theme.Theme, names ...string) *Chart {
	c := &Chart{theme: t, ref: math.NaN(), cursor: -1}
	for _, n := range names {
		c.curves = append(c.curves, &curve{name: n})
	}
	return c
}

// SetTheme redraws in other colours.
func (c *Chart) SetTheme(t *theme.Theme) { c.theme = t }

// Add appends a point: x in kimg, not below the last one; y may be NaN.
func (c *Chart) Add(series int, x, y float64) { c.curves[series].add(x, y) }

// AddMark appends an event line.
func (c *Chart) AddMark(x float64, kind string) { c.marks = append(c.marks, Mark{x, kind}) }

// Clear drops all points and marks.
func (c *Chart) Clear() {
	for i, old := range c.curves {
		c.curves[i] = &curve{name: old.name}
	}
	c.marks = nil
}

// Names returns the names of the curves.
func (c *Chart) Names() []string {
	var names []string
	for _, s := range c.curves {
		names = append(names, s.name)
	}
	return names
}

// Len returns the number of points of all curves.
func (c *Chart) Len() int {
	n := 0
	for _, s := range c.curves {
		n += len(s.x)
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

// MoveCursor moves the read-out by columns, switching it on at the newest point.
func (c *Chart) MoveCursor(by int) {
	if c.cursor < 0 {
		c.cursor = 0
		return
	}
	c.cursor = min(max(c.cursor-by, 0), max(c.plotW-1, 0))
}

// HideCursor switches the read-out off and tells whether it was on.
func (c *Chart) HideCursor() bool {
	on := c.cursor >= 0
	c.cursor = -1
	return on
}

// Info is the legend for the frame: each curve with its newest value, or the
// values under the cursor, and the axes' modes.
func (c *Chart) Info() []string {
	t := c.theme
	var parts []string
	x, reading := c.cursorX()
	if reading {
		parts = append(parts, t.Accent.Render(Value(x)+" kimg"))
	}
	for i, s := range c.curves {
		if len(s.x) == 0 {
			continue
		}
		ys := s.smoothed(c.Smoothing)
		v, ok := ys.last()
		if reading {
			v, ok = s.near(ys, x)
		}
		text := "-"
		if ok {
			text = Value(v)
		}
		mark := t.Glyphs.Line
		if t.Glyphs.ASCII {
			mark = string(asciiMarks[i%theme.SeriesCount])
		}
		if len(c.curves) > 1 {
			text = s.name + " " + text
		}
		parts = append(parts, t.Series[i%theme.SeriesCount].Render(mark)+" "+text)
	}
	if !reading && len(parts) > 0 {
		for _, m := range c.modes() {
			parts = append(parts, t.Dim.Render(m))
		}
	}
	return parts
}

func (c *Chart) modes() []string {
	var m []string
	if c.LogY {
		m = append(m, "log y")
	}
	if c.LogX {
		m = append(m, "log x")
	}
	if c.Smoothing > 0 {
		m = append(m, fmt.Sprintf("ema %g", c.Smoothing))
	}
	return m
}

// near returns the value at the last point not beyond x.
func (s *curve) near(ys *values, x float64) (float64, bool) {
	i := lowerBound(s.x, math.Nextafter(x, math.Inf(1)))
	if i == 0 {
		return 0, false
	}
	return ys.v[i-1], finite(ys.v[i-1])
}

// cursorX returns the x value under the cursor.
func (c *Chart) cursorX() (float64, bool) {
	lo, hi, ok := c.rangeX()
	if c.cursor < 0 || !ok || c.plotW < 1 {
		return 0, false
	}
	col := max(c.plotW-1-c.cursor, 0)
	return newScale(lo, hi, c.LogX).value((float64(col) + 0.5) / float64(c.plotW)), true
}

// rangeX returns the span of all drawable points.
func (c *Chart) rangeX() (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, s := range c.curves {
		x := s.x
		if c.LogX {
			x = x[lowerBound(x, math.SmallestNonzeroFloat64):]
		}
		if len(x) > 0 {
			lo, hi = math.Min(lo, x[0]), math.Max(hi, x[len(x)-1])
		}
	}
	if lo > hi {
		return 0, 0, false
	}
	hi = math.Max(hi, c.MaxX)
	if !c.LogX {
		lo = math.Min(lo, 0) // training starts at zero; so does its axis
	}
	return lo, hi, true
}

// View draws the chart with its axes.
func (c *Chart) View(w, h int) string {
	e := c.theme.Glyphs.Ellipsis
	if w < 1 || h < 1 {
		return Block(nil, w, h, e)
	}
	lo, hi, ok := c.rangeX()
	if !ok || w < 12 || h < 3 {
		return Centered(strings.Split(c.theme.Dim.Render(c.Empty), "\n"), w, h, e)
	}
	plotH := h
	if h >= 5 {
		plotH -= 2 // the x axis and its labels
	}
	sx := newScale(lo, hi, c.LogX)
	// The width of the y labels needs the y range, which needs the columns,
	// which need the width: start from the last answer.
	guess := max(w-7, 4)
	if c.viewW == w && c.plotW > 0 {
		guess = c.plotW
	}
	c.viewW = w
	layers := c.layers(guess, sx)
	ylo, yhi, ok := c.rangeY(layers)
	if !ok {
		return Centered(strings.Split(c.theme.Dim.Render("no finite value"), "\n"), w, h, e)
	}
	sy := newScale(ylo, yhi, c.LogY)
	yticks := sy.ticks(max(plotH/3, 1))
	labelW := 3
	for _, t := range yticks {
		labelW = max(labelW, len(t.label))
	}
	if w-labelW-1 < 6 {
		labelW = 0
	}
	c.plotW = w - labelW - 1
	if c.plotW != guess {
		layers = c.layers(c.plotW, sx)
	}
	c.canvas.reset(c.plotW, plotH, c.ASCII)
	c.drawMarks(sx)
	c.drawReference(sy)
	for _, l := range layers {
		c.drawCurve(l, sy)
	}
	c.drawCursor()
	return c.compose(w, h, plotH, labelW, sx, sy, yticks)
}

// layer is one decimated curve, in drawing order.
type layer struct {
	columns []column
	ink     uint8
	raw     bool // the faint curve under a smoothed one
}

func (c *Chart) layers(plotW int, sx scale) []layer {
	dots := plotW * 2
	if c.ASCII {
		dots = plotW
	}
	c.edges = slices.Grow(c.edges[:0], dots+1)
	for i := range dots + 1 {
		c.edges = append(c.edges, sx.value(float64(i)/float64(dots)))
	}
	c.edges[0] = math.Nextafter(math.Min(c.edges[0], sx.lo), math.Inf(-1))
	if c.LogX {
		c.edges[0] = math.Max(c.edges[0], math.SmallestNonzeroFloat64)
	}
	need := dots * len(c.curves) * 2
	if cap(c.columns) < need {
		c.columns = make([]column, need)
	}
	free := c.columns[:cap(c.columns)]
	take := func(s *curve, y *values) []column {
		cols := decimate(free[:0:dots], s.x, y, c.edges, c.LogY)
		free = free[dots:]
		return cols
	}
	var out []layer
	if c.Smoothing > 0 {
		for i, s := range c.curves {
			out = append(out, layer{take(s, &s.y), uint8(inkRaw + i%theme.SeriesCount), true})
		}
	}
	for i, s := range c.curves {
		out = append(out, layer{take(s, s.smoothed(c.Smoothing)), uint8(inkSeries + i%theme.SeriesCount), false})
	}
	return out
}

// rangeY spans the curves. Under smoothing the raw curve counts without its
// most extreme columns, so that one spike doesn't flatten everything.
func (c *Chart) rangeY(layers []layer) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, l := range layers {
		var mins, maxs []float64
		for i := range l.columns {
			if col := &l.columns[i]; col.n > 0 {
				mins, maxs = append(mins, col.min), append(maxs, col.max)
			}
		}
		if len(mins) == 0 {
			continue
		}
		if l.raw && len(mins) >= 20 {
			slices.Sort(mins)
			slices.Sort(maxs)
			lo, hi = math.Min(lo, mins[len(mins)/20]), math.Max(hi, maxs[len(maxs)-1-len(maxs)/20])
			continue
		}
		lo, hi = math.Min(lo, slices.Min(mins)), math.Max(hi, slices.Max(maxs))
	}
	if lo > hi {
		return 0, 0, false
	}
	if c.ref > 0 || finite(c.ref) && !c.LogY {
		lo, hi = math.Min(lo, c.ref), math.Max(hi, c.ref)
	}
	return lo, hi, true
}

// drawCurve draws the extremes of each column and joins neighbours that no NaN
// separates.
func (c *Chart) drawCurve(l layer, sy scale) {
	top := float64(c.canvas.h*c.canvas.dy - 1)
	dot := func(v float64) int {
		// Far outside is just outside: int conversion must not overflow.
		return int(math.Round(math.Min(math.Max(sy.at(v), -1), 2) * top))
	}
	prev := -1
	for i := range l.columns {
		col := &l.columns[i]
		if col.n == 0 {
			if col.headGap {
				prev = -1
			}
			continue
		}
		if col.headGap {
			prev = -1
		}
		if prev >= 0 {
			c.canvas.line(prev, dot(l.columns[prev].last), i, dot(col.first), l.ink)
		}
		c.canvas.vertical(i, dot(col.min), dot(col.max), l.ink)
		prev = i
		if col.tailGap {
			prev = -1
		}
	}
}

func (c *Chart) drawReference(sy scale) {
	p := sy.at(c.ref)
	if !(p >= 0 && p <= 1) {
		return
	}
	v := &c.canvas
	y := int(math.Round(p * float64(v.h*v.dy-1)))
	for x := 0; x < v.w*v.dx; x++ {
		if x/v.dx%2 == 0 {
			v.set(x, y, inkLabel)
		}
	}
	row := v.h - 1 - y/v.dy
	if row > 0 {
		row-- // above the line …
	} else {
		row++ // … unless it is the top
	}
	if n := ansi.StringWidth(c.refTag); n+2 < v.w {
		v.write(v.w-n, row, c.refTag, inkLabel)
	}
}

func markInk(kind string) uint8 {
	switch kind {
	case "freeze":
		return inkFrozen
	case "error", "stop":
		return inkBad
	case "config", "pause":
		return inkWarn
	}
	return inkLabel
}

func (c *Chart) drawMarks(sx scale) {
	v := &c.canvas
	for _, m := range c.marks {
		p := sx.at(m.X)
		if !(p >= 0 && p <= 1) {
			continue
		}
		x := min(int(p*float64(v.w)), v.w-1) * v.dx
		for y := 0; y < v.h*v.dy; y += 2 {
			v.set(x, y, inkRule)
		}
	}
}

func (c *Chart) drawCursor() {
	if c.cursor < 0 {
		return
	}
	v := &c.canvas
	x := max(v.w-1-c.cursor, 0)
	for y := range v.h {
		if i := y*v.w + x; v.mask[i] == 0 {
			v.write(x, y, c.theme.Glyphs.Vertical, inkLabel)
		}
	}
}

// compose joins y labels, plot, x axis and x labels.
func (c *Chart) compose(w, h, plotH, labelW int, sx, sy scale, yticks []tick) string {
	g, t, inks := c.theme.Glyphs, c.theme, inksOf(c.theme)
	labels := make([]string, plotH)
	for _, tk := range yticks {
		p := sy.at(tk.v)
		if row := plotH - 1 - int(math.Round(p*float64(plotH*c.canvas.dy-1)))/c.canvas.dy; row >= 0 && row < plotH {
			labels[row] = tk.label
		}
	}
	var b strings.Builder
	b.Grow(w * h * 4)
	for y := range plotH {
		if y > 0 {
			b.WriteByte('\n')
		}
		tickMark := g.AxisY
		if labels[y] != "" {
			tickMark = g.AxisTickY
		}
		b.WriteString(t.Dim.Render(FitLeft(labels[y], labelW)))
		b.WriteString(t.Faint.Render(tickMark))
		c.canvas.row(&b, y, &inks)
	}
	if plotH < h {
		b.WriteByte('\n')
		c.axisX(&b, w, labelW, sx, &inks)
	}
	return b.String()
}

// axisX writes the x axis with its ticks and event glyphs, and the labels below.
func (c *Chart) axisX(b *strings.Builder, w, labelW int, sx scale, inks *[inkCount]theme.Ink) {
	g := c.theme.Glyphs
	var axis, labels canvas
	axis.reset(w, 1, true)
	labels.reset(w, 1, true)
	axis.write(0, 0, strings.Repeat(" ", labelW)+g.AxisCorner+strings.Repeat(g.AxisX, c.plotW), inkRule)
	const unit = "kimg"
	end := -1 // last column used by a label
	labels.write(w-len(unit), 0, unit, inkLabel)
	for _, tk := range sx.ticks(max(c.plotW/12, 2)) {
		x := labelW + 1 + min(int(sx.at(tk.v)*float64(c.plotW)), c.plotW-1)
		axis.write(x, 0, g.AxisTickX, inkRule)
		from := max(x-len(tk.label)/2, 0)
		if from > end+1 && from+len(tk.label) < w-len(unit) {
			labels.write(from, 0, tk.label, inkLabel)
			end = from + len(tk.label)
		}
	}
	for _, m := range c.marks {
		if p := sx.at(m.X); p >= 0 && p <= 1 {
			x := labelW + 1 + min(int(p*float64(c.plotW)), c.plotW-1)
			axis.write(x, 0, g.Event(m.Kind), markInk(m.Kind))
		}
	}
	axis.row(b, 0, inks)
	b.WriteByte('\n')
	labels.row(b, 0, inks)
}
