package panes

import "math"

// curve is one series: points in order of x, NaN where there was no value.
type curve struct {
	name   string
	x      []float64
	y      values
	smooth values  // exponential moving average of y; grows with y
	weight float64 // the smoothing that smooth was computed with
	acc    float64 // running Σ (1-w) wⁿ y …
	mass   float64 // … and Σ (1-w) wⁿ, which corrects the start
}

func (c *curve) add(x, y float64) {
	// A resumed run may repeat its last tick; x must not go back.
	if n := len(c.x); n > 0 && x < c.x[n-1] {
		x = c.x[n-1]
	}
	c.x = append(c.x, x)
	c.y.add(y)
}

// smoothed returns the moving average with the given weight on the past, 0 for
// the curve itself. Only what was added since the last call is computed.
func (c *curve) smoothed(weight float64) *values {
	if weight <= 0 {
		return &c.y
	}
	if c.weight != weight {
		c.smooth, c.weight, c.acc, c.mass = values{}, weight, 0, 0
	}
	for _, y := range c.y.v[len(c.smooth.v):] {
		if !finite(y) {
			c.smooth.add(math.NaN())
			continue
		}
		c.acc = weight*c.acc + (1-weight)*y
		c.mass = weight*c.mass + (1 - weight)
		c.smooth.add(c.acc / c.mass)
	}
	return &c.smooth
}

// values is a growing series with a summary of every full block, so that a chart
// of 100,000 points looks at a few thousand numbers a frame.
type values struct {
	v      []float64
	blocks []column // of blockLen values each
}

const blockLen = 64

func (s *values) add(v float64) {
	s.v = append(s.v, v)
	if n := len(s.v); n%blockLen == 0 {
		s.blocks = append(s.blocks, summarize(s.v[n-blockLen:], false))
	}
}

// summary describes the values from i up to j.
func (s *values) summary(i, j int, positive bool) column {
	var c column
	for i < j {
		end := min(i-i%blockLen+blockLen, j)
		// A block's summary serves if it is wanted whole, and, where values up to
		// zero are gaps, if it has none.
		if b := i / blockLen; end-i == blockLen && !(positive && s.blocks[b].n > 0 && s.blocks[b].min <= 0) {
			c.merge(&s.blocks[b])
		} else {
			part := summarize(s.v[i:end], positive)
			c.merge(&part)
		}
		i = end
	}
	return c
}

// last returns the newest finite value.
func (s *values) last() (float64, bool) {
	for i := len(s.v) - 1; i >= 0; i-- {
		if finite(s.v[i]) {
			return s.v[i], true
		}
	}
	return 0, false
}

func finite(v float64) bool { return v-v == 0 }

// column is what one column of pixels shows of a curve. A curve of any length
// becomes one column per pixel, each with its extremes: spikes never vanish.
type column struct {
	first, last, min, max float64
	n                     int  // finite values in this column
	headGap, tailGap      bool // a NaN before the first, after the last value
}

// merge appends the column d to c.
func (c *column) merge(d *column) {
	if d.n == 0 {
		c.headGap = c.headGap || c.n == 0 && d.headGap
		c.tailGap = c.tailGap || d.tailGap
		return
	}
	if c.n == 0 {
		c.first, c.min, c.max = d.first, d.min, d.max
		c.headGap = c.headGap || d.headGap
	} else {
		c.min, c.max = min(c.min, d.min), max(c.max, d.max)
	}
	c.last, c.tailGap = d.last, d.tailGap
	c.n += d.n
}

// decimate sorts the points of (x, y) into the columns between consecutive
// edges: column i takes edges[i] <= x < edges[i+1], the last one its right edge
// too. With positive, values up to zero are gaps like NaN.
func decimate(dst []column, x []float64, y *values, edges []float64, positive bool) []column {
	dst = dst[:0]
	i := 0
	for i < len(x) && x[i] < edges[0] {
		i++
	}
	for e := 1; e < len(edges); e++ {
		end := len(x)
		if e < len(edges)-1 {
			end = i + lowerBound(x[i:], edges[e])
		}
		dst = append(dst, y.summary(i, end, positive))
		i = end
	}
	return dst
}

// lowerBound returns the first index with x[i] >= v, probing forward in growing
// steps because the answer is usually near.
func lowerBound(x []float64, v float64) int {
	step := 1
	lo := 0
	for lo+step < len(x) && x[lo+step] < v {
		lo += step
		step *= 2
	}
	hi := min(lo+step+1, len(x))
	for lo < hi {
		mid := (lo + hi) / 2
		if x[mid] < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func summarize(y []float64, positive bool) column {
	var c column
	for _, v := range y {
		if v-v != 0 || positive && v <= 0 {
			if c.n == 0 {
				c.headGap = true
			}
			c.tailGap = true
			continue
		}
		if c.n == 0 {
			c.first, c.min, c.max = v, v, v
		} else if v < c.min {
			c.min = v
		} else if v > c.max {
			c.max = v
		}
		c.last, c.tailGap = v, false
		c.n++
	}
	return c
}
