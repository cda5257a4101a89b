package optim

import (
	"fmt"
	"math"
	"slices"

	"innate/models"
	"innate/models/kernels"
)

// squares are sums of squares over the values of one job. Each is summed in
// float64 by one worker, and the jobs of a parameter are added in order, so that
// norms do not depend on the number of threads.
type squares struct{ grad, update, weight float64 }

// apart returns Σ (p−q)² and Σ q² and leaves p−q in q.
func apart(p, q []float32) (difference, reference float64) {
	reference = kernels.Dot(q, q)
	kernels.Sub(q, p, q)
	return kernels.Dot(q, q), reference
}

// Norms are L2 norms over one parameter in one step.
type Norms struct {
	Grad   float64 // of the gradient, as cleaned
	Update float64 // of the change
	Weight float64 // of the values before the change
}

// GradNorm is the L2 norm of all gradients of the last Step, as cleaned.
func (b *Binding) GradNorm() float64 {
	sum := 0.0
	for i := range b.jobs {
		sum += b.jobs[i].squares.grad
	}
	return math.Sqrt(sum)
}

// Measure makes the next Step record what Norms returns. It does not change
// what the step computes.
func (b *Binding) Measure() {
	for len(b.before) < b.adam.pool.Threads() {
		b.before = append(b.before, make([]float32, chunkValues))
	}
	b.measuring = true
}

// Norms returns the norms of the last measured step by parameter name. Those
// that are not bound, being frozen, are missing.
func (b *Binding) Norms() map[string]Norms {
	sums := map[string]squares{}
	for i := range b.jobs {
		name, s := b.jobs[i].slot.param.Name, b.jobs[i].squares
		sum := sums[name]
		sums[name] = squares{sum.grad + s.grad, sum.update + s.update, sum.weight + s.weight}
	}
	norms := make(map[string]Norms, len(sums))
	for name, s := range sums {
		norms[name] = Norms{math.Sqrt(s.grad), math.Sqrt(s.update), math.Sqrt(s.weight)}
	}
	return norms
}

// Distance measures how far parameters have gone from where they began.
type Distance struct {
	pool   *kernels.Pool
	params int
	jobs   []distanceJob
	before [][]float32 // by worker
	run    func(worker, job int)
}

// distanceJob compares part of parameter number param.
type distanceJob struct {
	param    int
	p, start []float32
	squares  squares // update is the way from start, weight that of start
}

// NewDistance compares params with start, which must hold each of their names in
// the same shape and must not change.
func NewDistance(params, start *models.ParamSet, pool *kernels.Pool) (*Distance, error) {
	d := &Distance{pool: pool, params: len(params.All())}
	for i, p := range params.All() {
		q := start.Get(p.Name)
		if q == nil {
			return nil, fmt.Errorf("optim: distance of %q: no such parameter at the start", p.Name)
		}
		if !slices.Equal(q.Shape, p.Shape) {
			return nil, fmt.Errorf("optim: distance of %q: shape %v at the start, want %v", p.Name, q.Shape, p.Shape)
		}
		for lo := 0; lo < len(p.Data); lo += chunkValues {
			hi := min(lo+chunkValues, len(p.Data))
			d.jobs = append(d.jobs, distanceJob{param: i, p: p.Data[lo:hi], start: q.Data[lo:hi]})
		}
	}
	for range pool.Threads() {
		d.before = append(d.before, make([]float32, chunkValues))
	}
	d.run = d.compare
	return d, nil
}

// Relative returns ‖w−w₀‖/‖w₀‖ for every parameter in order, w₀ being its
// start; NaN where w₀ is 0.
func (d *Distance) Relative() []float64 {
	d.pool.Run(len(d.jobs), d.run)
	sums := make([]squares, d.params)
	for i := range d.jobs {
		j := &d.jobs[i]
		sums[j.param].update += j.squares.update
		sums[j.param].weight += j.squares.weight
	}
	relative := make([]float64, d.params)
	for i, s := range sums {
		relative[i] = Ratio(math.Sqrt(s.update), math.Sqrt(s.weight))
	}
	return relative
}

func (d *Distance) compare(worker, job int) {
	j := &d.jobs[job]
	q := d.before[worker][:len(j.start)]
	copy(q, j.start)
	j.squares.update, j.squares.weight = apart(j.p, q)
}

// Ratio is change/size, or NaN for a size of 0, from which no change has a
// ratio.
func Ratio(change, size float64) float64 {
	if size == 0 {
		return math.NaN()
	}
	return change / size
}
