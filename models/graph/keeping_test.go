package graph_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
)

// residual is a chain of residual blocks with dropout, of which the last ones also see
// what the first ones gave, and a loss: of the output, or of the gradient for the
// image, which makes its own of second order.
func residual(t *testing.T, blocks int, twice bool) (g *builder, outputs []node) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 8))
	fill := func(values []float32) {
		for i := range values {
			values[i] = float32(rng.NormFloat64()) * 0.5
		}
	}
	var weights []node
	param := func(name string, shape ...int) node {
		p := models.NewParam(name, shape...)
		fill(p.Data)
		weights = append(weights, g.Param(p))
		return weights[len(weights)-1]
	}
	const n, side, c = 2, 8, 4
	g = graph.NewBuilder()
	if twice {
		g = graph.NewBuilder(graph.TwiceDifferentiable())
	}
	image := g.Input("image", n, side, side, c)
	fill(g.Data(image))
	stack, x := []node{image}, image
	for i := range blocks {
		end := g.Block()
		width, in := c, x
		if i >= blocks/2 {
			in, width = g.Concat(x, stack[blocks-1-i]), 2*c
		}
		h := g.GroupNormSiLU(in, param("norm0.w", width), param("norm0.b", width), 2, 1e-5)
		h = g.Conv(h, param("conv0.w", c, width, 3, 3), param("conv0.b", c), graph.ConvOpts{Stride: 1, Pad: 1})
		mask := g.Input("mask"+string(rune('a'+i)), n, side, side, c)
		for j := range g.Data(mask) {
			g.Data(mask)[j] = float32(rng.IntN(2))
		}
		h = g.GroupNormSiLU(g.Mul(h, mask), param("norm1.w", c), param("norm1.b", c), 2, 1e-5)
		h = g.Reshape(g.Reshape(h, n, side*side, c), n, side, side, c) // another name for the same storage
		h = g.Conv(h, param("conv1.w", c, c, 3, 3), node{}, graph.ConvOpts{Stride: 1, Pad: 1})
		x = g.AddScaled(h, x, math.Sqrt2/2)
		end()
		stack = append(stack, x)
	}
	loss := g.Mean(g.Square(x))
	if twice {
		loss = g.Mean(g.Square(mustGrad(t, g, loss, image)))
	}
	grads, err := g.Grad(loss, weights...)
	if err != nil {
		t.Fatal(err)
	}
	return g, append(grads, loss, stack[1])
}

// TestRecompute holds what is computed again against what is kept, to the bit, for all
// gradients and for some of them, of first and of second order.
func TestRecompute(t *testing.T) {
	for _, c := range []struct {
		name  string
		twice bool
		most  float64 // share of the memory
	}{{"first order", false, 0.5}, {"second order", true, 0.65}} {
		g, all := residual(t, 8, c.twice)
		some := slices.DeleteFunc(slices.Clone(all), func(n node) bool { return len(n.Shape()) == 4 && n != all[len(all)-1] })
		for _, outputs := range [][]node{all, some} {
			dev := newDevice(t, 2)
			var programs []device.Program
			for _, k := range []graph.Keeping{{}, {Recompute: true}} {
				p, err := dev.Compile(g, device.Request{Outputs: outputs, Keep: k})
				if err != nil {
					t.Fatal(err)
				}
				programs = append(programs, p)
			}
			for range 2 {
				for _, p := range programs {
					if err := p.Run(); err != nil {
						t.Fatal(err)
					}
				}
				for i, n := range outputs {
					if want, got := programs[0].Value(n), programs[1].Value(n); !slices.Equal(want, got) || !finite(want) {
						t.Errorf("%s, output %d of %d, %v: not what it is if all is kept", c.name, i, len(outputs), n)
					}
				}
			}
			kept, again := programs[0].Memory(), programs[1].Memory()
			if again.Operations <= kept.Operations {
				t.Errorf("%s: %d operations, %d with some computed again", c.name, kept.Operations, again.Operations)
			}
			if len(outputs) == len(all) && float64(again.Activations) > c.most*float64(kept.Activations) {
				t.Errorf("%s: %d bytes of activations, of %d if all are kept, want %v of it", c.name, again.Activations, kept.Activations, c.most)
			}
			if n := testing.AllocsPerRun(3, func() { programs[1].Run() }); n != 0 && devicetest.OnCPU() {
				t.Errorf("%s: %v allocations a run", c.name, n)
			}
		}
	}
}

func finite(values []float32) bool {
	return !slices.ContainsFunc(values, func(v float32) bool { return math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) })
}

// TestRecomputeNothing: where there is no gradient, or no block but the last, nothing
// is computed again.
func TestRecomputeNothing(t *testing.T) {
	for _, c := range []struct {
		blocks  int
		forward bool
	}{{1, false}, {4, true}} {
		g, outputs := residual(t, c.blocks, false)
		if c.forward {
			outputs = outputs[len(outputs)-2:]
		}
		var memory []device.Memory
		for _, k := range []graph.Keeping{{}, {Recompute: true}} {
			p, err := newDevice(t, 1).Compile(g, device.Request{Outputs: outputs, Keep: k})
			if err != nil {
				t.Fatal(err)
			}
			memory = append(memory, p.Memory())
		}
		if memory[0] != memory[1] {
			t.Errorf("%d blocks: %+v, and %+v with some computed again", c.blocks, memory[0], memory[1])
		}
	}
}

// TestKeepBFloat16 keeps in bfloat16, alone and with what is inside of blocks computed
// again. The loss of the first order is what it is otherwise to the bit; gradients are
// off by what rounding to 8 bits makes of a chain of 8 blocks: less than 2 % of their norm.
func TestKeepBFloat16(t *testing.T) {
	for _, twice := range []bool{false, true} {
		g, outputs := residual(t, 8, twice)
		loss := outputs[len(outputs)-2]
		dev := newDevice(t, 2)
		var programs []device.Program
		for _, k := range []graph.Keeping{{}, {BFloat16: true}, {BFloat16: true, Recompute: true}, {Recompute: true}} {
			p, err := dev.Compile(g, device.Request{Outputs: outputs, Keep: k})
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			programs = append(programs, p)
		}
		exact, low, both, again := programs[0], programs[1], programs[2], programs[3]
		for _, p := range []device.Program{low, both} {
			if !twice && p.Value(loss)[0] != exact.Value(loss)[0] {
				t.Errorf("loss %v, want %v", p.Value(loss)[0], exact.Value(loss)[0])
			}
			for i, n := range outputs {
				apart, norm := 0.0, 0.0
				for j, w := range exact.Value(n) {
					apart += math.Pow(float64(p.Value(n)[j]-w), 2)
					norm += math.Pow(float64(w), 2)
				}
				if !(math.Sqrt(apart) <= 0.02*math.Sqrt(norm)+1e-6) {
					t.Errorf("second order %v: output %d, %v: %g off, its norm is %g", twice, i, n, math.Sqrt(apart), math.Sqrt(norm))
				}
			}
		}
		if a, b := low.Memory().Activations, exact.Memory().Activations; !twice && float64(a) > 0.75*float64(b) {
			t.Errorf("%d bytes of activations, of %d in float32", a, b)
		}
		if a, b := both.Memory().Activations, again.Memory().Activations; !twice && a >= b {
			t.Errorf("%d bytes with some computed again, of %d in float32", a, b)
		}
		if n := testing.AllocsPerRun(3, func() { both.Run() }); n != 0 && devicetest.OnCPU() {
			t.Errorf("%v allocations a run", n)
		}
	}
}
