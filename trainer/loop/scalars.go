package loop

import (
	"math"
	"time"
)

// nonFiniteGrads is how many values of a step's gradients were NaN or infinite.
// The optimizer replaces them, by 0 and ±1e5, and training goes on.
const nonFiniteGrads = "grad/nonfinite"

// scalars collects the values of one tick. A name given several times is
// averaged; what is charted is the mean since the last tick.
type scalars struct {
	sum   map[string]float64
	count map[string]int
	stage map[string]time.Duration
	steps int
}

func newScalars() *scalars {
	return &scalars{sum: map[string]float64{}, count: map[string]int{}, stage: map[string]time.Duration{}}
}

// add records one value. Non-finite values are recorded too: the mean is then
// not finite and appears as a gap in the chart.
func (s *scalars) add(name string, v float64) {
	s.sum[name] += v
	s.count[name]++
}

// time adds the time since start to a stage of the step and returns now, so
// that stages can be chained.
func (s *scalars) time(stage string, start time.Time) time.Time {
	now := time.Now()
	s.stage[stage] += now.Sub(start)
	return now
}

// means returns the mean of every value.
func (s *scalars) means() map[string]float64 {
	m := make(map[string]float64, len(s.sum))
	for name, sum := range s.sum {
		m[name] = sum / float64(s.count[name])
	}
	return m
}

// stageMs returns the milliseconds that each stage took, averaged over steps.
func (s *scalars) stageMs() map[string]float64 {
	m := make(map[string]float64, len(s.stage))
	for name, d := range s.stage {
		m[name] = math.Round(d.Seconds()*1e6/float64(max(1, s.steps))) / 1e3
	}
	return m
}

// rate follows images per second over the last steps. It counts training time
// alone, so that a freeze shows at once and an evaluation does not hide it.
type rate struct {
	ring [16]time.Duration
	n    int
}

func (r *rate) add(d time.Duration) {
	r.ring[r.n%len(r.ring)] = d
	r.n++
}

// perSec returns images per second at that batch size, 0 before the first step.
func (r *rate) perSec(batch int) float64 {
	k := min(r.n, len(r.ring))
	var sum time.Duration
	for _, d := range r.ring[:k] {
		sum += d
	}
	if sum == 0 {
		return 0
	}
	return float64(k*batch) / sum.Seconds()
}

// reset forgets the past, after a change that makes it meaningless.
func (r *rate) reset() { *r = rate{} }
