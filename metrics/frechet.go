package metrics

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"innate/metrics/spectrum"
	"innate/models/kernels"
)

// Frechet is the squared 2-Wasserstein distance between the Gaussians with the
// moments a and b (Heusel et al. 2017), b playing the reference:
//
//	|mu_a - mu_b|^2 + tr(sigma_a + sigma_b - 2 (sigma_a sigma_b)^(1/2))
func Frechet(a, b Stats) (float64, error) {
	ref, err := NewReference(b)
	if err != nil {
		return 0, err
	}
	return ref.Distance(a)
}

// Reference holds statistics to compare against, with a factor of their covariance,
// which is wanted for every comparison.
type Reference struct {
	stats  Stats
	factor *spectrum.Factor // F with FT F = sigma
	norm   float64          // of sigma: at least its largest eigenvalue
}

// NewReference checks s and prepares it. Eigenvalues of its covariance that are
// negative by rounding count as zero; others are an error, since no vectors have
// such a covariance. s must not change afterwards.
func NewReference(s Stats) (ref *Reference, err error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	var factor *spectrum.Factor
	ok := false
	withPool(cube(s.Dim()), func(p *kernels.Pool) {
		factor, ok = spectrum.Cholesky(p, s.Sigma, s.Dim())
	})
	if !ok {
		if factor, err = rootOf(s); err != nil {
			return nil, err
		}
	}
	return newReference(s, factor), nil
}

func newReference(s Stats, factor *spectrum.Factor) *Reference {
	return &Reference{stats: s, factor: factor, norm: mat.Norm(mat.NewDense(s.Dim(), s.Dim(), s.Sigma), 2)}
}

// cube counts what products of [d d] multiply.
func cube(d int) int { return d * d * d }

// rootOf is the factor of a covariance whose smallest eigenvalues rounding has made
// negative, as it may of one that was stored in float32: V L^(1/2), which takes longer.
func rootOf(s Stats) (*spectrum.Factor, error) {
	d := s.Dim()
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(d, s.Sigma), true) {
		return nil, fmt.Errorf("metrics: reference covariance [%d %d]: the eigenvalues do not converge", d, d)
	}
	lambdas := eigen.Values(nil) // ascending
	if least, largest := lambdas[0], lambdas[d-1]; !(least >= -roundingShare*largest) || math.IsInf(largest, 0) {
		return nil, fmt.Errorf("metrics: reference covariance [%d %d]: eigenvalues from %v to %v, want none below 0", d, d, least, largest)
	}
	var v mat.Dense
	eigen.VectorsTo(&v)
	f := &spectrum.Factor{Order: make([]int, d)}
	for i := range f.Order {
		f.Order[i] = i
	}
	for k, lambda := range lambdas {
		if lambda <= 0 {
			continue
		}
		for i := range d {
			f.U = append(f.U, math.Sqrt(lambda)*v.At(i, k))
		}
		f.Rank++
	}
	return f, nil
}

// Stats returns the statistics of the reference; do not change them.
func (r *Reference) Stats() Stats { return r.stats }

// Distance is the Fréchet distance of s from the reference. The trace of
// (sigma sigma_r)^(1/2) is the sum of the roots of the eigenvalues of the
// symmetric F sigma FT, which also holds where the covariances are singular.
// A result below zero, which can only be rounding, is returned as zero.
func (r *Reference) Distance(s Stats) (float64, error) {
	if err := s.Validate(); err != nil {
		return 0, err
	}
	d := r.stats.Dim()
	if s.Dim() != d {
		return 0, fmt.Errorf("metrics: features of dimension %d, but the reference has %d", s.Dim(), d)
	}
	if a, b := s.Features, r.stats.Features; a != "" && b != "" && a != b {
		return 0, fmt.Errorf("metrics: features of %q, but the reference was made with %q", a, b)
	}
	lambdas, err := r.eigenvalues(s)
	if err != nil {
		return 0, fmt.Errorf("metrics: product of covariances [%d %d]: %w", d, d, err)
	}
	dist := 0.0
	for i, mu := range s.Mu {
		delta := mu - r.stats.Mu[i]
		dist += delta * delta
	}
	trace := 0.0
	for i := range d {
		trace += s.Sigma[i*d+i]
		dist += s.Sigma[i*d+i] + r.stats.Sigma[i*d+i]
	}
	// What rounding may do to an eigenvalue of the product is a share of the
	// largest that the two covariances could make together.
	if len(lambdas) > 0 && lambdas[0] < -roundingShare*r.norm*trace {
		return 0, fmt.Errorf("metrics: product of covariances [%d %d]: got the eigenvalue %v, want none below 0", d, d, lambdas[0])
	}
	for _, lambda := range lambdas {
		dist -= 2 * math.Sqrt(max(lambda, 0))
	}
	if math.IsNaN(dist) || math.IsInf(dist, 0) {
		return 0, fmt.Errorf("metrics: distance: got %v, want a finite number", dist)
	}
	return max(dist, 0), nil
}

