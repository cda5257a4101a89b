package widget

import (
	"math"

	"innate/trainer/series"
)

// curve is one line of a chart: a column, which it only looks at, and how it is
// shown.
type curve struct {
	name     string
	col      *series.Column
	spread   *series.Column // deviation at each of its points, drawn as a band; nil for none
	clock    *series.Clock  // when the points were made; shared by the curves of a run
	hidden   bool
	guest    bool           // of another run than the chart's own
	branches bool           // those that its run left show, too …
	left     []*curve       // … as they were when last looked at
	branch   *series.Branch // of one of those
	textW    int            // widest value shown so far: the legend only ever grows
}

func newCurve(name string, k *series.Clock) *curve {
	return &curve{name: name, col: series.NewColumn(name), clock: k}
}

func finite(v float64) bool { return v-v == 0 }

// above is the next larger number, which turns x < b into x <= b.
func above(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }

// bin sorts the points at x into those between consecutive edges: bin i takes
// edges[i] <= x < edges[i+1], the last one its right edge too. It appends the
// first point of the first bin, and where each ends.
//
// A bin of many points ends where a block of the series' summaries does, which
// reads no single points: that moves an edge by less than half of the bin, which
// is a dot, or by less than a dot where that is few blocks.
func bin(dst []int, x, edges []float64) []int {
	to := series.Search(x, edges[0])
	dst = append(dst, to)
	for e := 1; e < len(edges); e++ {
		edge := edges[e]
		if e == len(edges)-1 {
			edge = above(edge)
		}
		end := to + series.Search(x[to:], edge)
		if e < len(edges)-1 {
			end = series.Snap(to, end)
		}
		dst = append(dst, end)
		to = end
	}
	return dst
}

// decimate summarizes the points of each bin. With positive, values up to zero
// are gaps like NaN.
func decimate(dst []series.Span, y series.View, ends []int, positive bool) []series.Span {
	for i := 1; i < len(ends); i++ {
		dst = append(dst, y.Span(ends[i-1], ends[i], positive))
	}
	return dst
}
