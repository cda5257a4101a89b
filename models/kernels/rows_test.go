package kernels_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

// rowMap is a function over rows of channels.
type rowMap struct {
	name  string
	coefs int
	run   func(dst, x, y []float32, k [3][]float32)
	want  func(x, y float64, k [3]float64) float64
	abs   float64 // error allowed beside 1e-6 relative
}

var rowMaps = []rowMap{
	{"AffineRows", 2, func(d, x, _ []float32, k [3][]float32) { kernels.AffineRows(d, x, k[0], k[1]) },
		func(x, _ float64, k [3]float64) float64 { return x*k[0] + k[1] }, 2e-7},
	{"AffineSiLURows", 2, func(d, x, _ []float32, k [3][]float32) { kernels.AffineSiLURows(d, x, k[0], k[1]) },
		func(x, _ float64, k [3]float64) float64 { return silu(x*k[0] + k[1]) }, 3e-7},
	{"AffineSiLUGradRows", 2, func(d, x, y []float32, k [3][]float32) { kernels.AffineSiLUGradRows(d, x, y, k[0], k[1]) },
		func(x, y float64, k [3]float64) float64 { return y * siluGrad(x*k[0]+k[1]) }, 5e-7},
	{"AffineLeakyRows", 2, func(d, x, _ []float32, k [3][]float32) { kernels.AffineLeakyRows(d, x, k[0], k[1], slope) },
		func(x, _ float64, k [3]float64) float64 { u := x*k[0] + k[1]; return leaky(u, u) }, 2e-7},
	{"AffineLeakyGradRows", 2, func(d, x, y []float32, k [3][]float32) { kernels.AffineLeakyGradRows(d, x, y, k[0], k[1], slope) },
		func(x, y float64, k [3]float64) float64 { return leaky(x*k[0]+k[1], y) }, 0},
	{"Affine2Rows", 3, func(d, x, y []float32, k [3][]float32) { kernels.Affine2Rows(d, x, y, k[0], k[1], k[2]) },
		func(x, y float64, k [3]float64) float64 { return x*k[0] + y*k[1] + k[2] }, 4e-7},
	{"AddRows", 1, func(d, x, _ []float32, k [3][]float32) { kernels.AddRows(d, x, k[0]) },
		func(x, _ float64, k [3]float64) float64 { return x + k[0] }, 2e-7},
}

// channelCounts is around every vector length, tiled and not.
var channelCounts = []int{1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 96, 100, 128, 130, 257}

func TestRowMaps(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		for _, m := range rowMaps {
			for _, ch := range channelCounts {
				for _, n := range []int{0, 1, 2, 5, 17} {
					rng := newRand(uint64(ch))
					x, y := random(rng, n*ch), random(rng, n*ch)
					var k [3][]float32
					for i := range k {
						k[i] = random(rng, ch)
					}
					dst, whole := guarded(x) // in place
					m.run(dst, dst, y, k)
					checkGuards(t, whole)
					fresh, whole := guarded(y)
					m.run(fresh, x, y, k)
					checkGuards(t, whole)
					if !slices.Equal(dst, fresh) {
						t.Fatalf("%s: in place differs", m.name)
					}
					for i, got := range dst {
						var kc [3]float64
						for j := range kc {
							kc[j] = float64(k[j][i%ch])
						}
						want := m.want(float64(x[i]), float64(y[i]), kc)
						if !within(got, want, 1e-6, m.abs) {
							t.Fatalf("%s: %d rows of %d, value %d: got %v, want %v", m.name, n, ch, i, got, want)
						}
					}
					if n < 2 {
						continue
					}
					parts := make([]float32, n*ch) // cut between two rows
					m.run(parts[:ch], x[:ch], y[:ch], k)
					m.run(parts[ch:], x[ch:], y[ch:], k)
					if !slices.Equal(parts, fresh) {
						t.Fatalf("%s: %d rows of %d: cutting changes the result", m.name, n, ch)
					}
				}
			}
		}
	})
}

