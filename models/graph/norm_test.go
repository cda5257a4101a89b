package graph_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// shifted draws normal values around a mean, scaled.
func shifted(mean, scale float32, shape ...int) graphtest.Input {
	rng := rand.New(rand.NewPCG(5, 6))
	data := make([]float32, graph.Shape(shape).Size())
	for i := range data {
		data[i] = mean + scale*float32(rng.NormFloat64())
	}
	return graphtest.Values(data, shape...)
}

func TestGroupNorm(t *testing.T) {
	for _, c := range []struct{ n, h, w, c, groups int }{
		{2, 3, 3, 8, 2}, {3, 4, 5, 16, 4}, {1, 2, 3, 6, 1}, {2, 2, 2, 5, 5}, {2, 24, 24, 12, 3},
	} {
		for _, silu := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v_%v", c, silu), func(t *testing.T) {
				graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
					if silu {
						return g.GroupNormSiLU(in[0], in[1], in[2], c.groups, 1e-5)
					}
					return g.GroupNorm(in[0], in[1], in[2], c.groups, 1e-5)
				}, shifted(1, 2, c.n, c.h, c.w, c.c), shifted(1, 0.3, c.c), graphtest.Normal(c.c))
			})
		}
	}
}

// TestGroupNormPerSample: a weight and a bias of each sample.
func TestGroupNormPerSample(t *testing.T) {
	for _, c := range []struct{ n, h, w, c, groups int }{{2, 3, 3, 8, 2}, {3, 2, 5, 6, 1}, {2, 24, 24, 12, 3}} {
		for _, silu := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v_%v", c, silu), func(t *testing.T) {
				graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
					return g.Apply(graph.OpGroupNorm, graph.GroupNormAttr{Groups: c.groups, Eps: 1e-5, SiLU: silu}, in...)
				}, shifted(1, 2, c.n, c.h, c.w, c.c), shifted(1, 0.3, c.n, c.c), graphtest.Normal(c.n, c.c))
			})
		}
	}
	// Equal rows are what one weight for all is.
	g := graph.NewBuilder()
	x, w, b := g.Input("x", 2, 3, 4), g.Input("w", 4), g.Input("b", 4)
	for i := range g.Data(x) {
		g.Data(x)[i] = float32(i*i%7) - 2
	}
	copy(g.Data(w), []float32{1, 2, -1, 0.5})
	copy(g.Data(b), []float32{0, 1, 2, -3})
	each := func(e graph.Node) graph.Node { return g.BroadcastPerChannel(e, 2, 4) }
	got := evaluate(t, g, g.GroupNormSiLU(x, each(w), each(b), 2, 1e-5), g.GroupNormSiLU(x, w, b, 2, 1e-5))
	near(t, "equal rows", got[0], got[1], 1e-6)
}

func TestBatchNorm(t *testing.T) {
	for _, shape := range [][]int{{3, 3, 3, 5}, {2, 2, 3, 16}, {8, 6}, {4, 24, 24, 8}} {
		t.Run(fmt.Sprint(shape), func(t *testing.T) {
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
				y, _, _ := g.BatchNorm(in[0], in[1], in[2], 1e-5)
				return y
			}, shifted(1, 2, shape...), shifted(1, 0.3, shape[len(shape)-1]), graphtest.Normal(shape[len(shape)-1]))
		})
	}
}

// TestBatchNormMoments checks that the moments themselves can be differentiated
// in an expanded graph.
func TestBatchNormMoments(t *testing.T) {
	graphtest.EachImpl(t, func(t *testing.T) {
		g := graph.NewBuilder(graph.TwiceDifferentiable())
		x := g.Input("x", 2, 1, 1, 1)
		copy(g.Data(x), []float32{1, 4})
		_, mean, variance := g.BatchNorm(x, g.Const(1, 1), g.Const(0, 1), 1e-5)
		dx, err := g.Grad(variance, x)
		if err != nil {
			t.Fatal(err)
		}
		got := evaluate(t, g, mean, variance, dx[0])
		near(t, "mean", got[0], []float32{2.5}, 1e-6)
		near(t, "variance", got[1], []float32{2.25}, 1e-6)
		near(t, "gradient", got[2], []float32{-1.5, 1.5}, 1e-6)
	})
}

func TestBatchNormEvalAndAffine(t *testing.T) {
	graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		return g.BatchNormEval(in[0], in[1], in[2], in[3], in[4], 1e-3)
	}, graphtest.Normal(2, 3, 3, 5), graphtest.Normal(5), graphtest.Normal(5), graphtest.Normal(5), graphtest.Uniform(0.5, 2, 5))

	g := graph.NewBuilder()
	y := g.BatchNormEval(g.Const(7, 1, 1), g.Const(3, 1), g.Const(0.5, 1), g.Const(5, 1), g.Const(3, 1), 1)
	near(t, "output", evaluate(t, g, y)[0], []float32{3*(7-5)/2 + 0.5}, 1e-6)
}

