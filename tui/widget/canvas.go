package widget

import (
	"strings"

	"innate/tui/theme"
)

// canvas is a grid of dots: 2 by 4 to a cell in braille, 1 by 1 in ASCII. Each
// cell has one ink, that of the last dot set in it.
type canvas struct {
	w, h   int // cells
	dx, dy int // dots per cell
	mask   []uint8
	inks   []uint8
	text   []rune // overrides dots where not 0
	dash   int    // line style of line and vertical: every how many columns of dots breaks, 0 = none
}

// Ink numbers of a canvas: 0 is the terminal's own, then rules, labels, and three
// for each style of a series. Styles with the same colour differ in their line,
// or sign.
const (
	inkNone = iota
	inkRule
	inkLabel
	inkFocus
	inkFrozen
	inkWarn
	inkBad
	inkRaw
	inkLeft   = inkRaw + styleCount
	inkSeries = inkLeft + styleCount
	inkCount  = inkSeries + styleCount

	styleCount = 3 * theme.SeriesCount // solid, dashed, dotted
)

func rawInk(series int) uint8    { return uint8(inkRaw + series%styleCount) }
func leftInk(series int) uint8   { return uint8(inkLeft + series%styleCount) }
func seriesInk(series int) uint8 { return uint8(inkSeries + series%styleCount) }

func inksOf(t *theme.Theme) [inkCount]theme.Ink {
	var k [inkCount]theme.Ink
	k[inkRule], k[inkLabel], k[inkFocus], k[inkFrozen] = t.Faint, t.Dim, t.Accent, t.Frozen
	k[inkWarn], k[inkBad] = t.Warn, t.Bad
	for i := range styleCount {
		k[inkRaw+i], k[inkLeft+i] = t.Raw[i%theme.SeriesCount], t.Raw[i%theme.SeriesCount]
		k[inkSeries+i] = t.Series[i%theme.SeriesCount]
	}
	return k
}

// style sets the line style of a series: solid, dashed, dotted.
func (c *canvas) style(series int) {
	c.dash = [...]int{0, 4, 2}[series%styleCount/theme.SeriesCount]
	if c.dx == 1 {
		c.dash = 0 // the signs differ already
	}
}

// dotted draws every other column of dots.
func (c *canvas) dotted() {
	if c.dx > 1 {
		c.dash = 2
	}
}

func (c *canvas) reset(w, h int, ascii bool) {
	c.w, c.h, c.dx, c.dy = w, h, 2, 4
	if ascii {
		c.dx, c.dy = 1, 1
	}
	n := w * h
	if cap(c.mask) < n {
		c.mask, c.inks, c.text = make([]uint8, n), make([]uint8, n), make([]rune, n)
		return
	}
	c.mask, c.inks, c.text = c.mask[:n], c.inks[:n], c.text[:n]
	clear(c.mask)
	clear(c.inks)
	clear(c.text)
}

// dotBits[y][x] is the bit of a dot in a braille cell (Unicode block U+2800).
var dotBits = [4][2]uint8{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// set draws the dot x from the left and y from the bottom; outside is ignored.
func (c *canvas) set(x, y int, ink uint8) {
	if x < 0 || y < 0 || x >= c.w*c.dx || y >= c.h*c.dy {
		return
	}
	y = c.h*c.dy - 1 - y
	i := y/c.dy*c.w + x/c.dx
	if c.dy == 1 {
		c.mask[i] = 1
	} else {
		c.mask[i] |= dotBits[y&3][x&1]
	}
	c.inks[i] = ink
}

// vertical draws the dots of column x from y0 to y1, in either order, a cell at
// a time: dense curves are mostly this.
func (c *canvas) vertical(x, y0, y1 int, ink uint8) {
	if y0 > y1 {
		y0, y1 = y1, y0
	}
	y0, y1 = max(y0, 0), min(y1, c.h*c.dy-1)
	if x < 0 || x >= c.w*c.dx || y0 > y1 || c.dash > 0 && x%c.dash >= c.dash/2 {
		return
	}
	top, bottom := c.h*c.dy-1-y1, c.h*c.dy-1-y0
	if c.dy == 1 {
		for y := top; y <= bottom; y++ {
			c.mask[y*c.w+x], c.inks[y*c.w+x] = 1, ink
		}
		return
	}
	for y := top; y <= bottom; {
		end := min(y|3, bottom) // the last dot in this cell
		i := y>>2*c.w + x>>1
		for ; y <= end; y++ {
			c.mask[i] |= dotBits[y&3][x&1]
		}
		c.inks[i] = ink
	}
}

// round is math.Round of what fits an int, for the innermost loops.
func round(v float64) int {
	if v < 0 {
		return -round(-v)
	}
	n := int(v)
	if v-float64(n) >= 0.5 {
		n++
	}
	return n
}

// line joins two dots, column by column, so that steep parts stay connected.
func (c *canvas) line(x0, y0, x1, y1 int, ink uint8) {
	if x1 <= x0 {
		c.vertical(x0, y0, y1, ink)
		return
	}
	slope := float64(y1-y0) / float64(x1-x0)
	at := func(x float64) int { return round(float64(y0) + slope*(x-float64(x0))) }
	for x := max(x0, 0); x <= min(x1, c.w*c.dx-1); x++ {
		from := at(max(float64(x)-0.5, float64(x0)))
		to := at(min(float64(x)+0.5, float64(x1)))
		// Half-open towards the next column keeps shallow lines one dot thick.
		if to > from {
			to--
		} else if to < from {
			to++
		}
		c.vertical(x, from, to, ink)
	}
}

// write puts text over the dots of row y from the top, cut at the edges.
func (c *canvas) write(x, y int, s string, ink uint8) {
	if y < 0 || y >= c.h {
		return
	}
	for _, r := range s {
		if x >= 0 && x < c.w {
			c.text[y*c.w+x], c.inks[y*c.w+x] = r, ink
		}
		x++
	}
}

// covered counts the cells with dots under a text of n cells; ok is false if it
// doesn't fit, or would touch other text.
func (c *canvas) covered(x, y, n int) (taken int, ok bool) {
	if x < 0 || y < 0 || x+n > c.w || y >= c.h {
		return 0, false
	}
	for i := max(x-1, 0); i < min(x+n+1, c.w); i++ {
		at := y*c.w + i
		if c.text[at] != 0 {
			return 0, false
		}
		if c.mask[at] != 0 {
			taken++
		}
	}
	return taken, true
}

// asciiMarks tell series apart without colour.
var asciiMarks = [styleCount]rune{'*', 'o', '+', 'x', '#', '@', '%', '&', 'a', 'b', 'c', 'd'}

func (c *canvas) rune(i int) rune {
	switch {
	case c.text[i] != 0:
		return c.text[i]
	case c.mask[i] == 0:
		return ' '
	case c.dy == 4:
		return rune(0x2800) + rune(c.mask[i])
	case c.inks[i] >= inkSeries:
		return asciiMarks[c.inks[i]-inkSeries]
	case c.inks[i] >= inkLeft:
		return ','
	case c.inks[i] >= inkRaw:
		return '.'
	}
	return ':'
}

// row appends row y from the top, styled by runs of equal ink.
func (c *canvas) row(b *strings.Builder, y int, inks *[inkCount]theme.Ink) {
	current := uint8(inkNone)
	for x := range c.w {
		i := y*c.w + x
		r := c.rune(i)
		if k := c.inks[i]; r != ' ' && k != current {
			inks[current].Stop(b)
			inks[k].Start(b)
			current = k
		}
		b.WriteRune(r)
	}
	inks[current].Stop(b)
}
