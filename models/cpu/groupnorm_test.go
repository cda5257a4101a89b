package cpu_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// TestGroupNormGradTogether: a gradient that makes its sums itself, in the place of
// the gradient that it is given, agrees with one whose sums are an operation.
func TestGroupNormGradTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	normal := func(x []float32) {
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
	}
	for _, silu := range []bool{false, true} {
		w, b := models.NewParam("w", 24), models.NewParam("b", 24)
		normal(w.Data)
		normal(b.Data)
		var x, dy, dx, dw, square graph.Node
		g, err := graph.Build(func(g *graph.Builder) {
			x, dy = g.Input("x", 3, 11, 19, 24), g.Input("dy", 3, 11, 19, 24)
			norm := g.GroupNorm
			if silu {
				norm = g.GroupNormSiLU
			}
			y := norm(x, g.Param(w), g.Param(b), 6, 1e-5)
			// The norm alone reads the gradient of y, so that dx may take its place.
			grads, _ := g.Grad(g.Sum(g.Mul(g.AddScalar(y, 1), dy)), x, g.Param(w))
			dx, dw = grads[0], grads[1]
			square = g.Square(dx)
		})
		if err != nil {
			t.Fatal(err)
		}
		normal(g.Data(x))
		normal(g.Data(dy))
		run := func(outputs ...graph.Node) (device.Program, int) {
			p, err := newDevice(t, 2).Compile(g, device.Request{Outputs: outputs})
			if err != nil {
				t.Fatal(err)
			}
			p.Profile(true)
			for range 2 {
				if err := p.Run(); err != nil {
					t.Fatal(err)
				}
			}
			sums := 0
			_, costs := p.Costs()
			for _, c := range costs {
				if c.Op == graph.OpGroupNormSums.Name {
					sums++
				}
			}
			return p, sums
		}
		together, sums := run(square, dw)
		if sums != 0 {
			t.Errorf("silu %v: %d operations for sums, want none", silu, sums)
		}
		apart, sums := run(dw)
		if sums != 1 {
			t.Errorf("silu %v: %d operations for sums of a weight's gradient alone, want 1", silu, sums)
		}
		for i, v := range together.Value(dw) {
			if want := apart.Value(dw)[i]; v != want {
				t.Fatalf("silu %v: gradient of weight %d is %v, want %v", silu, i, v, want)
			}
		}
		if silu {
			continue
		}
		// Without an activation dx is orthogonal to a shift of x.
		total := 0.0
		plain, _ := run(dx)
		for i, v := range plain.Value(dx) {
			total += float64(v)
			if got := together.Value(square)[i]; got != v*v {
				t.Fatalf("square of the gradient %d: %v, want %v", i, got, v*v)
			}
		}
		if math.Abs(total) > 1e-2 {
			t.Errorf("gradients add up to %v, want 0", total)
		}
	}
}
