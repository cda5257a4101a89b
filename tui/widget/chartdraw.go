package widget

import (
	"math"

	"github.com/charmbracelet/x/ansi"
)

// draw puts everything inside the axes on the canvas; what comes later lies on
// top.
func (c *Chart) draw(sx, sy scale) {
	c.canvas.reset(c.plotW, c.plotH, c.ASCII)
	c.scratch.names = c.scratch.names[:0]
	c.drawMarks(sx)
	c.drawReference(sy)
	c.drawSpreads(sx, sy)
	for i := range c.scratch.layers {
		c.drawCurve(&c.scratch.layers[i], sy)
	}
	if c.lettered() {
		c.drawLetters(sy)
	}
	c.drawLeft(sx, sy)
	c.nameReference(sy)
	c.drawBands(sx, sy)
	for i := range c.curves {
		c.drawBest(i, sx, sy)
	}
	c.drawLabels() // when all that they must not hide is there
	c.drawCursor()
}

// dot returns the row of dots of a value, counted from the bottom.
func (c *Chart) dot(v float64, sy scale) int {
	// Far outside is just outside: int conversion must not overflow.
	return round(min(max(sy.at(v), -1), 2) * float64(c.canvas.h*c.canvas.dy-1))
}

// drawCurve draws the extremes of each column and joins neighbours that no NaN
// separates.
func (c *Chart) drawCurve(l *layer, sy scale) {
	c.canvas.style(l.series)
	ink := seriesInk(l.series)
	switch {
	case l.raw:
		ink = rawInk(l.series)
	case l.branch:
		ink = leftInk(l.series)
		c.canvas.dotted()
	}
	prev, y := -1, 0 // the column and row that the next segment starts from
	if finite(l.left) {
		prev, y = 0, c.dot(l.left, sy)
	}
	bottom, top := y, y // what column prev has dots of
	for i := range l.columns {
		col := &l.columns[i]
		if col.HeadGap {
			prev = -1
		}
		if !col.Any {
			continue
		}
		lo, hi := c.dot(col.Min, sy), c.dot(col.Max, sy)
		if prev >= 0 {
			first := c.dot(col.First, sy)
			// Mostly the columns overlap where the segment between them lies.
			if mid := round(float64(y+first) / 2); prev != i-1 || mid < max(bottom, lo) || mid > min(top, hi) {
				c.canvas.line(prev, y, i, first, ink)
			}
		}
		c.canvas.vertical(i, lo, hi, ink)
		prev, y, bottom, top = i, c.dot(col.Last, sy), lo, hi
		if col.TailGap {
			prev = -1
		}
	}
	if prev >= 0 && finite(l.right) {
		c.canvas.line(prev, y, len(l.columns)-1, c.dot(l.right, sy), ink)
	}
	c.canvas.style(0)
}

// letterEvery is how many cells lie between two letters on a curve.
const letterEvery = 24

// drawLetters names the curves on the curves, each at other columns.
func (c *Chart) drawLetters(sy scale) {
	v := &c.canvas
	for _, l := range c.scratch.layers {
		if l.raw || l.branch {
			continue
		}
		next := (l.series*7 + 3) % letterEvery
		for x := range v.w {
			if col := l.columns[min(x*v.dx, len(l.columns)-1)]; x >= next && col.Any {
				v.write(x, c.row(sy.at(col.Last)), letter(l.series), seriesInk(l.series))
				next = x + letterEvery
			}
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
}

// nameReference names the reference line at one of its ends, above or below it.
func (c *Chart) nameReference(sy scale) {
	p := sy.at(c.ref)
	if !(p >= 0 && p <= 1) {
		return
	}
	row := c.row(p)
	c.label(c.refTag, inkLabel, [2]int{c.canvas.w - ansi.StringWidth(c.refTag), 1}, [3]int{row - 1, row + 1, row + 1})
}

// bestPoint is the best value of a curve and its place on the x axis, 0 to 1.
type bestPoint struct{ p, y float64 }

// bestOf returns the best point of a curve if it is to be marked and in the
// window.
func (c *Chart) bestOf(series int, sx scale) (b bestPoint, ok bool) {
	s := c.curves[series]
	if c.Best == BestNone || s.guest || !c.drawable(s) {
		return b, false
	}
	i := s.col.Best(c.Best == BestMax)
	if i < 0 || c.LogY && s.col.At(i) <= 0 {
		return b, false
	}
	b = bestPoint{sx.at(c.axisX(s.clock, s.col.X()[i])), s.col.At(i)}
	return b, b.p >= 0 && b.p <= 1
}

// drawBest marks the best point, and names its value.
func (c *Chart) drawBest(series int, sx, sy scale) {
	b, ok := c.bestOf(series, sx)
	if !ok {
		return
	}
	v := &c.canvas
	x, row := min(int(b.p*float64(v.w)), v.w-1), c.row(sy.at(b.y))
	v.write(x, row, c.theme.Glyphs.Dot, seriesInk(series))
	text := Value(b.y)
	c.label(text, inkLabel, [2]int{x + 2, x - 1 - len(text)}, [3]int{row + 1, row - 1, row})
}

func (c *Chart) drawCursor() {
	x, ok := c.cursorColumn()
	if !ok {
		return
	}
	v := &c.canvas
	for y := range v.h {
		if i := y*v.w + x; v.mask[i] == 0 && v.text[i] == 0 {
			v.write(x, y, c.theme.Glyphs.Vertical, inkFocus)
		}
	}
}

// markInk is the colour of a mark on a canvas.
func markInk(m Mark) uint8 {
	return [...]uint8{MarkDim: inkLabel, MarkFrozen: inkFrozen, MarkWarn: inkWarn, MarkBad: inkBad}[m.Ink]
}

// markAt returns the column of an event, if it is in the window.
func (c *Chart) markAt(sx scale, x float64) (col int, ok bool) {
	p := sx.at(c.axisX(c.clock, x))
	return min(int(p*float64(c.plotW)), c.plotW-1), p >= 0 && p <= 1
}

// visibleMarks are those that may be in the window.
func (c *Chart) visibleMarks(sx scale) []Mark {
	from, to := c.kimgX(c.clock, sx.lo), c.kimgX(c.clock, sx.hi)
	i, j := markIndex(c.marks, from), markIndex(c.marks, above(to))
	return c.marks[i:max(i, j)]
}

// markIndex returns the first mark with X >= x.
func markIndex(marks []Mark, x float64) int {
	lo, hi := 0, len(marks)
	for lo < hi {
		if mid := (lo + hi) / 2; marks[mid].X < x {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (c *Chart) drawMarks(sx scale) {
	v := &c.canvas
	for _, m := range c.visibleMarks(sx) {
		col, ok := c.markAt(sx, m.X)
		if !ok || m.Minor {
			continue
		}
		for y := 0; y < v.h*v.dy; y += 2 {
			v.set(col*v.dx, y, inkRule)
		}
	}
}

// drawMarkGlyphs puts the events on the x axis, which starts at column x0.
func (c *Chart) drawMarkGlyphs(axis *canvas, x0 int, sx scale) {
	marks := c.visibleMarks(sx)
	n := 0
	for _, m := range marks {
		if m.Minor {
			n++
		}
	}
	for _, minors := range []bool{true, false} { // the others on top
		if minors && n > c.plotW/6 {
			continue
		}
		for _, m := range marks {
			if col, ok := c.markAt(sx, m.X); ok && m.Minor == minors {
				axis.write(x0+col, 0, c.theme.Glyphs.Event(m.Kind), markInk(m))
			}
		}
	}
}
