package method

import (
	"math"
	"time"
)

// NonFiniteGrads is how many values of a step's gradients were NaN or infinite.
// The optimizer replaces them, by 0 and ±1e5, and training continues.
const NonFiniteGrads = "grad/nonfinite"

// Scalars collects the values of one tick. A name given several times is
// averaged; what is charted is the mean since the last tick.
type Scalars struct {
	Sum   map[string]float64
	Count map[string]int // how often each was added
	Steps int

	stage map[string]time.Duration
}

// NewScalars starts with none.
func NewScalars() *Scalars {
	return &Scalars{Sum: map[string]float64{}, Count: map[string]int{}, stage: map[string]time.Duration{}}
}

// Add records one value. Non-finite values are recorded too: the mean is then
// not finite and appears as a gap in the chart.
func (s *Scalars) Add(name string, v float64) {
	s.Sum[name] += v
	s.Count[name]++
}

// More adds to what the last Add of a name recorded.
func (s *Scalars) More(name string, v float64) { s.Sum[name] += v }

// Time adds the time since start to a stage of the step and returns now, so
// that stages can be chained. On a GPU that is the time of handing the work over.
func (s *Scalars) Time(stage string, start time.Time) time.Time {
	now := time.Now()
	s.stage[stage] += now.Sub(start)
	return now
}

// Means returns the mean of every value.
func (s *Scalars) Means() map[string]float64 {
	m := make(map[string]float64, len(s.Sum))
	for name, sum := range s.Sum {
		m[name] = sum / float64(s.Count[name])
	}
	return m
}

// StageMs returns the milliseconds that each stage took, averaged over steps.
func (s *Scalars) StageMs() map[string]float64 {
	m := make(map[string]float64, len(s.stage))
	for name, d := range s.stage {
		m[name] = math.Round(d.Seconds()*1e6/float64(max(1, s.Steps))) / 1e3
	}
	return m
}