// eigenvalues are those of sigma sigma_r, ascending, without some that are 0.
func (r *Reference) eigenvalues(s Stats) (lambdas []float64, err error) {
	withPool(cube(s.Dim()), func(p *kernels.Pool) {
		product, n := r.product(p, s)
		for _, v := range product {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				err = errors.New("got values that are too large, want some that float64 can multiply")
				return
			}
		}
		lambdas, err = spectrum.Eigenvalues(p, product, n)
	})
	return lambdas, err
}

// product is the upper triangle of an n by n matrix with the eigenvalues of
// sigma sigma_r but for zeros.
func (r *Reference) product(p *kernels.Pool, s Stats) (out []float64, n int) {
	if s.RankDeficient() {
		if few, ok := spectrum.Cholesky(p, s.Sigma, s.Dim()); ok {
			return r.productOfFew(p, few)
		}
	}
	return r.productOf(p, s)
}

// productOfFew is product for sigma = GT G of less than full rank: the smaller of
// F GT G FT and G FT F GT, where no zero is left of which rounding makes a root of its
// own.
func (r *Reference) productOfFew(p *kernels.Pool, g *spectrum.Factor) (out []float64, n int) {
	f, d := r.factor, r.stats.Dim()
	at := make([]int, d) // of each dimension, in g
	for i, j := range g.Order {
		at[j] = i
	}
	ordered := kernels.Dense64(make([]float64, g.Rank*d), g.Rank, d)
	for k := range g.Rank {
		for i, j := range f.Order {
			ordered.Data[k*d+i] = g.U[k*d+at[j]]
		}
	}
	var sums kernels.Product64
	cross := kernels.Dense64(make([]float64, f.Rank*g.Rank), f.Rank, g.Rank)
	sums.Add(p, cross, 1, kernels.Dense64(f.U, f.Rank, d), ordered.T(), false)
	if f.Rank > g.Rank {
		cross = cross.T()
	}
	n = cross.Rows
	out = make([]float64, n*n)
	sums.Add(p, kernels.Dense64(out, n, n), 1, cross, cross.T(), true)
	return out, n
}

// blockRows are so many rows of a factor whose zeros are left out of a product.
const blockRows = 256

// productOf is F sigma FT.
func (r *Reference) productOf(p *kernels.Pool, s Stats) (out []float64, n int) {
	f, d := r.factor, s.Dim()
	n = f.Rank
	ordered := kernels.Dense64(make([]float64, d*d), d, d)
	for i, from := range f.Order {
		for j, column := range f.Order {
			ordered.Data[i*d+j] = s.Sigma[from*d+column]
		}
	}
	var sums kernels.Product64
	half := kernels.Dense64(make([]float64, n*d), n, d) // F sigma
	result := kernels.Dense64(make([]float64, n*n), n, n)
	eachBlock := func(add func(from, rows, left int, block kernels.Matrix64)) {
		for from := 0; from < n; from += blockRows {
			rows, left := min(blockRows, n-from), 0
			if f.Triangular {
				left = from
			}
			add(from, rows, left, kernels.Dense64(f.U, n, d).From(from, left).First(rows, d-left))
		}
	}
	eachBlock(func(from, rows, left int, block kernels.Matrix64) {
		sums.Add(p, half.From(from, 0).First(rows, d), 1, block, ordered.From(left, 0), false)
	})
	eachBlock(func(from, rows, left int, block kernels.Matrix64) {
		columns := result.From(0, from).First(from+rows, rows)
		sums.Add(p, columns, 1, half.From(0, left).First(from+rows, d-left), block.T(), false)
	})
	return result.Data, n
}
