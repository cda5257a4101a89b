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

// Distances are how far parameters are from their start w₀, in order, relative to
// ‖w₀‖; NaN where that is 0. The squares of Direction and Norm add up to that of
// Whole: 2·‖w‖·‖w₀‖·(1-cos), for the angle between w and w₀, and (‖w‖-‖w₀‖)².
type Distances struct {
	Whole     []float64 // ‖w-w₀‖/‖w₀‖
	Direction []float64
	Norm      []float64 // ‖w‖/‖w₀‖ - 1, with its sign
}

// Relative measures all distances.
func (d *Distance) Relative() (Distances, error) {
	sums, err := d.plan.Measure()
	r := Distances{make([]float64, len(sums)), make([]float64, len(sums)), make([]float64, len(sums))}
	for i, s := range sums {
		start, norm := math.Sqrt(s.Weight), math.Sqrt(s.Value)-math.Sqrt(s.Weight)
		r.Whole[i] = Ratio(math.Sqrt(s.Update), start)
		r.Direction[i] = Ratio(math.Sqrt(max(0, s.Update-norm*norm)), start) // less is rounding
		r.Norm[i] = Ratio(norm, start)
	}
	return r, err
}

// Ratio is change/size, or NaN for a size of 0, from which no change has a
// ratio.
func Ratio(change, size float64) float64 {
	if size == 0 {
		return math.NaN()
	}
	return change / size
}
