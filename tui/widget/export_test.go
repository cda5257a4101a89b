package widget

import (
	"slices"
	"time"
)

// Ticks returns the labels and values of an axis.
func Ticks(lo, hi float64, log bool, n int) (labels []string, values []float64) {
	for _, t := range newScale(lo, hi, log).ticks(n) {
		labels, values = append(labels, t.label), append(values, t.v)
	}
	return labels, values
}

// Column is what decimation keeps of a column.
type Column struct {
	First, Last, Min, Max float64
	N                     int
	HeadGap, TailGap      bool
}

// Decimate sorts points into the columns between edges.
func Decimate(x, y, edges []float64, positive bool) []Column {
	var out []Column
	ys := values{v: slices.Clone(y)}
	cols, _, _ := decimate(nil, x, &ys, edges, positive)
	for _, c := range cols {
		out = append(out, Column{c.first, c.last, c.min, c.max, c.n, c.headGap, c.tailGap})
	}
	return out
}

// Smooth returns the moving average of ys, added in pieces of the given size.
func Smooth(ys []float64, weight float64, piece int) []float64 {
	c := newCurve("", nil)
	for i, y := range ys {
		c.add(float64(i), y)
		if i%piece == 0 {
			c.smoothed(weight)
		}
	}
	return c.smoothed(weight).v
}

// Window returns the range of x that is seen.
func (c *Chart) Window() (lo, hi float64) {
	lo, hi, _ = c.windowX()
	return lo, hi
}

// Clock translates between images and minutes.
type Clock struct{ clock }

// Kimg and Minutes are the two directions.
func (k *Clock) Kimg(minute float64) float64 { return k.kimg(minute) }

// Minutes returns when x was reached.
func (k *Clock) Minutes(x float64) float64 { return k.minutes(x) }

// Add appends a tick.
func (k *Clock) Add(x float64, t time.Time) { k.add(x, t) }
