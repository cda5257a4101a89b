package loop

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// A loss diverges when, for two ticks in a row, its mean is not finite or lies
// beyond live.diverge_factor times the median of its size in the ticks before.
// The median is of up to 21 ticks. It counts as normalLoss at least: a GAN loss
// near 0 may grow a hundredfold when the other network catches up, and a penalty
// is small by its weight. What diverged but stayed finite joins the ticks before,
// so that a loss that stays on another level is normal again after some ten
// ticks.
//
// In the first ten ticks a loss has to find its level. Meanwhile the median is of
// those that were in bounds, and counts as earlyLoss at least; a loss that begins
// out of bounds is seen by that alone.
const (
	recentTicks = 21
	leastTicks  = 10
	ticksInARow = 2

	// normalLoss is a tenth to a third of what our losses are for a network that
	// knows nothing: log 2 for a judgement, 2·log 2 for two, log 10 for ten
	// classes, about 2 for EDM at the start.
	normalLoss = 0.2

	// earlyLoss is the largest of them.
	earlyLoss = 2.3
)

// penalties are losses whose size is that of their weight, which nobody can tell
// before they have been seen.
var penalties = map[string]bool{"loss/r1": true}

// divergence follows the losses of a run, tick by tick.
type divergence struct {
	curves map[string]*lossCurve
	active bool // a loss diverged, and not all of them are normal again
}

// lossCurve is the recent past of one loss.
type lossCurve struct {
	recent  []lossPoint // the last finite ones, oldest first
	row     int         // ticks in a row that were out of bounds
	penalty bool        // of a size that nobody can tell before
}

type lossPoint struct {
	nimg int64
	size float64 // |mean|
	wild bool    // out of bounds
}

// finding is a loss that has begun to diverge.
type finding struct {
	name          string
	value, median float64 // median is NaN if no tick was in bounds before
}

func (f finding) String() string {
	if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
		return f.name + " is not finite"
	}
	if math.IsNaN(f.median) {
		return fmt.Sprintf("%s is %.4g from the start", f.name, f.value)
	}
	return fmt.Sprintf("%s is %.4g after a median of %.4g", f.name, f.value, f.median)
}

// describeFindings puts findings on one line.
func describeFindings(found []finding) string {
	texts := make([]string, len(found))
	for i, f := range found {
		texts[i] = f.String()
	}
	return strings.Join(texts, ", ")
}

// observe takes the means of one tick. It returns the losses that diverge, in
// order of their names, at the tick where that begins, and again only after all
// losses have been normal.
func (d *divergence) observe(nimg int64, means map[string]float64, factor float64) []finding {
	if d.curves == nil {
		d.curves = map[string]*lossCurve{}
	}
	var found []finding
	for _, name := range slices.Sorted(maps.Keys(means)) {
		if !strings.HasPrefix(name, "loss/") {
			continue
		}
		c := d.curves[name]
		if c == nil {
			c = &lossCurve{penalty: penalties[name]}
			d.curves[name] = c
		}
		value := means[name]
		median, bound := c.bound(factor)
		if c.add(nimg, value, bound) {
			found = append(found, finding{name, value, median})
		}
	}
	switch {
	case !d.suspect():
		d.active = false
	case len(found) > 0 && !d.active:
		d.active = true
		return found
	}
	return nil
}

// suspect reports whether a loss was out of bounds in its last tick.
func (d *divergence) suspect() bool {
	for _, c := range d.curves {
		if c.row > 0 {
			return true
		}
	}
	return false
}

// rewind forgets what came after nimg: the run went back there.
func (d *divergence) rewind(nimg int64) {
	for _, c := range d.curves {
		c.row = 0
		c.recent = slices.DeleteFunc(c.recent, func(p lossPoint) bool { return p.nimg > nimg })
	}
	d.active = false
}

// add takes the next value, and the bound for it, and reports whether the loss
// diverges with it.
func (c *lossCurve) add(nimg int64, value, bound float64) bool {
	finite := !math.IsNaN(value) && !math.IsInf(value, 0)
	wild := !finite || math.Abs(value) > bound
	if wild {
		c.row++
	} else {
		c.row = 0
	}
	if finite {
		if len(c.recent) == recentTicks {
			c.recent = slices.Delete(c.recent, 0, 1)
		}
		c.recent = append(c.recent, lossPoint{nimg, math.Abs(value), wild})
	}
	return c.row >= ticksInARow
}

// bound is what the next value may be, and the median that it comes from: NaN
// while none was in bounds.
func (c *lossCurve) bound(factor float64) (median, bound float64) {
	early := len(c.recent) < leastTicks
	var sizes []float64
	for _, p := range c.recent {
		if !early || !p.wild {
			sizes = append(sizes, p.size)
		}
	}
	switch median = medianOf(sizes); {
	case !early:
		return median, factor * max(median, normalLoss)
	case len(sizes) > 0:
		return median, factor * max(median, earlyLoss)
	case c.penalty:
		return median, math.Inf(1)
	}
	return median, factor * earlyLoss
}

// medianOf sorts values in place; of none it is NaN.
func medianOf(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}