// bothForms evaluates y and its gradients for a random cost, fused and
// expanded, and compares them.
func bothForms(t *testing.T, f graphtest.Func, in ...[]int) {
	t.Helper()
	graphtest.EachImpl(t, func(t *testing.T) {
		var forms [2][][]float32
		for i, opts := range [][]graph.Option{nil, {graph.TwiceDifferentiable()}} {
			g, outputs := withGradients(t, f, in, opts...)
			forms[i] = evaluate(t, g, outputs...)
		}
		for i, fused := range forms[0] {
			near(t, fmt.Sprintf("output %d", i), fused, forms[1][i], 3e-5)
		}
	})
}

// withGradients builds f on inputs of normal draws; the outputs are its value
// and its gradients for a random cost.
func withGradients(t testing.TB, f graphtest.Func, shapes [][]int, opts ...graph.Option) (*graph.Builder, []graph.Node) {
	t.Helper()
	g := graph.NewBuilder(opts...)
	rng := rand.New(rand.NewPCG(7, 8))
	random := func(name string, shape []int) graph.Node {
		n := g.Input(name, shape...)
		for i := range g.Data(n) {
			g.Data(n)[i] = float32(rng.NormFloat64()) + 0.2
		}
		return n
	}
	var in []graph.Node
	for i, s := range shapes {
		in = append(in, random(fmt.Sprint("in", i), s))
	}
	y := f(g, in...)
	grads, err := g.Grad(g.Dot(y, random("r", y.Shape())), in...)
	if err != nil {
		t.Fatal(err)
	}
	return g, append([]graph.Node{y}, grads...)
}

// TestBatchNormLeakyReLU compares with BatchNorm and LeakyReLU apart: a central
// difference would step over the kink.
func TestBatchNormLeakyReLU(t *testing.T) {
	for _, shape := range [][]int{{3, 4, 4, 5}, {4, 20, 20, 16}} {
		c := shape[3:]
		bothForms(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
			y, _, _ := g.BatchNormLeakyReLU(in[0], in[1], in[2], 1e-5, 0.2)
			return y
		}, shape, c, c)
		graphtest.CheckThreads(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
			y, _, _ := g.BatchNormLeakyReLU(in[0], in[1], in[2], 1e-5, 0.2)
			return y
		}, graphtest.Normal(shape...), graphtest.Normal(c...), graphtest.Normal(c...))
	}
}

// TestNormForms compares the fused forms with their expansions over several
// blocks and chunks of rows.
func TestNormForms(t *testing.T) {
	bothForms(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		return g.GroupNormSiLU(in[0], in[1], in[2], 4, 1e-6)
	}, []int{3, 28, 28, 16}, []int{16}, []int{16})
	bothForms(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		y, _, _ := g.BatchNorm(in[0], in[1], in[2], 1e-5)
		return y
	}, []int{40, 13, 13, 24}, []int{24}, []int{24})
}

// TestNormLargeMean uses inputs whose mean is 4096 times their deviation. They
// carry 12 bits of the deviation, exactly; E[x²]-E[x]² in float32 would lose
// them all.
func TestNormLargeMean(t *testing.T) {
	const pixels, c = 4096, 4
	rng := rand.New(rand.NewPCG(9, 10))
	x := make([]float32, pixels*c)
	var mean, variance [c]float64
	for i := range x {
		x[i] = 4096 + float32(math.Round(rng.NormFloat64()*2048)/2048)
		mean[i%c] += float64(x[i]) / pixels
	}
	for i, v := range x {
		variance[i%c] += math.Pow(float64(v)-mean[i%c], 2) / pixels
	}
	graphtest.EachImpl(t, func(t *testing.T) {
		g := graph.NewBuilder()
		in := g.Input("x", 1, 64, 64, c)
		copy(g.Data(in), x)
		one, zero := g.Const(1, c), g.Const(0, c)
		_, m, v := g.BatchNorm(in, one, zero, 1e-5)
		y := g.GroupNorm(in, one, zero, c, 1e-5)
		got := evaluate(t, g, m, v, y)
		for i := range c {
			near(t, "mean", got[0][i:i+1], []float32{float32(mean[i])}, 1e-7)
			near(t, "variance", got[1][i:i+1], []float32{float32(variance[i])}, 1e-5)
		}
		// The result is x·scale + shift in float32: its error is that of
		// rounding 4096/deviation, 2.4e-4 of a deviation.
		for i, v := range got[2] {
			want := (float64(x[i]) - mean[i%c]) / math.Sqrt(variance[i%c]+1e-5)
			if math.Abs(float64(v)-want) > 1e-3 {
				t.Fatalf("value %d: %v, want %v", i, v, want)
			}
		}
	})
}

