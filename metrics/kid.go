package metrics

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Kernel distances are means over so many subsets of so many images, as torch-fidelity
// and StyleGAN draw them; of smaller sets over subsets as large as the smaller one.
const (
	kidSubsets    = 100
	kidSubsetSize = 1000
	kidSeed       = 2020
)

func init() { Statistics.Add("kid", Statistic{Title: "KID", New: newKID}) }

func newKID(p *Pass) (Result, error) {
	ref, err := p.RefVectors()
	if err != nil {
		return nil, err
	}
	vectors := p.Vectors()
	return func() (Number, error) { return KID(vectors, ref) }, nil
}

// KID is the kernel distance of Bińkowski et al. 2018: the unbiased estimate of the
// squared maximum mean discrepancy under the kernel (aT b/D + 1)^3, as its mean and
// standard deviation over subsets drawn without replacement. It can be below zero,
// where sets are alike.
func KID(x, y *Rows) (Number, error) {
	if x.Width() != y.Width() {
		return Number{}, fmt.Errorf("metrics: kid: features of dimension %d and %d, want one", x.Width(), y.Width())
	}
	m := min(kidSubsetSize, x.N(), y.N())
	if m < 2 {
		return Number{}, fmt.Errorf("metrics: kid: sets of %d and %d images, want at least 2", x.N(), y.N())
	}
	subsets := kidSubsets
	if m == x.N() && m == y.N() {
		subsets = 1 // they would all be the same
	}
	distances := make([]float64, subsets)
	kernelsOf := make([]kernelSums, threads())
	parallel(len(kernelsOf), subsets, func(worker, k int) {
		rng := rand.NewPCG(kidSeed, uint64(k))
		distances[k] = kernelsOf[worker].mmd(widened(x, draw(rng, x.N(), m)), widened(y, draw(rng, y.N(), m)), m, x.Width())
	})
	mean, sd := meanSD(distances)
	return Number{mean, sd, fmt.Sprintf("SD over %d subsets of %d", subsets, m)}, nil
}

// draw returns m of the numbers below n, each at most once: the beginning of a
// Fisher-Yates shuffle, whose k-th swap takes the upper half of a product with the
// generator's next 64 bits.
func draw(rng *rand.PCG, n, m int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	for i := range m {
		hi, _ := bits.Mul64(rng.Uint64(), uint64(n-i))
		all[i], all[i+int(hi)] = all[i+int(hi)], all[i]
	}
	return all[:m]
}

// widened are rows in float64, [len(index) D].
func widened(r *Rows, index []int) []float64 {
	out := make([]float64, len(index)*r.width)
	for k, i := range index {
		r.wide(out[k*r.width:(k+1)*r.width], i)
	}
	return out
}

// kernelSums adds up kernels of pairs, in memory that it uses again.
type kernelSums struct {
	serial serial
	dots   []float64 // [m m]
}

// mmd is the unbiased estimate for x and y [m D].
func (s *kernelSums) mmd(x, y []float64, m, d int) float64 {
	within := s.sum(x, x, m, d, true) + s.sum(y, y, m, d, true)
	n := float64(m)
	return 2*within/(n*(n-1)) - 2*s.sum(x, y, m, d, false)/(n*n)
}

// sum is that of the kernels of all pairs, or of those above the diagonal.
func (s *kernelSums) sum(x, y []float64, m, d int, above bool) float64 {
	s.dots = slices.Grow(s.dots[:0], m*m)[:m*m]
	s.serial.dots(s.dots, x, y, m, m, d, above)
	total := 0.0
	for i := range m {
		row := s.dots[i*m : (i+1)*m]
		if above {
			row = row[i+1:]
		}
		ofRow := 0.0
		for _, v := range row {
			v = v/float64(d) + 1
			ofRow += float64(float64(v*v) * v)
		}
		total += ofRow
	}
	return total
}

// meanSD is the mean, and the standard deviation with divisor n.
func meanSD(values []float64) (mean, sd float64) {
	for _, v := range values {
		mean += v
	}
	mean /= float64(len(values))
	for _, v := range values {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(len(values)))
}
