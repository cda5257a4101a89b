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
// The median is of up to 21 ticks and needs 10, because a loss first has to find
// its level. It counts as normalLoss at least: a GAN loss near 0 may grow a
// hundredfold when the other network catches up, and a penalty is small by its
// weight. What diverged but stayed finite joins the ticks before, so that a
// loss that settles on another level is normal again after some ten ticks.
const (
	recentTicks = 21
	leastTicks  = 10
	ticksInARow = 2

	// normalLoss is a tenth to a third of what our losses are for a network that
	// knows nothing: log 2 for a judgement, 2·log 2 for two, log 10 for ten
	// classes, about 2 for EDM at the start.
	normalLoss = 0.2
)

// divergence follows the losses of a run, tick by tick.
type divergence struct {
	curves map[string]*lossCurve
	active bool // a loss diverged, and not all of them are normal again
}

// lossCurve is the recent past of one loss.
type lossCurve struct {
	recent []lossPoint // the last finite ones, oldest first
	row    int         // ticks in a row that were out of bounds
}

type lossPoint struct {
	nimg int64
	size float64 // |mean|
}

// finding is a loss that has begun to diverge.
type finding struct {
	name          string
	value, median float64 // median is NaN if there were too few ticks
}

func (f finding) String() string {
	if math.IsNaN(f.value) || math.IsInf(f.value, 0) {
		return f.name + " is not finite"
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
			c = &lossCurve{}
			d.curves[name] = c
		}
		value := means[name]
		if median := c.median(); c.add(nimg, value, median, factor) {
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

// add takes the next value and reports whether the loss diverges with it.
func (c *lossCurve) add(nimg int64, value, median, factor float64) bool {
	finite := !math.IsNaN(value) && !math.IsInf(value, 0)
	if finite && !(math.Abs(value) > factor*max(median, normalLoss)) { // never beyond NaN
		c.row = 0
	} else {
		c.row++
	}
	if finite {
		if len(c.recent) == recentTicks {
			c.recent = slices.Delete(c.recent, 0, 1)
		}
		c.recent = append(c.recent, lossPoint{nimg, math.Abs(value)})
	}
	return c.row >= ticksInARow
}

// median is that of the recent sizes, NaN while there are too few.
func (c *lossCurve) median() float64 {
	n := len(c.recent)
	if n < leastTicks {
		return math.NaN()
	}
	sizes := make([]float64, n)
	for i, p := range c.recent {
		sizes[i] = p.size
	}
	slices.Sort(sizes)
	return (sizes[(n-1)/2] + sizes[n/2]) / 2
}