// TestGroupNormByHand: two channels in one group, two pixels: 1 2 3 6 has mean 3
// and variance 3.5.
func TestGroupNormByHand(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 1, 1, 2, 2)
	copy(g.Data(x), []float32{1, 2, 3, 6})
	y := g.GroupNorm(x, g.Const(2, 2), g.Const(1, 2), 1, 0.5)
	near(t, "output", evaluate(t, g, y)[0], []float32{-1, 0, 1, 4}, 1e-6)
}

func TestNormRefuses(t *testing.T) {
	tests := []struct {
		build func(g *graph.Builder)
		want  string
	}{
		{func(g *graph.Builder) { g.GroupNorm(g.Input("x", 1, 2, 2, 6), g.Const(1, 6), g.Const(0, 6), 4, 1e-5) }, "4 groups of 6 channels, want a divisor"},
		{func(g *graph.Builder) {
			g.GroupNormSiLU(g.Input("x", 1, 2, 2, 6), g.Const(1, 5), g.Const(0, 6), 2, 1e-5)
		}, "weight or bias [5], want [6]"},
		{func(g *graph.Builder) { g.GroupNorm(g.Input("x", 1, 2, 2, 6), g.Const(1, 6), g.Const(0, 6), 2, 0) }, "eps 0, want > 0"},
		{func(g *graph.Builder) {
			g.GroupNorm(g.Input("x", 3, 2, 2, 6), g.Const(1, 3, 6), g.Const(0, 6), 2, 1e-5)
		}, "weight [3 6] and bias [6] of each sample, want [3 6]"},
		{func(g *graph.Builder) {
			g.GroupNorm(g.Input("x", 3, 2, 2, 6), g.Const(1, 2, 6), g.Const(0, 2, 6), 2, 1e-5)
		}, "weight [2 6] and bias [2 6] of each sample, want [3 6]"},
		{func(g *graph.Builder) { g.BatchNorm(g.Input("x", 6), g.Const(1, 6), g.Const(0, 6), 1e-5) }, "input [6], want [N ... C]"},
		{func(g *graph.Builder) { g.BatchNorm(g.Input("x", 2, 6), g.Const(1, 6), g.Const(0, 5), 1e-5) }, "weight or bias [5], want [6]"},
	}
	for _, c := range tests {
		wantMessage(t, failure(t, c.build), c.want)
	}
}

// TestRunsDoNotAllocate covers every operation of this package that keeps
// scratch, forward and backward.
func TestRunsDoNotAllocate(t *testing.T) {
	image, c := []int{2, 16, 16, 24}, []int{24}
	tests := map[string]struct {
		f  graphtest.Func
		in [][]int
	}{
		"conv": {func(g *graph.Builder, in ...graph.Node) graph.Node {
			return g.Conv(in[0], in[1], in[2], graph.ConvOpts{Stride: 2, Pad: 1})
		}, [][]int{image, {8, 24, 3, 3}, {8}}},
		"resample": {func(g *graph.Builder, in ...graph.Node) graph.Node {
			h := g.Downsample2(g.Upsample2(in[0], []int{1, 3, 3, 1}), []int{1, 1}, 0)
			return g.Bilinear(g.Downsample2(g.Upsample2(h, []int{1, 1}), []int{1, 3, 3, 1}, 1), 20, 20, true)
		}, [][]int{image}},
		"group norm": {func(g *graph.Builder, in ...graph.Node) graph.Node {
			return g.GroupNormSiLU(in[0], in[1], in[2], 6, 1e-6)
		}, [][]int{image, c, c}},
		"batch norm": {func(g *graph.Builder, in ...graph.Node) graph.Node {
			y, mean, _ := g.BatchNormLeakyReLU(in[0], in[1], in[2], 1e-5, 0.2)
			return g.AddPerChannel(y, mean)
		}, [][]int{image, c, c}},
		"attention": {func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Attention(in[0], 2) }, [][]int{image}},
		"spectral norm": {func(g *graph.Builder, in ...graph.Node) graph.Node {
			wn, _, _ := g.SpectralNorm(in[0], in[1], in[2])
			return wn
		}, [][]int{{8, 24, 3, 3}, {8}, {216}}},
	}
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	for name, c := range tests {
		graphtest.EachImpl(t, func(t *testing.T) {
			g, outputs := withGradients(t, c.f, c.in)
			m, err := dev.Compile(g, device.Request{Outputs: outputs})
			if err != nil {
				t.Fatal(err)
			}
			if n := testing.AllocsPerRun(3, func() { m.Run() }); n != 0 {
				t.Errorf("%s: %v allocations per run", name, n)
			}
		})
	}
}
