package widget

import (
	"math"
	"slices"
	"strconv"
)

// Branches of a run that were left, because it went back, are drawn below its curves:
// fainter and dotted, in ASCII as commas, with a mark where each was left.

// leftCurves are the branches of a curve that were left. They are kept until there are
// others.
func (s *curve) leftCurves() []*curve {
	if !s.branches {
		return nil
	}
	now := s.col.Left()
	if len(now) == len(s.left) && (len(now) == 0 || now[len(now)-1].Column == s.left[len(now)-1].col) {
		return s.left
	}
	s.left = nil
	for _, l := range now {
		s.left = append(s.left, &curve{name: s.name, col: l.Column, clock: s.clock.Branch(l.Branch), branch: l.Branch})
	}
	return s.left
}

// eachLeft calls do with every branch that has a place on the x axis, and the number of
// its curve.
func (c *Chart) eachLeft(do func(i int, left *curve)) {
	for i, s := range c.curves {
		if s.hidden {
			continue
		}
		for _, left := range s.leftCurves() {
			if c.drawable(left) {
				do(i, left)
			}
		}
	}
}

// rangeLeft widens the range of the x axis to where branches were left.
func (c *Chart) rangeLeft(hi float64) float64 {
	c.eachLeft(func(_ int, left *curve) {
		x := left.col.X()
		hi = max(hi, c.axisX(left.clock, x[len(x)-1]))
	})
	return hi
}

// behind reports whether a branch got further than the run is now.
func (c *Chart) behind() (behind bool) {
	if c.clock.Known() {
		c.eachLeft(func(_ int, left *curve) { behind = behind || left.branch.To > c.clock.Last() })
	}
	return behind
}

// newest is where the newest data are on an axis that ends at hi: not where a branch
// was left.
func (c *Chart) newest(hi float64) float64 {
	if c.behind() {
		return min(hi, c.axisX(c.clock, c.clock.Last()))
	}
	return hi
}

// spanLeft widens the range of the y axis to branches, each way by as much as
// the curves span at most: one that diverged must not flatten them. Without a curve in the
// window branches have all of it.
func (c *Chart) spanLeft(lo, hi float64) (float64, float64) {
	from, to := math.Inf(1), math.Inf(-1)
	for _, l := range c.scratch.layers {
		if !l.branch {
			continue
		}
		for i := range l.columns {
			if col := &l.columns[i]; col.Any {
				from, to = min(from, col.Min), max(to, col.Max)
			}
		}
	}
	switch {
	case from > to:
		return lo, hi
	case lo >= hi:
		return min(lo, from), max(hi, to)
	case c.LogY:
		by := hi / lo
		return min(lo, max(from, lo/by)), max(hi, min(to, hi*by))
	}
	by := hi - lo
	return min(lo, max(from, lo-by)), max(hi, min(to, hi+by))
}

// drawLeft marks where branches were left.
func (c *Chart) drawLeft(sx, sy scale) {
	v := &c.canvas
	c.eachLeft(func(i int, left *curve) {
		last := left.col.Len() - 1
		x, y := left.col.X()[last], left.col.Smoothed(c.Smoothing).At(last)
		p, q := sx.at(c.axisX(left.clock, x)), sy.at(y)
		if !finite(y) || !(p >= 0 && p <= 1 && q >= 0 && q <= 1) {
			return
		}
		v.write(min(int(p*float64(v.w)), v.w-1), c.row(q), c.theme.Glyphs.Left, leftInk(i))
	})
}

// leftText says at how many kimg branches were left.
func (c *Chart) leftText() []string {
	var at []float64
	for _, s := range c.curves {
		for _, l := range s.leftCurves() {
			if !s.hidden && !slices.Contains(at, l.branch.To) {
				at = append(at, l.branch.To)
			}
		}
	}
	if len(at) == 0 {
		return nil
	}
	slices.Sort(at)
	text := c.theme.Glyphs.Left + " left at"
	for _, x := range at {
		text += " " + strconv.FormatFloat(x, 'g', 3, 64)
	}
	return []string{c.theme.Dim.Render(text)}
}
