package widget

import (
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/series"
	"innate/tui/theme"
)

// scratch is memory that one View hands to the next.
type scratch struct {
	axis, edges []float64 // edges of the columns of dots, in units of the axis and in kimg
	ends        []int     // of the points of those columns
	columns     []series.Span
	layers      []layer
	names       []label // in the plot
	mins, maxs  []float64
	yticks      []tick
	xticks      []tick
	labels      []string // of each row
	line        canvas   // the x axis or its labels
}

// layer is one decimated curve, in drawing order.
type layer struct {
	columns     []series.Span
	left, right float64 // where it enters and leaves a zoomed window; NaN = it doesn't
	series      int
	raw         bool // the faint curve under a smoothed one
	branch      bool // one that was left
}

// View draws the chart with its axes.
func (c *Chart) View(w, h int) string {
	e := c.theme.Glyphs.Ellipsis
	c.plotH = 0 // nothing to click on
	if w < 1 || h < 1 {
		return Block(nil, w, h, e)
	}
	lo, hi, ok := c.windowX()
	if !ok || w < 12 || h < 3 {
		return c.message(c.Empty, w, h)
	}
	plotH := h
	if h >= 5 {
		plotH -= 2 // the x axis and its labels
	}
	sx := newScale(lo, hi, c.LogX)
	// The width of the y labels needs the y range, which needs the columns,
	// which need the width: start from the last answer.
	guess := max(w-max(c.LabelW, 6)-1, 4)
	if c.viewW == w && c.plotW > 0 {
		guess = c.plotW
	}
	c.viewW = w
	c.decimate(guess, sx)
	ylo, yhi, ok := c.rangeY(sx)
	if !ok {
		if c.Zoomed() {
			return c.message("nothing in this window", w, h)
		}
		return c.message("no finite value", w, h)
	}
	sy := newScale(ylo, yhi, c.LogY)
	yticks := sy.ticks(c.scratch.yticks, max(plotH/3, 1))
	for n := plotH / 3; len(yticks) < 2 && n < plotH/2; n++ {
		yticks = sy.ticks(yticks, n+1) // one label says nothing about the scale
	}
	c.scratch.yticks = yticks
	c.labelW = max(c.LabelW, 3)
	for _, t := range yticks {
		c.labelW = max(c.labelW, len(t.label))
	}
	if w-c.labelW-1 < 6 {
		c.labelW = 0
	}
	c.plotW, c.plotH = w-c.labelW-1, plotH
	if c.plotW != guess {
		c.decimate(c.plotW, sx)
	}
	c.draw(sx, sy)
	return c.compose(w, h, sx, sy, yticks)
}

func (c *Chart) message(text string, w, h int) string {
	return Centered(strings.Split(c.theme.Dim.Render(text), "\n"), w, h, c.theme.Glyphs.Ellipsis)
}

// decimate reduces every visible curve to one column a dot. It looks at nothing
// outside the window but the two points beside it.
func (c *Chart) decimate(plotW int, sx scale) {
	dots := plotW * 2
	if c.ASCII {
		dots = plotW
	}
	s := &c.scratch
	s.axis = s.axis[:0]
	for i := range dots + 1 {
		s.axis = append(s.axis, sx.value(float64(i)/float64(dots)))
	}
	// Rounding must not lose the first and the last point.
	s.axis[0], s.axis[dots] = min(s.axis[0], sx.lo), max(s.axis[dots], sx.hi)
	s.layers = s.layers[:0]
	s.columns = slices.Grow(s.columns[:0], dots*len(c.curves)*2)
	var converted *series.Clock
	var binned []float64 // the x that ends are of: columns of a run share theirs
	add := func(i int, of *curve, ys series.View, l layer) {
		from := len(s.columns)
		l.series = i
		s.columns = decimate(s.columns, ys, s.ends, c.LogY)
		l.columns = s.columns[from:]
		l.left = c.crossing(of, ys, s.ends[0], 0, sx)
		l.right = c.crossing(of, ys, s.ends[dots], 1, sx)
		s.layers = append(s.layers, l)
	}
	place := func(s *curve) {
		k := &c.scratch
		if converted == nil || converted != s.clock {
			converted, binned = s.clock, nil
			k.edges = k.edges[:0]
			for _, v := range k.axis {
				k.edges = append(k.edges, c.kimgX(s.clock, v))
			}
		}
		if x := s.col.X(); binned == nil || &binned[0] != &x[0] || len(binned) != len(x) {
			binned, k.ends = x, bin(k.ends[:0], x, k.edges)
		}
	}
	c.eachLeft(func(i int, left *curve) {
		place(left)
		add(i, left, left.col.Smoothed(c.Smoothing), layer{branch: true})
	})
	for _, raw := range []bool{true, false} {
		if raw && c.Smoothing <= 0 {
			continue
		}
		for i, curve := range c.curves {
			if !c.drawable(curve) || raw && curve.spread != nil { // whose band says how it varies
				continue
			}
			place(curve)
			if raw {
				add(i, curve, curve.col.Smoothed(0), layer{raw: true})
			} else {
				add(i, curve, curve.col.Smoothed(c.Smoothing), layer{})
			}
		}
	}
}

