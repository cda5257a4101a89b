package widget

import (
	"cmp"
	"slices"
	"strings"

	"innate/trainer/series"
)

// Run is the curves of one run, whose columns are found as its log grows.
type Run struct {
	name  string // empty for the main run
	owner *Curves
	data  *series.Run
	seen  int // columns that have a curve, or need none
	known map[*series.Column]bool
}

func (c *Curves) newRun(name string, data *series.Run) *Run {
	return &Run{name: name, owner: c, data: data, known: map[*series.Column]bool{}}
}

// sync makes curves of the columns that are new. Colours go by their order, which
// must not depend on how many ticks were read at once.
func (r *Run) sync() {
	columns := r.data.Columns()
	if r.seen == len(columns) {
		return
	}
	fresh := slices.DeleteFunc(slices.Clone(columns[r.seen:]), func(c *series.Column) bool { return r.known[c] })
	slices.SortStableFunc(fresh, func(a, b *series.Column) int {
		return cmp.Or(cmp.Compare(a.Born, b.Born), r.owner.known.compareScalars(a.Name, b.Name))
	})
	for _, col := range fresh {
		r.owner.newCurve(r, col)
	}
	r.seen = len(columns)
}

// shownAtFirst is how many scalars of one run a group shows until the user asks
// for more: beyond, a chart is a tangle.
const shownAtFirst = 8

// newCurve makes the curve of a scalar that a run has for the first time.
func (c *Curves) newCurve(r *Run, col *series.Column) {
	name, short, found := strings.Cut(col.Name, "/")
	if !found {
		short = col.Name
	}
	if r.name != "" {
		short += " " + r.name
	}
	g := c.group(name)
	s := &curve{name: short, col: col, clock: r.data.Clock(), guest: r != c.main, branches: r == c.main}
	siblings := 0
	for _, o := range g.chart.curves {
		if o.clock == s.clock {
			siblings++
		}
	}
	s.hidden = siblings >= shownAtFirst
	g.chart.curves = append(g.chart.curves, s)
}
