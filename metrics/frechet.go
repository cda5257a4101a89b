package metrics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
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

// Reference holds statistics to compare against, with the square root of their
// covariance, which costs as much as a comparison.
type Reference struct {
	stats Stats
	root  *mat.SymDense // R with R R = sigma
	top   float64       // largest eigenvalue of sigma
}

// NewReference checks s and prepares it. Eigenvalues of its covariance that are
// negative by rounding count as zero; others are an error, since no vectors have
// such a covariance. s must not change afterwards.
func NewReference(s Stats) (*Reference, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	d := s.Dim()
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric(s), true) {
		return nil, fmt.Errorf("metrics: reference covariance [%d %d]: the eigenvalues do not converge", d, d)
	}
	lambdas := eigen.Values(nil) // ascending
	if least, largest := lambdas[0], lambdas[d-1]; !(least >= -roundingShare*largest) || math.IsInf(largest, 0) {
		return nil, fmt.Errorf("metrics: reference covariance [%d %d]: eigenvalues from %v to %v, want none below 0", d, d, least, largest)
	}
	var v, half, root mat.Dense
	eigen.VectorsTo(&v)
	half.CloneFrom(&v)
	for k, lambda := range lambdas {
		scale := math.Sqrt(math.Sqrt(max(lambda, 0)))
		for i := range d {
			half.Set(i, k, v.At(i, k)*scale)
		}
	}
	root.Mul(&half, half.T()) // V L^(1/4) (V L^(1/4))T = V L^(1/2) VT
	return &Reference{stats: s, root: symmetrised(&root), top: max(lambdas[d-1], 0)}, nil
}

// Stats returns the statistics of the reference; do not change them.
func (r *Reference) Stats() Stats { return r.stats }

// Distance is the Fréchet distance of s from the reference. The trace of
// (sigma sigma_r)^(1/2) is the sum of the roots of the eigenvalues of the
// symmetric R sigma R, which also holds where the covariances are singular.
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
	var tmp, product mat.Dense
	tmp.Mul(r.root, symmetric(s))
	product.Mul(&tmp, r.root)
	if norm := mat.Norm(&product, 1); math.IsNaN(norm) || math.IsInf(norm, 0) {
		return 0, fmt.Errorf("metrics: product of covariances [%d %d]: got a norm of %v, want values that float64 can multiply", d, d, norm)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetrised(&product), false) {
		return 0, fmt.Errorf("metrics: product of covariances [%d %d]: the eigenvalues do not converge", d, d)
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
	lambdas := eigen.Values(nil) // ascending
	if least := lambdas[0]; least < -roundingShare*r.top*trace {
		return 0, fmt.Errorf("metrics: product of covariances [%d %d]: got the eigenvalue %v, want none below 0", d, d, least)
	}
	for _, lambda := range lambdas {
		dist -= 2 * math.Sqrt(max(lambda, 0))
	}
	if math.IsNaN(dist) || math.IsInf(dist, 0) {
		return 0, fmt.Errorf("metrics: distance: got %v, want a finite number", dist)
	}
	return max(dist, 0), nil
}

// symmetric views the covariance of s; only its upper triangle is read.
func symmetric(s Stats) *mat.SymDense { return mat.NewSymDense(s.Dim(), s.Sigma) }

// symmetrised is (m + mT)/2: products of symmetric matrices are symmetric only
// up to rounding.
func symmetrised(m *mat.Dense) *mat.SymDense {
	d, _ := m.Dims()
	sym := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			sym.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
	}
	return sym
}