// crossing returns the y where the segment that ends in point i crosses the edge
// of the window, NaN if there is no such segment.
func (c *Chart) crossing(s *curve, ys series.View, i int, edge float64, sx scale) float64 {
	x := s.col.X()
	if i < 1 || i >= len(x) {
		return math.NaN()
	}
	y0, y1 := ys.At(i-1), ys.At(i)
	p0, p1 := sx.at(c.axisX(s.clock, x[i-1])), sx.at(c.axisX(s.clock, x[i]))
	if !finite(y0) || !finite(y1) || c.LogY && (y0 <= 0 || y1 <= 0) || !(p0 < p1 && p0 <= edge && edge <= p1) {
		return math.NaN()
	}
	t := (edge - p0) / (p1 - p0)
	if c.LogY {
		return y0 * math.Pow(y1/y0, t)
	}
	return y0 + (y1-y0)*t
}

// rangeY spans the curves. Under smoothing the raw curve counts without its
// most extreme columns, so that one spike doesn't flatten everything.
func (c *Chart) rangeY(sx scale) (lo, hi float64, ok bool) {
	lo, hi = math.Inf(1), math.Inf(-1)
	s := &c.scratch
	for _, l := range s.layers {
		if l.branch {
			continue
		}
		mins, maxs := s.mins[:0], s.maxs[:0]
		for i := range l.columns {
			if col := &l.columns[i]; col.Any {
				mins, maxs = append(mins, col.Min), append(maxs, col.Max)
			}
		}
		s.mins, s.maxs = mins, maxs
		for _, v := range []float64{l.left, l.right} {
			if finite(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		switch {
		case len(mins) == 0:
		case l.raw && len(mins) >= 20:
			few := len(mins) / 20
			lo, hi = min(lo, nth(mins, few)), max(hi, nth(maxs, len(maxs)-1-few))
		default:
			lo, hi = min(lo, slices.Min(mins)), max(hi, slices.Max(maxs))
		}
	}
	if lo, hi = c.spanLeft(lo, hi); lo > hi {
		return 0, 0, false
	}
	if c.ref > 0 || finite(c.ref) && !c.LogY {
		lo, hi = min(lo, c.ref), max(hi, c.ref)
	}
	for i := range c.curves {
		if b, ok := c.bestOf(i, sx); ok {
			lo, hi = min(lo, b.y), max(hi, b.y)
		}
	}
	lo, hi = c.spanBands(sx, lo, hi)
	lo, hi = c.spanSpreads(sx, lo, hi)
	if !c.LogY {
		lo, hi = toZero(lo, hi), -toZero(-hi, -lo)
	}
	return lo, hi, true
}

// nth returns the n-th smallest of finite values, and puts them in another order.
func nth(v []float64, n int) float64 {
	for len(v) > 1 {
		// Hoare's partition: up to the pivot before i, from it on after j.
		pivot, i, j := v[len(v)/2], 0, len(v)-1
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i, j = i+1, j-1
			}
		}
		switch {
		case n <= j:
			v = v[:j+1]
		case n >= i:
			v, n = v[i:], n-i
		default:
			return pivot
		}
	}
	return v[0]
}

