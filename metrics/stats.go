package metrics

import (
	"errors"
	"fmt"
	"math"

	"innate/models/kernels"
)

// Stats are the first two moments of a set of feature vectors of dimension D.
type Stats struct {
	Mu    []float64 // mean, [D]
	Sigma []float64 // covariance with divisor N-1, [D D] row-major and symmetric
	N     int64     // vectors seen; 0 when a file does not say

	// Features names the network the vectors came from, such as "mnist-cnn";
	// empty when a file does not say.
	Features string
}

// Dim is the length D of a feature vector.
func (s Stats) Dim() int { return len(s.Mu) }

// RankDeficient reports whether too few vectors were seen for Sigma to have
// full rank. The distance is still defined, but biased upwards: show the count
// beside it.
func (s Stats) RankDeficient() bool { return s.N > 0 && s.N <= int64(s.Dim()) }

// roundingShare is how far, as a share of its largest value, a covariance in
// float32 may be from symmetric and from positive semidefinite.
const roundingShare = 1e-5

// Validate checks what makes two moments of it all: sizes, a count, finite
// numbers, and a covariance that is symmetric up to rounding and has no negative
// variance. That it is positive semidefinite NewReference checks, which has the
// eigenvalues.
func (s Stats) Validate() error {
	d := len(s.Mu)
	if d == 0 {
		return errors.New("metrics: statistics: mu is empty")
	}
	if len(s.Sigma) != d*d {
		return fmt.Errorf("metrics: statistics: sigma has %d values, want %d for mu of %d", len(s.Sigma), d*d, d)
	}
	if s.N < 0 || s.N == 1 {
		return fmt.Errorf("metrics: statistics: count %d, want at least 2, or 0 if unknown", s.N)
	}
	for i, v := range s.Mu {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("metrics: statistics: mu[%d] is %v, want a finite number", i, v)
		}
	}
	largest := 0.0
	for i, v := range s.Sigma {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("metrics: statistics: sigma[%d,%d] is %v, want a finite number", i/d, i%d, v)
		}
		largest = max(largest, math.Abs(v))
	}
	for i := range d {
		if v := s.Sigma[i*d+i]; v < -roundingShare*largest {
			return fmt.Errorf("metrics: statistics: sigma[%d,%d] is %v, want a variance of at least 0", i, i, v)
		}
		for j := range i {
			if upper, lower := s.Sigma[j*d+i], s.Sigma[i*d+j]; math.Abs(upper-lower) > roundingShare*largest {
				return fmt.Errorf("metrics: statistics: sigma[%d,%d] is %v and sigma[%d,%d] is %v, want a symmetric covariance", j, i, upper, i, j, lower)
			}
		}
	}
	return nil
}

// Accumulator sums feature vectors and their outer products in float64. The product of
// two float32 values is exact in it, so that each vector adds one rounding to a sum.
type Accumulator struct {
	dim   int
	n     int64
	sum   []float64 // [D]
	outer []float64 // [D D], upper triangle only, of the vectors that are not pending

	pending []float64 // vectors whose outer products are still to be added, [n D]
	product kernels.Product64
}

// pendingRows are how many vectors wait until all their outer products are added: the
// triangle, which no cache holds, is then read and written once for all of them.
const pendingRows = 512

// NewAccumulator prepares for vectors of dim values.
func NewAccumulator(dim int) *Accumulator {
	if dim <= 0 {
		panic(fmt.Sprintf("metrics: accumulator of dimension %d, want > 0", dim))
	}
	return &Accumulator{dim: dim, sum: make([]float64, dim), outer: make([]float64, dim*dim)}
}

// Dim is the length of a feature vector.
func (a *Accumulator) Dim() int { return a.dim }

// N is the number of vectors added so far.
func (a *Accumulator) N() int64 { return a.n }

// Reset forgets all vectors.
func (a *Accumulator) Reset() {
	a.n = 0
	a.pending = a.pending[:0]
	clear(a.sum)
	clear(a.outer)
}

// Add takes n feature vectors, features [n D]. Every sum grows in the order of
// the vectors, so the result does not depend on how they are split over calls.
// A non-finite feature is kept and reported by Stats.
func (a *Accumulator) Add(features []float32, n int) {
	if n < 0 || len(features) != n*a.dim {
		panic(fmt.Sprintf("metrics: %d feature values, want %d vectors of %d", len(features), n, a.dim))
	}
	for row := range n {
		for i, v := range features[row*a.dim : (row+1)*a.dim] {
			a.sum[i] += float64(v)
			a.pending = append(a.pending, float64(v))
		}
		if len(a.pending) == pendingRows*a.dim {
			a.flush()
		}
	}
	a.n += int64(n)
}

// flush adds the outer products of the pending vectors.
func (a *Accumulator) flush() {
	if len(a.pending) == 0 {
		return
	}
	withPool(a.dim*len(a.pending), func(p *kernels.Pool) {
		rows := kernels.Dense64(a.pending, len(a.pending)/a.dim, a.dim)
		a.product.Add(p, kernels.Dense64(a.outer, a.dim, a.dim), 1, rows.T(), rows, true)
	})
	a.pending = a.pending[:0]
}

// Merge adds everything that b has seen, which stays as it is. Merging parts in a
// fixed order gives a fixed result, equal to one pass up to float64 rounding.
func (a *Accumulator) Merge(b *Accumulator) {
	if a.dim != b.dim {
		panic(fmt.Sprintf("metrics: merge of dimensions %d and %d", a.dim, b.dim))
	}
	a.flush()
	b.flush()
	for i, v := range b.sum {
		a.sum[i] += v
	}
	for i, v := range b.outer {
		a.outer[i] += v
	}
	a.n += b.n
}

// Stats returns mean and unbiased covariance of the vectors so far:
// mu = sum/n, sigma = (sum of f fT - n mu muT)/(n-1), as EDM computes them.
func (a *Accumulator) Stats() (Stats, error) {
	if a.n < 2 {
		got := "no images"
		if a.n == 1 {
			got = "one image"
		}
		return Stats{}, fmt.Errorf("metrics: statistics of %s, want at least 2", got)
	}
	a.flush()
	d := a.dim
	n := float64(a.n)
	s := Stats{Mu: make([]float64, d), Sigma: make([]float64, d*d), N: a.n}
	for i, v := range a.sum {
		s.Mu[i] = v / n
	}
	for i := range d {
		for j := i; j < d; j++ {
			v := (a.outer[i*d+j] - float64(a.sum[i]*s.Mu[j])) / (n - 1)
			if i == j {
				v = max(v, 0) // a constant feature may come out as -1e-17
			}
			s.Sigma[i*d+j], s.Sigma[j*d+i] = v, v
		}
	}
	if err := s.Validate(); err != nil {
		return Stats{}, err
	}
	return s, nil
}
