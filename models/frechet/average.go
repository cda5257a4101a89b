package frechet

import (
	"fmt"
	"math"
	"slices"

	"innate/models"
)

// Average is the moments of generated features as averages over batches, about the mean
// of the target, and what a resume needs of them. Of the batches before the first it
// knows nothing: averages are divided by the weights that they have come to.
type Average struct {
	Mean   *models.Param // [D], of features less the target's mean
	Second *models.Param // [D D], of their products
	Weight *models.Param // [1], what the weights of all batches add up to

	target *Target

	centred, products  []float64 // of a batch [N D], and their mean products [D D]
	delta, sigma, grad []float64 // [D], [D D] and [D D]
	pulls              []float64 // gradients [N D]
}

// NewAverage begins without a batch. Batches will have n images; name begins the names
// of its parameters.
func NewAverage(name string, dim, n int) *Average {
	return &Average{
		Mean: models.NewParam(name+".mean", dim), Second: models.NewParam(name+".second", dim, dim), Weight: models.NewParam(name+".weight", 1),
		centred: make([]float64, n*dim), products: make([]float64, dim*dim),
		delta: make([]float64, dim), sigma: make([]float64, dim*dim), grad: make([]float64, dim*dim), pulls: make([]float64, n*dim),
	}
}

// Compare says what the moments are compared with, and are about.
func (a *Average) Compare(t *Target) { a.target = t }

// Step takes the features of a batch, in columns from first on of rows [N stride], into
// the averages, with decay those before it, and puts for every image the gradient of
// scale·N·FD in their place: that of a sum over images, as other losses are. It returns
// FD. Where a feature is not finite it is NaN, as the gradients then are, and the averages
// stay as they were. It does not allocate but for its first call.
func (a *Average) Step(rows []float32, stride, first int, decay, scale float64) float64 {
	t, d := a.target, a.target.Dim
	n := len(a.centred) / d
	if len(rows) != n*stride || first+d > stride {
		panic(fmt.Sprintf("frechet: %d values in rows of %d, want %d rows with %d from %d on", len(rows), stride, n, d, first))
	}
	clear(a.delta)
	for i := range n {
		for j, v := range rows[i*stride+first:][:d] {
			x := float64(v) - t.mu[j]
			a.centred[i*d+j] = x
			a.delta[j] += x / float64(n)
		}
	}
	dist := math.NaN()
	if finite(a.delta) {
		a.take(decay, n)
		dist = t.Distance(a.delta, a.sigma, a.grad)
		a.pull(n)
	}
	if math.IsNaN(dist) {
		scale = dist
	}
	for i := range n {
		for j := range d {
			rows[i*stride+first+j] = float32(scale * a.pulls[i*d+j])
		}
	}
	return dist
}

func finite(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// take averages the moments of the batch in, and leaves the averages' mean and covariance
// in delta and sigma. What it keeps is rounded to float32, as a checkpoint has it.
func (a *Average) take(decay float64, n int) {
	t, d := a.target, a.target.Dim
	clear(a.products)
	batch := dense(a.centred, n, d)
	t.product.Add(t.pool, dense(a.products, d, d), 1/float64(n), batch.T(), batch, true)
	mix := func(old *float32, v float64) float64 {
		*old = float32(decay*float64(*old) + (1-decay)*v)
		return float64(*old)
	}
	weight := mix(&a.Weight.Data[0], 1)
	for i := range d {
		a.delta[i] = mix(&a.Mean.Data[i], a.delta[i]) / weight
	}
	for i := range d {
		for j := i; j < d; j++ {
			v := mix(&a.Second.Data[i*d+j], a.products[i*d+j])
			a.Second.Data[j*d+i] = float32(v)
			v = v/weight - a.delta[i]*a.delta[j]
			a.sigma[i*d+j], a.sigma[j*d+i] = v, v
		}
	}
}

// pull fills pulls with 2 delta + 2 grad (x - delta) of every image: the gradient of FD
// through S = E[x xT] - delta deltaT and through delta.
func (a *Average) pull(n int) {
	t, d := a.target, a.target.Dim
	for i := range n {
		for j, v := range a.delta {
			a.centred[i*d+j] -= v
			a.pulls[i*d+j] = 2 * v
		}
	}
	t.product.Add(t.pool, dense(a.pulls, n, d), 2, dense(a.centred, n, d), dense(a.grad, d, d), false)
}
