package session

import (
	"math"
	"time"

	"innate/trainer/series"
	"innate/trainer/sweep"
)

// Ensemble is the curves of runs that differ in their seeds, as one: the mean over
// those that have come so far, and their deviation.
type Ensemble struct {
	Runs   []*series.Run // to take the ticks of each
	Mean   *series.Run
	Spread map[string]*series.Column // by scalar: deviation at the places of Mean's column

	scalars []string
	seen    []series.Version
}

// NewEnsemble returns an ensemble of n runs, whose mean goes into a run.
func NewEnsemble(n int, into *series.Run, scalars []string) *Ensemble {
	e := &Ensemble{Mean: into, scalars: scalars, Spread: map[string]*series.Column{}}
	for range n {
		e.Runs = append(e.Runs, series.Only(scalars...))
	}
	return e
}

// Update computes mean and deviation anew if a run has ticks that it had not.
func (e *Ensemble) Update() (changed bool) {
	var now []series.Version
	for _, r := range e.Runs {
		for _, name := range e.scalars {
			if col := r.Find(name); col != nil {
				now = append(now, col.Version())
			}
		}
	}
	changed = len(now) != len(e.seen)
	for i := range now {
		changed = changed || now[i] != e.seen[i]
	}
	if !changed {
		return false
	}
	e.seen = now
	e.Mean.Reset()
	clear(e.Spread)
	for _, name := range e.scalars {
		e.merge(name)
	}
	return true
}

// merge computes one scalar. Runs are compared at the same number of images, never in
// between: seeds of one configuration are measured at the same places.
func (e *Ensemble) merge(name string) {
	var cols []*series.Column
	var clocks []*series.Clock
	for _, r := range e.Runs {
		if col := r.Find(name); col != nil && col.Len() > 0 {
			cols, clocks = append(cols, col), append(clocks, r.Clock())
		}
	}
	if len(cols) == 0 {
		return
	}
	names, at := []string{name}, make([]int, len(cols))
	spread := series.NewColumn(name)
	values := make([]float64, 0, len(cols))
	for {
		x := math.Inf(1)
		for i, col := range cols {
			if at[i] < col.Len() {
				x = min(x, col.X()[at[i]])
			}
		}
		if math.IsInf(x, 1) {
			break
		}
		values = values[:0]
		minutes, timed := 0.0, 0
		for i, col := range cols {
			seen := false
			for at[i] < col.Len() && col.X()[at[i]] == x { // the last of several
				if v := col.At(at[i]); !seen {
					values = append(values, v)
				} else {
					values[len(values)-1] = v
				}
				at[i]++
				seen = true
			}
			if seen && clocks[i].Known() {
				minutes += clocks[i].Minutes(x)
				timed++
			}
		}
		s := sweep.Describe(values)
		var when time.Time
		if timed > 0 {
			when = time.Unix(0, 0).Add(time.Duration(minutes / float64(timed) * float64(time.Minute)))
		}
		e.Mean.Append(x, when, names, []float64{s.Mean})
		spread.Add(x, s.SD)
	}
	e.Mean.Clock().SetStart(time.Unix(0, 0))
	e.Spread[name] = spread
}
