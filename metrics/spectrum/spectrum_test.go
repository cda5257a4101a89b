package spectrum_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"innate/metrics/spectrum"
	"innate/models/kernels"
)

// covariance is that of n vectors of d values, the i-th scaled by scale(i).
func covariance(seed uint64, n, d int, scale func(i int) float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, scale(j)*rng.NormFloat64())
		}
	}
	var a mat.Dense
	a.Mul(x.T(), x)
	return a.RawMatrix().Data
}

func flat(int) float64 { return 1 }

// steep has variances over twelve powers of ten.
func steep(i int) float64 { return math.Pow(10, -float64(i%25)/4) }

// TestEigenvalues compares with gonum's, of sizes around a panel and of matrices that
// are definite, that lack rank, that are indefinite, diagonal, huge and tiny.
func TestEigenvalues(t *testing.T) {
	two, one := kernels.NewPool(2), kernels.NewPool(1)
	defer two.Close()
	for _, d := range []int{1, 2, 3, 31, 32, 33, 64, 97} {
		cases := map[string][]float64{
			"full": covariance(1, 2*d+1, d, flat), "steep": covariance(2, 2*d, d, steep), "low rank": covariance(3, d/2+1, d, flat),
			"none": make([]float64, d*d), "diagonal": make([]float64, d*d), "indefinite": make([]float64, d*d),
			"huge": covariance(4, d, d, flat), "tiny": covariance(5, d, d, flat), // of what is scaled below
		}
		rng := rand.New(rand.NewPCG(6, 1))
		for i := range d {
			cases["diagonal"][i*d+i] = float64(d - 2*i)
			for j := range d {
				v := rng.NormFloat64()
				cases["indefinite"][i*d+j], cases["indefinite"][j*d+i] = v, v
			}
		}
		for name, a := range cases {
			var eigen mat.EigenSym
			if !eigen.Factorize(mat.NewSymDense(d, slices.Clone(a)), false) {
				t.Fatal("gonum does not converge")
			}
			want := eigen.Values(nil)
			size := max(math.Abs(want[0]), math.Abs(want[d-1]))
			if power, ok := map[string]int{"huge": 1000, "tiny": -1000}[name]; ok {
				size = math.Ldexp(size, power)
				for i := range want {
					want[i] = math.Ldexp(want[i], power)
				}
				for i := range a {
					a[i] = math.Ldexp(a[i], power)
				}
			}
			for i := range d { // which must not be read
				for j := range i {
					a[i*d+j] = math.NaN()
				}
			}
			got, err := spectrum.Eigenvalues(one, slices.Clone(a), d)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				if !(math.Abs(v-want[i]) <= 1e-14*size) {
					t.Errorf("%s of %d: eigenvalue %d is %v, want %v", name, d, i, v, want[i])
				}
			}
			if other, err := spectrum.Eigenvalues(two, a, d); err != nil || !slices.Equal(other, got) {
				t.Errorf("%s of %d: other bits of two threads: %v", name, d, err)
			}
		}
	}
	if _, err := spectrum.Eigenvalues(one, []float64{1, math.Inf(1), 0, 1}, 2); err == nil {
		t.Error("a matrix with an infinity: got eigenvalues")
	}
}

// TestCholesky multiplies the factor with itself and counts its rows.
func TestCholesky(t *testing.T) {
	p := kernels.NewPool(1)
	for _, d := range []int{1, 2, 31, 33, 70, 100} {
		for _, n := range []int{2 * d, d, d/2 + 1, 1} {
			a := covariance(7, n, d, steep)
			f, ok := spectrum.Cholesky(p, a, d)
			if !ok {
				t.Fatalf("%d of %d: not semidefinite", n, d)
			}
			if n < d && f.Rank > n || n >= 2*d && f.Rank < min(d, 24) {
				t.Errorf("%d vectors of %d: rank %d", n, d, f.Rank)
			}
			largest := 0.0
			for i := range d {
				largest = max(largest, a[i*d+i])
			}
			for i := range d {
				for j := range d {
					sum := 0.0
					for k := range min(i, j, f.Rank-1) + 1 {
						sum += f.U[k*d+i] * f.U[k*d+j]
					}
					if want := a[f.Order[i]*d+f.Order[j]]; math.Abs(sum-want) > 1e-13*largest {
						t.Fatalf("%d of %d: element %d,%d is %v, want %v", n, d, i, j, sum, want)
					}
				}
			}
		}
	}
	for name, a := range map[string][]float64{
		"negative variance": {1, 0, 0, -1e-3}, "correlation above one": {1, 1.001, 0, 1}, "variance of none": {0, 1e-3, 0, 0}, "beside none": {1, 0, 0, 0, 0, 1e-3, 0, 0, 0},
	} {
		if _, ok := spectrum.Cholesky(p, a, int(math.Sqrt(float64(len(a))))); ok {
			t.Errorf("%s: got a factor, want none", name)
		}
	}
}

func BenchmarkEigenvalues(b *testing.B) {
	for _, d := range []int{128, 1024, 2048} {
		a := covariance(1, d, d, flat)
		for _, threads := range []int{1, 2} {
			p := kernels.NewPool(threads)
			b.Run(fmt.Sprintf("%d/threads=%d", d, threads), func(b *testing.B) {
				for b.Loop() {
					if _, err := spectrum.Eigenvalues(p, slices.Clone(a), d); err != nil {
						b.Fatal(err)
					}
				}
			})
			p.Close()
		}
	}
}
