package spectrum

import (
	"errors"
	"math"

	lapack "gonum.org/v1/gonum/lapack/gonum"

	"innate/models/kernels"
)

// panelRows are how many rows are reduced before the rest of the matrix learns of it.
const panelRows = 32

// negligible is far below the rounding of a matrix whose largest value is near 1. Dsterf
// panics over parts that have nothing larger than 1e-122, other than zeros.
const negligible = 1e-100

// Eigenvalues are those of the symmetric a, ascending; a [n n] is overwritten. Their
// error is a small multiple of n times the rounding of the largest.
func Eigenvalues(p *kernels.Pool, a []float64, n int) ([]float64, error) {
	largest := 0.0
	for i := range n {
		for _, v := range a[i*n+i : (i+1)*n] {
			largest = max(largest, math.Abs(v))
		}
	}
	if math.IsNaN(largest) || math.IsInf(largest, 0) {
		return nil, errors.New("spectrum: matrix: got a value that is not finite, want finite numbers")
	}
	if largest == 0 {
		return make([]float64, n), nil
	}
	// A power of two near the largest value keeps squares in range and rounds nothing.
	_, exponent := math.Frexp(largest)
	for i := range n {
		for j := i; j < n; j++ {
			a[i*n+j] = math.Ldexp(a[i*n+j], -exponent)
		}
	}
	t := newTridiagonal(p, a, n)
	t.reduce()
	for _, values := range [][]float64{t.diagonal, t.beside} {
		for i, v := range values {
			if math.Abs(v) < negligible {
				values[i] = 0
			}
		}
	}
	if !(lapack.Implementation{}).Dsterf(n, t.diagonal, t.beside) {
		return nil, errors.New("spectrum: eigenvalues: got no convergence, want one")
	}
	for i, v := range t.diagonal {
		t.diagonal[i] = math.Ldexp(v, exponent)
	}
	return t.diagonal, nil
}

// tridiagonal reduces a symmetric matrix by Householder reflections to one of equal
// eigenvalues that has nothing but its diagonal and what is beside it (Dongarra,
// Hammarling & Sorensen 1989): a reflection H = 1 - tau v vT changes A to
// A - v wT - w vT, which is applied to the whole matrix once in panelRows rows.
type tridiagonal struct {
	pool             *kernels.Pool
	a                kernels.Matrix64
	diagonal, beside []float64

	v, w      kernels.Matrix64 // of the panel, [panelRows n]; both lie in vw
	vw, wv    []float64        // v above w, and w above v, [2·panelRows n]
	symmetric *kernels.Symmetric64
	product   kernels.Product64

	coefficients, dots, zeros []float64 // [panelRows]
	unused                    []float64 // [n]
}

func newTridiagonal(p *kernels.Pool, a []float64, n int) *tridiagonal {
	t := &tridiagonal{
		pool: p, a: kernels.Dense64(a, n, n), diagonal: make([]float64, n), beside: make([]float64, max(0, n-1)),
		vw: make([]float64, 2*panelRows*n), wv: make([]float64, 2*panelRows*n), symmetric: kernels.NewSymmetric64(p, n),
		coefficients: make([]float64, panelRows), dots: make([]float64, panelRows), zeros: make([]float64, panelRows),
		unused: make([]float64, n),
	}
	t.v, t.w = kernels.Dense64(t.vw[:panelRows*n], panelRows, n), kernels.Dense64(t.vw[panelRows*n:], panelRows, n)
	return t
}

func (t *tridiagonal) reduce() {
	n := t.a.Rows
	for first := 0; first < n; first += panelRows {
		rows := min(panelRows, n-first)
		for k := range rows {
			t.row(first+k, k)
		}
		next := first + rows
		if next == n {
			return
		}
		half := panelRows * n
		copy(t.wv[:half], t.vw[half:])
		copy(t.wv[half:], t.vw[:half])
		vw, wv := kernels.Dense64(t.vw, 2*panelRows, n).From(0, next), kernels.Dense64(t.wv, 2*panelRows, n).From(0, next)
		t.product.Add(t.pool, t.a.From(next, next), -1, vw.T(), wv, true)
	}
}

// row reduces row j, the k-th of the panel.
func (t *tridiagonal) row(j, k int) {
	n := t.a.Rows
	row := t.a.Data[j*n+j : (j+1)*n]
	v, w := t.v.From(0, j).First(k, n-j), t.w.From(0, j).First(k, n-j)
	t.subtract(row, w, column(v, t.coefficients[:k]))
	t.subtract(row, v, column(w, t.coefficients[:k]))
	t.diagonal[j] = row[0]
	if j == n-1 {
		return
	}
	newV, newW := t.v.Data[k*n+j+1:(k+1)*n], t.w.Data[k*n+j+1:(k+1)*n]
	var tau float64
	t.beside[j], tau = reflection(newV, row[1:])
	if tau == 0 { // the row is as it should be
		clear(newV)
		clear(newW)
		return
	}
	// w = tau (A v - V (W v) - W (V v)) of the rows not yet reduced, and then as much
	// of v as makes A - v wT - w vT of it.
	t.symmetric.Run(newW, t.a.From(j+1, j+1), newV)
	v, w = v.From(0, 1), w.From(0, 1)
	unused, dots := t.unused[:len(newV)], t.dots[:k]
	kernels.AddRows64(unused, dots, w, newV, t.zeros[:k])
	negate(t.coefficients[:k], dots)
	kernels.AddRows64(newW, dots, v, newV, t.coefficients[:k])
	negate(t.coefficients[:k], dots)
	kernels.AddRows64(newW, dots, w, newV, t.coefficients[:k])
	along := 0.0
	for i, x := range newV {
		newW[i] *= tau
		along += newW[i] * x
	}
	for i, x := range newV {
		newW[i] -= tau / 2 * along * x
	}
}

// subtract takes coefficients times the rows of m from row.
func (t *tridiagonal) subtract(row []float64, m kernels.Matrix64, coefficients []float64) {
	negate(coefficients, coefficients)
	kernels.AddRows64(row, t.dots[:m.Rows], m, t.unused[:m.Cols], coefficients)
}

// column copies the first column of m to dst.
func column(m kernels.Matrix64, dst []float64) []float64 {
	for i := range dst {
		dst[i] = m.Data[i*m.RowStep]
	}
	return dst
}

func negate(dst, x []float64) {
	for i, v := range x {
		dst[i] = -v
	}
}

// reflection sets v, with v[0] = 1, to what reflects x to beta times the first axis;
// tau is 0 where x lies there already.
func reflection(v, x []float64) (beta, tau float64) {
	square := 0.0
	for _, value := range x[1:] {
		square += value * value
	}
	if square == 0 {
		return x[0], 0
	}
	beta = -math.Copysign(math.Sqrt(x[0]*x[0]+square), x[0])
	scale := 1 / (x[0] - beta)
	for i, value := range x {
		v[i] = value * scale
	}
	v[0] = 1
	return beta, (beta - x[0]) / beta
}
