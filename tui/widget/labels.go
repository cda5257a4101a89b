package widget

import (
	"math"

	"github.com/charmbracelet/x/ansi"
)

// label is a text that names something on a chart, with the columns and rows beside that
// where it may begin.
type label struct {
	text    string
	ink     uint8
	columns [2]int
	rows    [3]int
}

// label has a text written when everything else is drawn, if the plot is as wide.
func (c *Chart) label(text string, ink uint8, columns [2]int, rows [3]int) {
	if text != "" && c.fits(text) {
		c.scratch.names = append(c.scratch.names, label{text, ink, columns, rows})
	}
}

// drawLabels writes each label where it covers least of the curves. Where other text is
// in the way at all of its places it goes to the nearest rows that have room, up or
// down, so that labels neither lie on each other nor vanish because they are near.
func (c *Chart) drawLabels() {
	v := &c.canvas
	for i := range c.scratch.names {
		l := &c.scratch.names[i]
		for away := range v.h {
			if x, row, ok := c.placeOf(l, away); ok {
				v.write(x, row, l.text, l.ink)
				break
			}
		}
	}
}

// placeOf is where a label covers least, so many rows away from its own.
func (c *Chart) placeOf(l *label, away int) (x, row int, ok bool) {
	v := &c.canvas
	n, least := ansi.StringWidth(l.text), math.MaxInt
	for _, beside := range l.rows {
		for _, r := range [2]int{beside - away, beside + away} {
			for _, at := range l.columns {
				if away > 0 { // better at the edge than not at all
					at = max(min(at, v.w-n), 0)
				}
				if taken, free := v.covered(at, r, n); free && taken < least {
					least, x, row = taken, at, r
				}
			}
		}
	}
	return x, row, least < math.MaxInt
}
