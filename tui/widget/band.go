package widget

import (
	"github.com/charmbracelet/x/ansi"
)

// Band is what several measurements of the same say: drawn as a bar from one standard
// deviation below their mean to one above, with the best of them and a label.
type Band struct {
	X        float64 // kimg
	Mean, SD float64
	Best     float64
	Label    string
}

// SetBands replaces the bands of a chart.
func (c *Chart) SetBands(bands []Band) { c.bands = bands }

// SetBands replaces the bands of a group's chart.
func (c *Curves) SetBands(name string, bands []Band) { c.group(name).chart.SetBands(bands) }

// ends are the lowest and the highest value of a band, as far as the axis has a place
// for them.
func (c *Chart) ends(b Band) (lo, hi float64) {
	lo, hi = min(b.Mean-b.SD, b.Best), max(b.Mean+b.SD, b.Best)
	if c.LogY && lo <= 0 {
		lo = min(b.Mean, b.Best)
	}
	return lo, hi
}

// spanBands widens the range of the y axis to the bands in the window.
func (c *Chart) spanBands(sx scale, lo, hi float64) (float64, float64) {
	for _, b := range c.bands {
		if _, ok := c.markAt(sx, b.X); !ok {
			continue
		}
		if from, to := c.ends(b); finite(from) && finite(to) && !(c.LogY && from <= 0) {
			lo, hi = min(lo, from), max(hi, to)
		}
	}
	return lo, hi
}

// drawBands draws the bars, each with its label, or with the numbers alone where that has
// no room.
func (c *Chart) drawBands(sx, sy scale) {
	v := &c.canvas
	for _, b := range c.bands {
		col, ok := c.markAt(sx, b.X)
		if !ok || c.LogY && b.Mean <= 0 {
			continue
		}
		from, to := b.Mean-b.SD, b.Mean+b.SD
		if c.LogY && from <= 0 {
			from = b.Mean
		}
		v.vertical(col*v.dx, c.dot(from, sy), c.dot(to, sy), inkFocus)
		v.write(col, c.row(sy.at(b.Mean)), c.theme.Glyphs.Dot, inkFocus)
		label := b.Label
		if !c.fits(label) { // a narrow plot
			label = Value(b.Mean) + " SD " + Value(b.SD)
		}
		top, bottom := c.row(sy.at(to)), c.row(sy.at(from))
		c.label(label, inkFocus, [2]int{col - ansi.StringWidth(label) - 1, col + 2}, [3]int{top - 1, bottom + 1, bottom + 1})
	}
}
