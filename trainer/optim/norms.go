package optim

import (
	"fmt"
	"math"
	"slices"

	"innate/models"
	"innate/models/device"
)

// Norms are L2 norms over one parameter in one step.
type Norms struct {
	Grad   float64 // of the gradient, as cleaned
	Update float64 // of the change
	Weight float64 // of the values before the change
}

// Measure makes the next Step record what Norms returns. It does not change
// what the step computes.
func (b *Binding) Measure() { b.plan.Measure() }

// Norms returns the norms of the last measured step by parameter name. Those
// that are not bound, being frozen, are missing.
func (b *Binding) Norms() map[string]Norms {
	norms := make(map[string]Norms, len(b.slots))
	for i, s := range b.slots {
		sum := b.plan.Squares(i)
		norms[s.param.Name] = Norms{math.Sqrt(sum.Grad), math.Sqrt(sum.Update), math.Sqrt(sum.Weight)}
	}
	return norms
}

// Distance measures how far parameters have gone from where they began.
type Distance struct{ plan device.Distance }

// NewDistance compares params with start, which must hold each of their names in
// the same shape and must not change.
func NewDistance(params, start *models.ParamSet, dev device.Device) (*Distance, error) {
	var q []*models.Param
	for _, p := range params.All() {
		s := start.Get(p.Name)
		if s == nil {
			return nil, fmt.Errorf("optim: distance of %q: no such parameter at the start", p.Name)
		}
		if !slices.Equal(s.Shape, p.Shape) {
			return nil, fmt.Errorf("optim: distance of %q: shape %v at the start, want %v", p.Name, s.Shape, p.Shape)
		}
		q = append(q, s)
	}
	plan, err := dev.PlanDistance(params.All(), q)
	return &Distance{plan}, err
}

// Relative returns ‖w−w₀‖/‖w₀‖ for every parameter in order, w₀ being its
// start; NaN where w₀ is 0.
func (d *Distance) Relative() ([]float64, error) {
	sums, err := d.plan.Measure()
	relative := make([]float64, len(sums))
	for i, s := range sums {
		relative[i] = Ratio(math.Sqrt(s.Update), math.Sqrt(s.Weight))
	}
	return relative, err
}

// Ratio is change/size, or NaN for a size of 0, from which no change has a
// ratio.
func Ratio(change, size float64) float64 {
	if size == 0 {
		return math.NaN()
	}
	return change / size
}
