package widget

import (
	"math"

	"innate/trainer/series"
)

// SetSpread draws a band about the i-th curve, from one deviation below it to one above:
// those that sd has at the curve's own places. Nil takes it away.
func (c *Chart) SetSpread(i int, sd *series.Column) { c.curves[i].spread = sd }

// SetSpread draws a band about the i-th curve of the chart of a scalar.
func (c *Curves) SetSpread(scalar string, i int, sd *series.Column) {
	if ch := c.group(scalar).chart; i < len(ch.curves) {
		ch.SetSpread(i, sd)
	}
}

// eachSpread calls do with the ends of the band of a curve at each column of dots in
// the window, from the left: at the first point of those that share a column.
func (c *Chart) eachSpread(s *curve, sx scale, dots int, do func(col int, lo, hi float64)) {
	if s.spread == nil || !c.drawable(s) {
		return
	}
	xs, ys, sds := s.col.X(), s.col.Smoothed(c.Smoothing), s.spread.Smoothed(c.Smoothing)
	last := -1
	for i := series.Search(xs, c.kimgX(s.clock, sx.lo)); i < min(len(xs), s.spread.Len()); i++ {
		p := sx.at(c.axisX(s.clock, xs[i]))
		if p > 1 {
			return
		}
		col := min(int(p*float64(dots)), dots-1)
		mean, sd := ys.At(i), sds.At(i)
		if p < 0 || col == last || !finite(mean) || !finite(sd) || sd == 0 {
			continue
		}
		last = col
		lo, hi := mean-sd, mean+sd
		if c.LogY && lo <= 0 {
			lo = mean // what lies below has no place
		}
		if !c.LogY || mean > 0 {
			do(col, lo, hi)
		}
	}
}

// spanSpreads widens the range of the y axis to the bands.
func (c *Chart) spanSpreads(sx scale, lo, hi float64) (float64, float64) {
	for _, s := range c.curves {
		c.eachSpread(s, sx, len(c.scratch.axis)-1, func(_ int, from, to float64) {
			lo, hi = math.Min(lo, from), math.Max(hi, to)
		})
	}
	return lo, hi
}

// drawSpreads fills the bands with every second dot: from the left to where the next
// point is, as far as those are near.
func (c *Chart) drawSpreads(sx, sy scale) {
	v := &c.canvas
	for i, s := range c.curves {
		prev, prevLo, prevHi := -1, 0, 0
		c.eachSpread(s, sx, v.w*v.dx, func(col int, from, to float64) {
			lo, hi := c.dot(from, sy), c.dot(to, sy)
			if prev < 0 {
				prev, prevLo, prevHi = col-1, lo, hi
			}
			for x := prev + 1; x <= col; x++ {
				t := float64(x-prev) / float64(col-prev)
				bottom := round(float64(prevLo) + t*float64(lo-prevLo))
				top := round(float64(prevHi) + t*float64(hi-prevHi))
				for y := max(bottom, 0); y <= min(top, v.h*v.dy-1); y++ {
					if (x+y)%2 == 0 {
						v.set(x, y, rawInk(i))
					}
				}
			}
			prev, prevLo, prevHi = col, lo, hi
		})
	}
}