func TestRowSums(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		for _, ch := range channelCounts {
			for _, n := range []int{0, 1, 2, 3, 50, 51} {
				rng := newRand(uint64(n))
				a, b := random(rng, n*ch), random(rng, n*ch)
				start := random(rng, ch)
				sum, wholeSum := guarded(start)
				kernels.SumRows(sum, a)
				checkGuards(t, wholeSum)
				sum2, wholeSum2 := guarded(start)
				dot, wholeDot := guarded(start)
				kernels.DotRows(sum2, dot, a, b)
				checkGuards(t, wholeSum2)
				checkGuards(t, wholeDot)
				if !slices.Equal(sum, sum2) {
					t.Fatalf("%d rows of %d: SumRows and DotRows disagree", n, ch)
				}
				for i := range ch {
					s, d := float64(start[i]), float64(start[i])
					for r := range n {
						s += float64(a[r*ch+i])
						d += float64(a[r*ch+i]) * float64(b[r*ch+i])
					}
					// n sums of values below 1 round by at most ε·n each.
					tol := 6e-8 * float64(n+1) * float64(n+1)
					if !within(sum[i], s, 0, tol) || !within(dot[i], d, 0, tol) {
						t.Fatalf("%d rows of %d, channel %d: got %v and %v, want %v and %v", n, ch, i, sum[i], dot[i], s, d)
					}
				}
			}
		}
	})
}

func TestRowsOfNothing(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		kernels.AffineRows(nil, nil, nil, nil)
		kernels.SumRows(nil, nil)
		sum := []float32{1, 2}
		kernels.SumRows(sum, nil)
		if sum[0] != 1 || sum[1] != 2 {
			t.Errorf("no rows changed the sum to %v", sum)
		}
	})
}

func TestRowsShapes(t *testing.T) {
	for name, f := range map[string]func(){
		"part of a row": func() { kernels.AddRows(make([]float32, 7), make([]float32, 7), make([]float32, 3)) },
		"coefficient counts": func() {
			kernels.AffineRows(make([]float32, 6), make([]float32, 6), make([]float32, 3), make([]float32, 2))
		},
		"dst length":         func() { kernels.AddRows(make([]float32, 5), make([]float32, 6), make([]float32, 3)) },
		"rows of no channel": func() { kernels.SumRows(nil, make([]float32, 2)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

func TestReductions(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		for n := range 120 {
			rng := newRand(uint64(n))
			a, b := random(rng, n), random(rng, n)
			var sum, dot float64
			for i := range a {
				sum += float64(a[i])
				dot += float64(a[i]) * float64(b[i])
			}
			if got := kernels.Sum(a); math.Abs(got-sum) > 1e-13 {
				t.Fatalf("Sum of %d: got %v, want %v", n, got, sum)
			}
			if got := kernels.Dot(a, b); math.Abs(got-dot) > 1e-13 {
				t.Fatalf("Dot of %d: got %v, want %v", n, got, dot)
			}
			if n == 0 {
				continue
			}
			if got := kernels.Max(a); got != slices.Max(a) {
				t.Fatalf("Max of %d: got %v, want %v", n, got, slices.Max(a))
			}
			for i := range n { // the largest anywhere, the others equal
				checkSoftmax(t, n, i)
			}
		}
		// One large value, many small: float32 partial sums would lose them.
		x := make([]float32, 10001)
		for i := range x {
			x[i] = 1.0 / 16
		}
		x[0] = 1 << 24
		if got, want := kernels.Sum(x), float64(1<<24)+625; got != want {
			t.Errorf("Sum = %v, want %v", got, want)
		}
		nan := float32(math.NaN())
		if got := kernels.Max([]float32{1, nan, 2}); got == got {
			t.Errorf("Max with a NaN = %v, want NaN", got)
		}
		y := make([]float32, 40)
		z := make([]float32, 40)
		y[17] = nan
		kernels.SoftmaxRow(z, y)
		for i, v := range z {
			if v == v {
				t.Errorf("softmax of a row with a NaN: value %d = %v, want NaN", i, v)
			}
		}
	})
}

// checkSoftmax checks a row of zeros but for one value of 3, shifted so far that
// plain exponentials would overflow.
func checkSoftmax(t *testing.T, n, at int) {
	t.Helper()
	x, _ := guarded(make([]float32, n))
	for i := range x {
		x[i] = 1000
	}
	x[at] += 3
	dst, whole := guarded(x)
	kernels.SoftmaxRow(dst, x)
	checkGuards(t, whole)
	small := 1 / (float64(n-1) + math.Exp(3))
	for i, got := range dst {
		want := small
		if i == at {
			want = small * math.Exp(3)
		}
		if !within(got, want, 2e-6, 0) {
			t.Fatalf("softmax of %d values, value %d: got %v, want %v", n, i, got, want)
		}
	}
}
