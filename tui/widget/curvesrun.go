package widget

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Run is the curves of one run. It is told ticks in order of x, except that an
// evaluation may come late, with the x of the state that was evaluated.
type Run struct {
	name    string // empty for the main run
	owner   *Curves
	clock   *clock
	scalars []*scalar
	byKey   map[string]*scalar
	x       []float64 // of the regular scalars
	settled bool      // which scalars are regular has been found out
	values  []float64 // of the tick that is being added
}

// scalar is one name in the log. Regular ones have been in every tick that had
// any of them, so they share their x.
type scalar struct {
	key     string
	curve   *curve
	seldom  bool
	regular bool
}

// SetStart sets when the run was started.
func (r *Run) SetStart(t time.Time) { r.clock.setStart(t) }

// AddTick appends a tick: x in kimg. The map is not kept.
func (r *Run) AddTick(x float64, t time.Time, scalars map[string]float64) {
	r.clock.add(x, t)
	// Nearly every tick has the same scalars, so asking for the known ones is
	// cheaper than looking up those that it has.
	hits, regular, present := 0, 0, 0
	r.values = r.values[:0]
	for _, s := range r.scalars {
		y, ok := scalars[s.key]
		if !ok {
			y = absent
		} else {
			hits++
		}
		if s.regular {
			regular++
			if ok {
				present++
			}
		}
		r.values = append(r.values, y)
	}
	if present > 0 {
		if n := len(r.x); n > 0 {
			x = max(x, r.x[n-1]) // as curve.add does
		}
		r.x = push(r.x, x)
	}
	for i, s := range r.scalars {
		r.add(s, x, r.values[i], present > 0 && present < regular)
	}
	if hits < len(scalars) {
		r.addUnknown(x, scalars)
	}
}

// absent marks a scalar that a tick doesn't have; no measurement is it.
const absent = -math.MaxFloat64

// add gives a scalar its value of the tick. With split, a regular one that is
// absent has its own x from now on.
func (r *Run) add(s *scalar, x, y float64, split bool) {
	switch {
	case y == absent:
		if s.regular && split {
			s.regular, s.curve.x = false, slices.Clone(s.curve.x)
		}
	case s.regular:
		if cap(s.curve.x) < len(r.x) {
			s.curve.x = r.x // which has moved
		}
		s.curve.x = s.curve.x[:len(r.x)]
		s.curve.y.v = push(s.curve.y.v, y)
	case s.seldom && math.IsNaN(y):
		// Null means that this tick had no evaluation.
	default:
		s.curve.add(x, y)
	}
}

// addUnknown takes in the scalars that the run has for the first time. Those of
// the first tick of training are the regular ones.
func (r *Run) addUnknown(x float64, scalars map[string]float64) {
	var unknown []string
	for key := range scalars {
		if r.byKey[key] == nil {
			unknown = append(unknown, key)
		}
	}
	// Maps have no order, but colours go by it.
	slices.SortFunc(unknown, compareKeys)
	first := false
	for _, key := range unknown {
		s := r.owner.newScalar(r, key)
		r.scalars, r.byKey[key] = append(r.scalars, s), s
		if !r.settled && !s.seldom {
			r.settled, first = true, true
			r.x = push(r.x, x)
		}
		s.regular = first && !s.seldom
		r.add(s, x, scalars[key], false)
	}
}

// Rewind drops what the run had beyond nimg.
func (r *Run) Rewind(nimg int64) {
	x := float64(nimg) / 1000
	r.clock.rewind(x)
	r.x = r.x[:lowerBound(r.x, above(x))]
	for _, s := range r.scalars {
		s.curve.rewind(x)
	}
}

// shownAtFirst is how many scalars of one run a group shows until the user asks
// for more: beyond, a chart is a tangle.
const shownAtFirst = 8

// newScalar makes the curve of a scalar that a run has for the first time.
func (c *Curves) newScalar(r *Run, key string) *scalar {
	name, short, found := strings.Cut(key, "/")
	if !found {
		short = key
	}
	if r.name != "" {
		short += " " + r.name
	}
	g := c.group(name)
	s := newCurve(short, r.clock)
	s.guest = r != c.main
	siblings := 0
	for _, o := range g.chart.curves {
		if o.clock == r.clock {
			siblings++
		}
	}
	s.hidden = siblings >= shownAtFirst
	g.chart.curves = append(g.chart.curves, s)
	return &scalar{key: key, curve: s, seldom: g.kind.seldom}
}

// compareKeys orders the scalars of a tick: the two sides of the game and the
// held-out value first, the rest by name.
func compareKeys(a, b string) int {
	rank := func(key string) int {
		_, short, _ := strings.Cut(key, "/")
		if i := slices.Index([]string{"gen", "disc", "test", "real", "fake"}, short); i >= 0 {
			return i
		}
		return math.MaxInt
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}
