package widget

import (
	"math"
	"slices"
	"time"
)

// curve is one series: points in order of x, NaN where there was no value.
// Adding a point is two appends; whatever drawing needs is computed when it is
// drawn, and only for what is new.
type curve struct {
	name   string
	x      []float64 // kimg
	y      values
	clock  *clock // when the points were made; shared by the curves of a run
	hidden bool
	guest  bool // of another run than the chart's own

	smooth values  // exponential moving average of y; grows with y
	weight float64 // the smoothing that smooth was computed with
	acc    float64 // running Σ (1-w) wⁿ y …
	mass   float64 // … and Σ (1-w) wⁿ, which corrects the start

	top     int  // index of the best value among the first topSeen, -1 = none
	topSeen int  // values looked at for it
	topMax  bool // whether the largest is the best
	textW   int  // widest value shown so far: the legend only ever grows
}

func newCurve(name string, k *clock) *curve { return &curve{name: name, clock: k, top: -1} }

func (c *curve) add(x, y float64) {
	// A resumed run may repeat its last tick; x must not go back.
	if n := len(c.x); n > 0 && x < c.x[n-1] {
		x = c.x[n-1]
	}
	c.x = push(c.x, x)
	c.y.v = push(c.y.v, y)
}

// push appends a number, doubling the room: append's smaller steps would copy a
// long series five times over.
func push(s []float64, v float64) []float64 {
	if len(s) == cap(s) {
		s = slices.Grow(s, max(len(s), 64))
	}
	return append(s, v)
}

// rewind drops the points beyond x.
func (c *curve) rewind(x float64) {
	n := lowerBound(c.x, above(x))
	if n == len(c.x) {
		return
	}
	c.x = c.x[:n]
	c.y.truncate(n)
	c.smooth, c.weight = values{}, 0
	c.top, c.topSeen = -1, 0
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
			c.smooth.v = append(c.smooth.v, math.NaN())
			continue
		}
		c.acc = weight*c.acc + (1-weight)*y
		c.mass = weight*c.mass + (1 - weight)
		c.smooth.v = append(c.smooth.v, c.acc/c.mass)
	}
	return &c.smooth
}

// best returns the index of the first smallest, or largest, finite value, -1 if
// there is none.
func (c *curve) best(largest bool) int {
	if c.topMax != largest {
		c.top, c.topSeen, c.topMax = -1, 0, largest
	}
	for i, y := range c.y.v[c.topSeen:] {
		if finite(y) && (c.top < 0 || largest && y > c.y.v[c.top] || !largest && y < c.y.v[c.top]) {
			c.top = c.topSeen + i
		}
	}
	c.topSeen = len(c.y.v)
	return c.top
}

// at returns the index of the last point up to x, -1 if there is none.
func (c *curve) at(x float64) int { return lowerBound(c.x, above(x)) - 1 }

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

// above is the next larger number, which turns x < b into x <= b.
func above(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }

// clock translates between images seen and minutes since the start of a run, so
// that curves need no times of their own.
type clock struct {
	start   time.Time
	x, mins []float64 // x strictly rising, mins never falling
}

func (k *clock) add(x float64, t time.Time) {
	if t.IsZero() {
		return
	}
	if k.start.IsZero() {
		k.start = t
	}
	m := max(t.Sub(k.start).Minutes(), 0)
	if n := len(k.x); n > 0 {
		if x <= k.x[n-1] {
			return // a value that belongs to an earlier tick
		}
		m = max(m, k.mins[n-1])
	}
	k.x, k.mins = push(k.x, x), push(k.mins, m)
}

// setStart moves the origin of the minutes.
func (k *clock) setStart(t time.Time) {
	if !k.start.IsZero() {
		shift := k.start.Sub(t).Minutes()
		for i, m := range k.mins {
			k.mins[i] = max(m+shift, 0)
		}
	}
	k.start = t
}

func (k *clock) rewind(x float64) {
	n := lowerBound(k.x, above(x))
	k.x, k.mins = k.x[:n], k.mins[:n]
}

func (k *clock) known() bool { return k != nil && len(k.x) > 0 }

// minutes returns when x was reached; before the first tick it counts from the
// origin, after the last it stays.
func (k *clock) minutes(x float64) float64 { return follow(k.x, k.mins, x) }

// kimg returns the smallest x reached at that minute: points from there on are
// as late or later. Before the start that is any x, at the end and after it none.
func (k *clock) kimg(minute float64) float64 {
	if minute < 0 {
		return math.Inf(-1)
	}
	if minute >= k.mins[len(k.mins)-1] {
		return math.Inf(1)
	}
	return follow(k.mins, k.x, minute)
}

// follow interpolates the polygon of the points (from, to), which starts at the
// origin.
func follow(from, to []float64, v float64) float64 {
	i := lowerBound(from, v)
	if i == len(from) {
		return to[i-1]
	}
	f0, t0 := 0.0, 0.0
	if i > 0 {
		f0, t0 = from[i-1], to[i-1]
	}
	if from[i] == v || from[i] <= f0 {
		return to[i]
	}
	return t0 + (to[i]-t0)*(v-f0)/(from[i]-f0)
}