// toZero extends a range down to zero if it ends just above: an axis that starts
// at nothing says more than one that starts at next to nothing.
func toZero(lo, hi float64) float64 {
	if lo > 0 && lo < hi/20 {
		return 0
	}
	return lo
}

// compose joins y labels, plot, x axis and x labels.
func (c *Chart) compose(w, h int, sx, sy scale, yticks []tick) string {
	g, inks := c.theme.Glyphs, c.inks()
	s := &c.scratch
	s.labels = slices.Grow(s.labels[:0], c.plotH)[:c.plotH]
	clear(s.labels)
	for _, tk := range yticks {
		if row := c.row(sy.at(tk.v)); row >= 0 && row < c.plotH {
			s.labels[row] = tk.label
		}
	}
	var b strings.Builder
	b.Grow(w*h*4 + 32*h)
	for y := range c.plotH {
		if y > 0 {
			b.WriteByte('\n')
		}
		text, tickMark := s.labels[y], g.AxisY
		if len(text) > c.labelW {
			text = ""
		}
		for range c.labelW - len(text) {
			b.WriteByte(' ')
		}
		if text != "" {
			inks[inkLabel].Start(&b)
			b.WriteString(text)
			inks[inkLabel].Stop(&b)
			tickMark = g.AxisTickY
		}
		inks[inkRule].Start(&b)
		b.WriteString(tickMark)
		inks[inkRule].Stop(&b)
		c.canvas.row(&b, y, &inks)
	}
	if c.plotH < h {
		b.WriteByte('\n')
		c.composeX(&b, w, sx, &inks)
	}
	return b.String()
}

// row returns the row of cells of a place on the y axis.
func (c *Chart) row(p float64) int {
	dy := c.canvas.dy
	return c.plotH - 1 - int(math.Round(p*float64(c.plotH*dy-1)))/dy
}

// composeX writes the x axis with its ticks and event glyphs, and the labels
// below.
func (c *Chart) composeX(b *strings.Builder, w int, sx scale, inks *[inkCount]theme.Ink) {
	g, line := c.theme.Glyphs, &c.scratch.line
	x0 := c.labelW + 1
	unit, per := c.unit(sx)
	su := newScale(sx.lo/per, sx.hi/per, sx.log)
	ticks := su.ticks(c.scratch.xticks, max(c.plotW/12, 2))
	c.scratch.xticks = ticks
	column := func(v float64) int { return x0 + min(int(su.at(v)*float64(c.plotW)), c.plotW-1) }

	line.reset(w, 1, true)
	line.write(c.labelW, 0, g.AxisCorner, inkRule)
	for x := x0; x < w; x++ {
		line.write(x, 0, g.AxisX, inkRule)
	}
	for _, tk := range ticks {
		line.write(column(tk.v), 0, g.AxisTickX, inkRule)
	}
	c.drawMarkGlyphs(line, x0, sx)
	line.row(b, 0, inks)
	b.WriteByte('\n')

	line.reset(w, 1, true)
	line.write(w-len(unit), 0, unit, inkLabel)
	end := -1 // last column used by a label
	for _, tk := range ticks {
		from := max(column(tk.v)-len(tk.label)/2, 0)
		if from > end+1 && from+len(tk.label) < w-len(unit) {
			line.write(from, 0, tk.label, inkLabel)
			end = from + len(tk.label)
		}
	}
	line.row(b, 0, inks)
}

// unit names the x axis and says how many minutes, or kimg, one of it is.
func (c *Chart) unit(sx scale) (name string, per float64) {
	switch {
	case !c.timed():
		return "kimg", 1
	case sx.hi < 3:
		return "s", 1.0 / 60
	case sx.hi < 180:
		return "min", 1
	case sx.hi < 72*60:
		return "h", 60
	}
	return "d", 24 * 60
}

// inks are those of the theme for a canvas.
func (c *Chart) inks() [inkCount]theme.Ink { return inksOf(c.theme) }

// fits tells whether a label of that text has room in the plot.
func (c *Chart) fits(label string) bool { return ansi.StringWidth(label)+2 < c.plotW }
