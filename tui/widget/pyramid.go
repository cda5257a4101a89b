package widget

// values is a growing series with summaries of full blocks of 16, 256, 4096 …
// values, so that a chart of any length looks at a few hundred numbers a column.
// The summaries are made when the series is first drawn and then kept up.
type values struct {
	v      []float64
	levels [][]column // levels[k][i] summarizes v[i*fanout^(k+1):(i+1)*fanout^(k+1)]
}

const fanout = 16

// sync extends the summaries to all full blocks.
func (s *values) sync() {
	for k, full := 0, len(s.v)/fanout; full > 0; k, full = k+1, full/fanout {
		if k == len(s.levels) {
			s.levels = append(s.levels, nil)
		}
		for i := len(s.levels[k]); i < full; i++ {
			var c column
			if k == 0 {
				c = summarize(s.v[i*fanout:(i+1)*fanout], false)
			} else {
				below := s.levels[k-1][i*fanout : (i+1)*fanout]
				for j := range below {
					c.merge(&below[j])
				}
			}
			s.levels[k] = append(s.levels[k], c)
		}
	}
}

// truncate keeps the first n values.
func (s *values) truncate(n int) {
	s.v = s.v[:n]
	for k := range s.levels {
		n /= fanout
		s.levels[k] = s.levels[k][:min(n, len(s.levels[k]))]
	}
}

// summary describes the values from i up to j; sync must have been called.
func (s *values) summary(i, j int, positive bool) column {
	var c column
	for i < j {
		block, size := s.block(i, j, positive)
		if block != nil {
			c.merge(block)
		} else {
			size = min(fanout-i%fanout, j-i)
			part := summarize(s.v[i:i+size], positive)
			c.merge(&part)
		}
		i += size
	}
	return c
}

// block returns the largest summary that starts at i and ends by j. Where values
// up to zero are gaps, a summary that has any doesn't serve.
func (s *values) block(i, j int, positive bool) (best *column, size int) {
	for k, n := 0, fanout; k < len(s.levels) && i%n == 0 && i+n <= j; k, n = k+1, n*fanout {
		b := &s.levels[k][i/n]
		if positive && b.n > 0 && b.min <= 0 {
			break // and so do all that contain it
		}
		best, size = b, n
	}
	return best, size
}

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

// decimate sorts the points of (x, y) into the columns between consecutive
// edges: column i takes edges[i] <= x < edges[i+1], the last one its right edge
// too. With positive, values up to zero are gaps like NaN. It also returns the
// range of points that lie within the edges.
func decimate(dst []column, x []float64, y *values, edges []float64, positive bool) (cols []column, from, to int) {
	y.sync()
	from = lowerBound(x, edges[0])
	to = from
	for e := 1; e < len(edges); e++ {
		edge := edges[e]
		if e == len(edges)-1 {
			edge = above(edge)
		}
		end := to + lowerBound(x[to:], edge)
		dst = append(dst, y.summary(to, end, positive))
		to = end
	}
	return dst, from, to
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
