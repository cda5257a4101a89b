package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

func random64(seed uint64, n int) []float64 {
	rng := newRand(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = 2*rng.Float64() - 1
	}
	return x
}

// TestProduct64 compares products of every size around a tile and around what is packed
// at a time with plain sums, of transposes, of parts and with guard values around C.
func TestProduct64(t *testing.T) {
	ps := pools(t)
	for _, z := range [][3]int{{1, 1, 1}, {3, 5, 2}, {6, 8, 4}, {7, 9, 5}, {14, 16, 256}, {15, 17, 257}, {29, 33, 300}, {200, 270, 3}} {
		m, n, k := z[0], z[1], z[2]
		a, b, c := random64(1, m*k), random64(2, k*n), random64(3, (m+1)*(n+3))
		for flags := range 8 {
			am, bm := kernels.Dense64(a, m, k), kernels.Dense64(b, k, n)
			if flags&1 != 0 {
				am = kernels.Dense64(a, k, m).T()
			}
			if flags&2 != 0 {
				bm = kernels.Dense64(b, n, k).T()
			}
			upper := flags&4 != 0
			want := slices.Clone(c)
			for i := range m {
				for j := range n {
					for q := range k {
						if !upper || j >= i {
							want[i*(n+3)+j] -= am.Data[i*am.RowStep+q*am.ColStep] * bm.Data[q*bm.RowStep+j*bm.ColStep]
						}
					}
				}
			}
			eachImpl(t, func(t *testing.T) {
				var first []float64
				for _, p := range ps {
					got := slices.Clone(c)
					out := kernels.Matrix64{Data: got, Rows: m, Cols: n, RowStep: n + 3, ColStep: 1}
					new(kernels.Product64).Add(p, out, -1, am, bm, upper)
					for i, v := range got {
						inside := i/(n+3) < m && i%(n+3) < n && (!upper || i%(n+3) >= i/(n+3))
						if inside && math.Abs(v-want[i]) > 1e-15*float64(k+8) || !inside && v != c[i] {
							t.Fatalf("%v, flags %b, %d threads: value %d is %v, want %v", z, flags, p.Threads(), i, v, want[i])
						}
					}
					if first == nil {
						first = got
					} else if !slices.Equal(got, first) {
						t.Errorf("%v: %d threads give other bits", z, p.Threads())
					}
				}
			})
		}
	}
}

// TestProduct64OfFloats finds the same bits on every implementation where products are
// exact, and the order of sums in which the product was cut into calls makes none.
func TestProduct64OfFloats(t *testing.T) {
	const m, n, k = 23, 37, 700
	ps := pools(t)
	rng := newRand(4)
	a, b, want := make([]float64, m*k), make([]float64, k*n), make([]float64, m*n)
	for _, x := range [][]float64{a, b} {
		for i := range x {
			x[i] = float64(float32(rng.NormFloat64()))
		}
	}
	for i := range m {
		for j := range n {
			for q := range k {
				want[i*n+j] += float64(a[i*k+q] * b[q*n+j])
			}
		}
	}
	eachImpl(t, func(t *testing.T) {
		for _, step := range []int{k, 256, 41} {
			got, g := make([]float64, m*n), new(kernels.Product64)
			for from := 0; from < k; from += step {
				cols := min(step, k-from)
				g.Add(ps[0], kernels.Dense64(got, m, n), 1, kernels.Dense64(a, m, k).From(0, from).First(m, cols),
					kernels.Dense64(b, k, n).From(from, 0).First(cols, n), false)
			}
			if !slices.Equal(got, want) {
				t.Errorf("steps of %d give other bits than a plain sum", step)
			}
		}
	})
}

// TestSymmetric64 compares with plain sums; what is below the diagonal must not matter.
func TestSymmetric64(t *testing.T) {
	ps := pools(t)
	for _, n := range []int{1, 3, 4, 5, 12, 13, 31, 300} {
		const gap = 2
		a, x := random64(5, n*(n+gap)), random64(6, n)
		want := make([]float64, n)
		for i := range n {
			for j := range n {
				want[i] += a[min(i, j)*(n+gap)+max(i, j)] * x[j]
				if j < i {
					a[i*(n+gap)+j] = math.NaN()
				}
			}
		}
		eachImpl(t, func(t *testing.T) {
			var first []float64
			for _, p := range ps {
				y := make([]float64, n)
				kernels.NewSymmetric64(p, n).Run(y, kernels.Matrix64{Data: a, Rows: n, Cols: n, RowStep: n + gap, ColStep: 1}, x)
				for i, v := range y {
					if !(math.Abs(v-want[i]) <= 1e-15*float64(n+8)) {
						t.Fatalf("%d rows, %d threads: value %d is %v, want %v", n, p.Threads(), i, v, want[i])
					}
				}
				if first == nil {
					first = y
				} else if !slices.Equal(y, first) {
					t.Errorf("%d rows: %d threads give other bits", n, p.Threads())
				}
			}
		})
	}
}

// TestAddRows64 compares every number of rows and length up to some vectors.
func TestAddRows64(t *testing.T) {
	for rows := range 10 {
		for n := range 20 {
			a, x, alpha, y := random64(7, rows*n), random64(8, n), random64(9, rows), random64(10, n)
			want := slices.Clone(y)
			for i := range rows {
				for j := range n {
					want[j] += alpha[i] * a[i*n+j]
				}
			}
			eachImpl(t, func(t *testing.T) {
				got, dots := slices.Clone(y), make([]float64, rows)
				kernels.AddRows64(got, dots, kernels.Dense64(a, rows, n), x, alpha)
				for j, v := range got {
					if math.Abs(v-want[j]) > 1e-14 {
						t.Fatalf("%d rows of %d: y[%d] is %v, want %v", rows, n, j, v, want[j])
					}
				}
				for i, v := range dots {
					sum := 0.0
					for j := range n {
						sum += a[i*n+j] * x[j]
					}
					if math.Abs(v-sum) > 1e-14 {
						t.Fatalf("%d rows of %d: dot %d is %v, want %v", rows, n, i, v, sum)
					}
				}
			})
		}
	}
}

func BenchmarkProduct64(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, k := range []int{64, 512} {
			const n = 2048
			p := kernels.NewPool(threads)
			g, a, c := new(kernels.Product64), kernels.Dense64(random64(1, n*k), k, n), kernels.Dense64(make([]float64, n*n), n, n)
			b.Run(fmt.Sprintf("upper/k=%d/threads=%d", k, threads), func(b *testing.B) {
				for b.Loop() {
					g.Add(p, c, 1, a.T(), a, true)
				}
				reportFLOPS(b, float64(n*n*k))
			})
			p.Close()
		}
	}
}

func BenchmarkSymmetric64(b *testing.B) {
	const n = 2048
	a, x, y := kernels.Dense64(random64(1, n*n), n, n), random64(2, n), make([]float64, n)
	for _, threads := range []int{1, 2} {
		p := kernels.NewPool(threads)
		s := kernels.NewSymmetric64(p, n)
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			for b.Loop() {
				s.Run(y, a, x)
			}
			b.ReportMetric(float64(n*n*4)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GB/s")
		})
		p.Close()
	}
}
