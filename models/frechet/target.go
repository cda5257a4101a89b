package frechet

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack"
	"gonum.org/v1/gonum/lapack/lapack64"

	"innate/models/kernels"
)

// MaxDim is how many dimensions moments may have: beyond it eigenvectors take longer
// than the step of a network.
const MaxDim = 1024

// Smoothing bounds the gradient where the moments lack rank, and roots have infinite
// slopes. It is that of the distance with √(λ + ε²) for each root √λ of an eigenvalue,
// where ε is this share of the mean variance of the target.
const Smoothing = 1e-3

// Target is what moments are compared with. It is not safe for concurrent use.
type Target struct {
	Dim   int
	Trace float64 // of the covariance

	mu      []float64
	root    []float64 // F with FT F = S_r, [rank Dim]
	rank    int
	epsilon float64 // ε²

	pool               *kernels.Pool
	product            kernels.Product64
	half, inner, outer []float64 // F S [rank Dim], F S FT [rank rank], scaled eigenvectors times F [rank Dim]
	eigen              eigen
}

// NewTarget prepares mean mu [D] and covariance sigma [D D] of real images' features.
// Eigenvalues below rounding of the float32 numbers that they come from count as 0. A
// covariance of zero is refused: there is nothing to compare with.
func NewTarget(mu, sigma []float64) (*Target, error) {
	d := len(mu)
	if d == 0 || d > MaxDim || len(sigma) != d*d {
		return nil, fmt.Errorf("frechet: moments of %d and %d values, want a mean of 1 to %d and its square", d, len(sigma), MaxDim)
	}
	for _, values := range [][]float64{mu, sigma} {
		for _, v := range values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("frechet: moments: got %v, want finite numbers", v)
			}
		}
	}
	t := &Target{Dim: d, mu: mu, pool: kernels.NewPool(1)} // which has no goroutine of its own
	for i := range d {
		t.Trace += sigma[i*d+i]
	}
	if !(t.Trace > 0) {
		return nil, fmt.Errorf("frechet: covariance [%d %d]: got variances that add up to %v, want more than 0", d, d, t.Trace)
	}
	mean := t.Trace / float64(d)
	t.epsilon = Smoothing * Smoothing * mean * mean
	vectors := append([]float64(nil), sigma...)
	t.eigen = newEigen(d)
	if !t.eigen.of(vectors, d) {
		return nil, fmt.Errorf("frechet: covariance [%d %d]: the eigenvalues do not converge", d, d)
	}
	least := 1e-7 * t.eigen.values[d-1]
	for k, lambda := range t.eigen.values[:d] {
		if lambda <= least {
			continue
		}
		for i := range d {
			t.root = append(t.root, math.Sqrt(lambda)*vectors[i*d+k])
		}
		t.rank++
	}
	t.half, t.inner, t.outer = make([]float64, t.rank*d), make([]float64, t.rank*t.rank), make([]float64, t.rank*d)
	return t, nil
}

// Distance is FD of the moments with mean mu_r + delta and covariance sigma [D D], and
// fills grad [D D] with its gradient for sigma, smoothed (see Smoothing):
//
//	I - FT (F sigma FT + ε² I)^(-1/2) F
//
// That for the mean is 2 delta. It is NaN, and grad anything, where moments are not finite.
// It does not allocate.
func (t *Target) Distance(delta, sigma, grad []float64) float64 {
	d, r := t.Dim, t.rank
	root := kernels.Dense64(t.root, r, d)
	half, inner, outer := kernels.Dense64(t.half, r, d), kernels.Dense64(t.inner, r, r), kernels.Dense64(t.outer, r, d)
	for _, m := range [][]float64{t.half, t.inner, t.outer, grad} {
		clear(m)
	}
	t.product.Add(t.pool, half, 1, root, kernels.Dense64(sigma, d, d), false)
	t.product.Add(t.pool, inner, 1, half, root.T(), true)
	if !t.eigen.of(t.inner, r) {
		return math.NaN()
	}
	dist := t.Trace
	for i, v := range delta {
		dist += v*v + sigma[i*d+i]
	}
	for k, lambda := range t.eigen.values[:r] {
		lambda = math.Max(lambda, 0)
		dist -= 2 * math.Sqrt(lambda)
		scale := 1 / math.Sqrt(math.Sqrt(lambda+t.epsilon))
		for i := range r {
			t.inner[i*r+k] *= scale
		}
	}
	t.product.Add(t.pool, outer, 1, inner.T(), root, false)
	t.product.Add(t.pool, kernels.Dense64(grad, d, d), -1, outer.T(), outer, true)
	for i := range d {
		grad[i*d+i]++
		for j := range i {
			grad[i*d+j] = grad[j*d+i]
		}
	}
	return dist
}

// eigen is room for the eigenvectors of symmetric matrices.
type eigen struct{ values, work []float64 }

func newEigen(n int) eigen {
	e := eigen{values: make([]float64, n)}
	var size [1]float64
	lapack64.Syev(lapack.EVCompute, symmetric(make([]float64, n*n), n), e.values, size[:], -1)
	e.work = make([]float64, max(int(size[0]), 3*n))
	return e
}

func symmetric(a []float64, n int) blas64.Symmetric {
	return blas64.Symmetric{N: n, Stride: max(1, n), Data: a, Uplo: blas.Upper}
}

// of puts the eigenvectors of a [n n], of which it reads what is on and above the
// diagonal, into its columns, and the eigenvalues, ascending, into values. ok is false
// where they do not converge, as those of NaN do not.
func (e *eigen) of(a []float64, n int) (ok bool) {
	for _, v := range a {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return lapack64.Syev(lapack.EVCompute, symmetric(a, n), e.values[:n], e.work, len(e.work))
}
