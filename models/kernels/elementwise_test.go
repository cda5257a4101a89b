package kernels_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

// elementwise is a function of one to three inputs, with its exact value and
// the relative and absolute error it may have.
type elementwise struct {
	name     string
	inputs   int // read, dst not counted
	run      func(dst []float32, in [][]float32)
	want     func(dst float64, in []float64) float64
	rel, abs float64
}

const (
	slope = 0.2
	c     = 0.70710678
)

func sigmoid(x float64) float64 {
	if x < 0 { // 1/(1+e⁻ˣ) overflows to 0 too early, losing subnormals
		return math.Exp(x) / (1 + math.Exp(x))
	}
	return 1 / (1 + math.Exp(-x))
}

func silu(x float64) float64 { return x * sigmoid(x) }

func siluGrad(x float64) float64 { s := sigmoid(x); return s * (1 + x*(1-s)) }

func leaky(x, v float64) float64 {
	if x > 0 {
		return v
	}
	return float64(float32(slope)) * v
}

func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func relu6Grad(y, dy float64) float64 {
	if y > 0 && y < 6 {
		return dy
	}
	return 0
}

var elementwises = []elementwise{
	{"ReLU6", 1, func(d []float32, in [][]float32) { kernels.ReLU6(d, in[0]) },
		func(_ float64, in []float64) float64 { return math.Min(math.Max(in[0], 0), 6) }, 0, 0},
	{"ReLU6Grad", 2, func(d []float32, in [][]float32) { kernels.ReLU6Grad(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return relu6Grad(in[0], in[1]) }, 0, 0},
	// The relative error grows in the tail, where the value is next to nothing.
	{"GELU", 1, func(d []float32, in [][]float32) { kernels.GELU(d, in[0]) },
		func(_ float64, in []float64) float64 { return math.Max(in[0], -1e6) * normal(in[0]) }, 3e-7, 5e-7},
	{"GELUGrad", 2, func(d []float32, in [][]float32) { kernels.GELUGrad(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 {
			x := math.Min(math.Max(in[0], -1e6), 1e6)
			return in[1] * (normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi))
		}, 3e-7, 3e-5},
	{"Add", 2, func(d []float32, in [][]float32) { kernels.Add(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return in[0] + in[1] }, 6e-8, 0},
	{"Maximum", 2, func(d []float32, in [][]float32) { kernels.Maximum(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return math.Max(in[0], in[1]) }, 0, 0},
	{"Sub", 2, func(d []float32, in [][]float32) { kernels.Sub(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return in[0] - in[1] }, 6e-8, 0},
	{"Mul", 2, func(d []float32, in [][]float32) { kernels.Mul(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return in[0] * in[1] }, 6e-8, 1e-45},
	{"Div", 2, func(d []float32, in [][]float32) { kernels.Div(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return in[0] / in[1] }, 6e-8, 1e-45},
	// Two roundings of a result that may cancel: the error is relative to the
	// terms, all below 30 in size.
	{"MulAdd", 2, func(d []float32, in [][]float32) { kernels.MulAdd(d, in[0], in[1]) },
		func(d float64, in []float64) float64 { return d + in[0]*in[1] }, 2e-7, 1e-4},
	{"AddScaled", 2, func(d []float32, in [][]float32) { kernels.AddScaled(d, in[0], in[1], c) },
		func(_ float64, in []float64) float64 { return (in[0] + in[1]) * float64(float32(c)) }, 2e-7, 0},
	{"Scale", 1, func(d []float32, in [][]float32) { kernels.Scale(d, in[0], c) },
		func(_ float64, in []float64) float64 { return in[0] * float64(float32(c)) }, 6e-8, 0},
	{"AddScalar", 1, func(d []float32, in [][]float32) { kernels.AddScalar(d, in[0], c) },
		func(_ float64, in []float64) float64 { return in[0] + float64(float32(c)) }, 6e-8, 0},
	{"Lerp", 1, func(d []float32, in [][]float32) { kernels.Lerp(d, in[0], c) },
		func(d float64, in []float64) float64 { return d + float64(float32(c))*(in[0]-d) }, 2e-7, 1e-5},
	{"Square", 1, func(d []float32, in [][]float32) { kernels.Square(d, in[0]) },
		func(_ float64, in []float64) float64 { return in[0] * in[0] }, 6e-8, 0},
	{"Sqrt", 1, func(d []float32, in [][]float32) { kernels.Sqrt(d, in[0]) },
		func(_ float64, in []float64) float64 { return math.Sqrt(in[0]) }, 6e-8, 0},
	{"Exp", 1, func(d []float32, in [][]float32) { kernels.Exp(d, in[0]) },
		func(_ float64, in []float64) float64 { return math.Exp(in[0]) }, 3e-7, 1e-45},
	{"Log", 1, func(d []float32, in [][]float32) { kernels.Log(d, in[0]) },
		func(_ float64, in []float64) float64 { return math.Log(in[0]) }, 1e-7, 0},
	{"Sigmoid", 1, func(d []float32, in [][]float32) { kernels.Sigmoid(d, in[0]) },
		func(_ float64, in []float64) float64 { return sigmoid(in[0]) }, 5e-7, 1e-45},
	{"Softplus", 1, func(d []float32, in [][]float32) { kernels.Softplus(d, in[0]) },
		func(_ float64, in []float64) float64 {
			return math.Max(in[0], 0) + math.Log1p(math.Exp(-math.Abs(in[0])))
		}, 1e-7, 1e-45},
	{"SiLU", 1, func(d []float32, in [][]float32) { kernels.SiLU(d, in[0]) },
		func(_ float64, in []float64) float64 { return silu(in[0]) }, 6e-7, 3e-43},
	// silu' crosses zero at −1.28: an absolute term covers the cancellation.
	{"SiLUGrad", 2, func(d []float32, in [][]float32) { kernels.SiLUGrad(d, in[0], in[1]) },
		func(_ float64, in []float64) float64 { return in[1] * siluGrad(in[0]) }, 1e-6, 2e-6},
	{"LeakyReLU", 1, func(d []float32, in [][]float32) { kernels.LeakyReLU(d, in[0], slope) },
		func(_ float64, in []float64) float64 { return leaky(in[0], in[0]) }, 6e-8, 0},
	{"LeakyReLUGrad", 2, func(d []float32, in [][]float32) { kernels.LeakyReLUGrad(d, in[0], in[1], slope) },
		func(_ float64, in []float64) float64 { return leaky(in[0], in[1]) }, 6e-8, 0},
}

// guarded is a copy of x with a guard value on each side, at an odd offset.
func guarded(x []float32) (view, whole []float32) {
	whole = make([]float32, len(x)+6)
	for i := range whole {
		whole[i] = 12345
	}
	copy(whole[3:], x)
	return whole[3 : 3+len(x) : 3+len(x)], whole
}

func checkGuards(t *testing.T, whole []float32) {
	t.Helper()
	for _, i := range []int{0, 1, 2, len(whole) - 3, len(whole) - 2, len(whole) - 1} {
		if whole[i] != 12345 {
			t.Fatalf("value %d outside the slice was overwritten", i-3)
		}
	}
}

// within reports whether got is as near to want as the function promises.
func within(got float32, want, rel, abs float64) bool {
	g := float64(got)
	if math.IsNaN(want) || math.IsNaN(g) {
		return math.IsNaN(want) && math.IsNaN(g)
	}
	if math.IsInf(g, 0) || math.IsInf(want, 0) || math.Abs(want) > math.MaxFloat32 {
		return got == float32(want)
	}
	return math.Abs(g-want) <= rel*math.Abs(want)+abs
}

func TestElementwise(t *testing.T) {
	for _, e := range elementwises {
		eachImpl(t, func(t *testing.T) {
			t.Run(e.name, func(t *testing.T) {
				for n := range 150 {
					e.check(t, newRand(uint64(n)).NormFloat64, n)
				}
			})
		})
	}
}

// check runs e on n values drawn from draw, into fresh storage and in place.
func (e elementwise) check(t *testing.T, draw func() float64, n int) {
	t.Helper()
	in := make([][]float32, 3)
	for i := range in {
		in[i] = make([]float32, n)
		for j := range in[i] {
			in[i][j] = float32(draw() * 3)
		}
	}
	before := in[2]
	for alias := range e.inputs + 1 {
		var views [][]float32
		for i := range e.inputs {
			v, _ := guarded(in[i])
			views = append(views, v)
		}
		dst, whole := guarded(before)
		old := before
		if alias < e.inputs { // dst is one of the inputs
			dst, whole = guarded(in[alias])
			views[alias], old = dst, in[alias]
		}
		e.run(dst, views)
		checkGuards(t, whole)
		for j, got := range dst {
			var vals []float64
			for i := range e.inputs {
				vals = append(vals, float64(in[i][j]))
			}
			if want := e.want(float64(old[j]), vals); !within(got, want, e.rel, e.abs) {
				t.Fatalf("n %d, element %d, inputs %v: got %v, want %v", n, j, vals, got, want)
			}
		}
	}
}

func TestElementwiseSpecialValues(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, nan, -nan, 1e-45, -1e-45, 1e-38,
		math.MaxFloat32, -math.MaxFloat32, 16777217, -87.5, -88, -100, -103.5, -104, -150, -151, 87, 88.5, 88.8, 100, 1e10, -1e10}
	want := map[string]func(x float64) float64{
		"Exp": math.Exp, "Sqrt": math.Sqrt, "Sigmoid": sigmoid, "SiLU": func(x float64) float64 {
			if math.IsInf(x, -1) {
				return 0
			}
			return silu(x)
		}}
	eachImpl(t, func(t *testing.T) {
		for _, e := range elementwises {
			f := want[e.name]
			if f == nil {
				continue
			}
			for shift := range 20 { // every lane sees every value
				x := slices.Concat(make([]float32, shift), special)
				got := make([]float32, len(x))
				e.run(got, [][]float32{x})
				for i, v := range x {
					if math.Abs(float64(v)) > 1e30 && e.name == "SiLU" && v < 0 {
						if got[i] != 0 {
							t.Errorf("SiLU(%v) = %v, want 0", v, got[i])
						}
						continue
					}
					if w := f(float64(v)); !within(got[i], w, e.rel, e.abs) {
						t.Errorf("%s(%v) = %v, want %v", e.name, v, got[i], w)
					}
				}
			}
		}
		one := []float32{1}
		for _, v := range []struct{ x, want float32 }{{inf, 1}, {-inf, 0}, {nan, nan}, {0, 0.5}} {
			got := []float32{7}
			kernels.SiLUGrad(got, []float32{v.x}, one)
			if !within(got[0], float64(v.want), 0, 0) {
				t.Errorf("SiLUGrad(%v) = %v, want %v", v.x, got[0], v.want)
			}
			kernels.LeakyReLU(got, []float32{v.x}, slope)
			if !within(got[0], leaky(float64(v.x), float64(v.x)), 1e-7, 0) {
				t.Errorf("LeakyReLU(%v) = %v", v.x, got[0])
			}
		}
	})
}

// A caller may cut a range anywhere: the pieces give the bits of the whole.
func TestElementwiseCuts(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		rng := newRand(3)
		const n = 101
		in := [][]float32{random(rng, n), random(rng, n)}
		start := random(rng, n)
		for _, e := range elementwises {
			whole := slices.Clone(start)
			e.run(whole, in)
			for cut := range n {
				parts := slices.Clone(start)
				e.run(parts[:cut], [][]float32{in[0][:cut], in[1][:cut]})
				e.run(parts[cut:], [][]float32{in[0][cut:], in[1][cut:]})
				if !slices.Equal(whole, parts) && !slices.ContainsFunc(whole, func(v float32) bool { return v != v }) {
					t.Fatalf("%s: cut at %d changes the result", e.name, cut)
				}
			}
		}
	})
}

// A wide sweep bounds the error of the transcendental functions.
func TestActivationAccuracy(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		var x []float32
		for v := float32(-103); v < 88.7; v += 0.00171 {
			x = append(x, v)
		}
		got := make([]float32, len(x))
		for _, f := range []struct {
			name string
			run  func(dst, x []float32)
			want func(x float64) float64
			rel  float64
		}{{"Exp", kernels.Exp, math.Exp, 2.5e-7}, {"Sigmoid", kernels.Sigmoid, sigmoid, 5e-7}, {"SiLU", kernels.SiLU, silu, 6e-7}} {
			f.run(got, x)
			worst := 0.0
			for i, v := range x {
				want := f.want(float64(v))
				if v < -85 { // subnormal results have fewer bits
					if math.Abs(float64(got[i])-want) > 3e-43+f.rel*math.Abs(want) {
						t.Errorf("%s(%v) = %v, want %v", f.name, v, got[i], want)
					}
					continue
				}
				worst = max(worst, math.Abs(float64(got[i])/want-1))
			}
			if !(worst <= f.rel) {
				t.Errorf("%s: largest relative error %.3g, want at most %.3g", f.name, worst, f.rel)
			}
		}
	})
}

func TestElementwiseLengths(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Add of 3, 3 and 2 values did not panic")
		}
	}()
	kernels.Add(make([]float32, 3), make([]float32, 3), make([]float32, 2))
}
