package series

import (
	"math"
	"time"
)

// Clock translates between images seen and minutes since the start of a run, so
// that columns need no times of their own. Clocks of one run share its ticks.
type Clock struct {
	start time.Time
	of    *Clock // of the run whose branch this is, which says where minutes begin
	*ticks
}

// ticks are when images had been seen.
type ticks struct {
	x  []float64 // kimg, strictly rising
	at []int64   // nanoseconds since 1970, never falling
}

// NewClock returns a clock without a tick.
func NewClock() *Clock { return &Clock{ticks: new(ticks)} }

// Add appends a tick. One of no time, or of earlier images, tells nothing.
func (k *Clock) Add(x float64, t time.Time) {
	if t.IsZero() {
		return
	}
	at := t.UnixNano()
	if n := len(k.x); n > 0 {
		if x <= k.x[n-1] {
			return // a value that belongs to an earlier tick
		}
		at = max(at, k.at[n-1])
	}
	k.x, k.at = append(k.x, x), append(k.at, at)
}

// SetStart moves the origin of the minutes from the first tick.
func (k *Clock) SetStart(t time.Time) { k.start = t }

// Start is the origin of the minutes.
func (k *Clock) Start() time.Time {
	if k.of != nil {
		return k.of.Start()
	}
	if k.start.IsZero() && len(k.at) > 0 {
		return time.Unix(0, k.at[0])
	}
	return k.start
}

// Known tells whether there is a tick.
func (k *Clock) Known() bool { return k != nil && len(k.x) > 0 }

// Last is the newest tick.
func (k *Clock) Last() (x float64) { return k.x[len(k.x)-1] }

func (k *Clock) cut(x float64) {
	n := Search(k.x, above(x))
	k.x, k.at = k.x[:n], k.at[:n]
}

// minute is when tick i was.
func (k *Clock) minute(start int64, i int) float64 {
	return max(time.Duration(k.at[i]-start).Minutes(), 0)
}

// Minutes returns when x was reached; before the first tick it counts from the
// origin, after the last it stays.
func (k *Clock) Minutes(x float64) float64 {
	start := k.Start().UnixNano()
	i := Search(k.x, x)
	if i == len(k.x) {
		return k.minute(start, i-1)
	}
	x0, m0, m1 := 0.0, 0.0, k.minute(start, i)
	if i > 0 {
		x0, m0 = k.x[i-1], k.minute(start, i-1)
	}
	if k.x[i] == x || k.x[i] <= x0 {
		return m1
	}
	return m0 + (m1-m0)*(x-x0)/(k.x[i]-x0)
}

// Kimg returns the smallest x reached at that minute: points from there on are
// as late or later. Before the start that is any x, at the end and after it none.
func (k *Clock) Kimg(minute float64) float64 {
	start, n := k.Start().UnixNano(), len(k.x)
	switch {
	case minute < 0:
		return math.Inf(-1)
	case minute >= k.minute(start, n-1):
		return math.Inf(1)
	}
	lo, hi := 0, n
	for lo < hi {
		if mid := (lo + hi) / 2; k.minute(start, mid) < minute {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	m0, x0, m1 := 0.0, 0.0, k.minute(start, lo)
	if lo > 0 {
		m0, x0 = k.minute(start, lo-1), k.x[lo-1]
	}
	if m1 == minute || m1 <= m0 {
		return k.x[lo]
	}
	return x0 + (k.x[lo]-x0)*(minute-m0)/(m1-m0)
}

// Search returns the first index with x[i] >= v, probing forward in growing
// steps because the answer is usually near.
func Search(x []float64, v float64) int {
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

// above is the next larger number, which turns x < b into x <= b.
func above(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }

func finite(v float64) bool { return v-v == 0 }
