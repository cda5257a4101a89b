package widget

import (
	"maps"
	"slices"
	"time"

	"innate/trainer/series"
)

// Ticks returns the labels and values of an axis.
func Ticks(lo, hi float64, log bool, n int) (labels []string, values []float64) {
	for _, t := range newScale(lo, hi, log).ticks(nil, n) {
		labels, values = append(labels, t.label), append(values, t.v)
	}
	return labels, values
}

// Decimate sorts points into the columns between edges.
func Decimate(x, y, edges []float64, positive bool) []series.Span {
	col := series.NewColumn("")
	for i := range x {
		col.Add(x[i], y[i])
	}
	spans := decimate(nil, col.Smoothed(0), bin(nil, col.X(), edges), positive)
	return spans
}

// Feed appends ticks to a run of a test: x in kimg.
type Feed func(x float64, t time.Time, scalars map[string]float64)

// FeedOf appends to a run. As in a log, evaluations without a value are none.
func FeedOf(r *series.Run) Feed {
	return func(x float64, t time.Time, scalars map[string]float64) {
		var names []string
		var values []float64
		for _, name := range slices.Sorted(maps.Keys(scalars)) {
			if v := scalars[name]; name != "fid" || v == v {
				names, values = append(names, name), append(values, v)
			}
		}
		r.Append(x, t, names, values)
	}
}

// AddTick appends a tick of the main run.
func (c *Curves) AddTick(x float64, t time.Time, scalars map[string]float64) {
	FeedOf(c.main.data)(x, t, scalars)
}

// Forget has all charts drawn anew.
func (c *Curves) Forget() {
	for _, g := range c.groups {
		g.drawn = drawnChart{}
	}
}

// Cut takes the main run back.
func (c *Curves) Cut(nimg int64) { c.main.data.Cut(nimg) }

// Window returns the range of x that is seen.
func (c *Chart) Window() (lo, hi float64) {
	lo, hi, _ = c.windowX()
	return lo, hi
}
