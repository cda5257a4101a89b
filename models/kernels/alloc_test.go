package kernels_test

import (
	"testing"

	"innate/models/kernels"
)

// Nothing allocates once an object is prepared.
func TestRunDoesNotAllocate(t *testing.T) {
	eachImpl(t, func(t *testing.T) {
		rng := newRand(4)
		p := kernels.NewPool(2)
		defer p.Close()
		check := func(name string, f func()) {
			t.Helper()
			if n := testing.AllocsPerRun(10, f); n != 0 {
				t.Errorf("%s: %v allocations", name, n)
			}
		}
		for _, s := range []shape{{4, 8, 8, 16, 16, 3, 1, 1, 0}, {4, 8, 8, 3, 5, 4, 2, 1, 0}, {4, 8, 8, 64, 64, 1, 1, 0, 0}, {4, 8, 8, 16, 1, 3, 1, 1, 0}, {1, 4, 4, 80, 80, 3, 1, 1, 0}, {9, 15, 17, 16, 16, 3, 1, 1, 0}} {
			oh, ow := s.Out()
			x, w := random(rng, s.N*s.H*s.W*s.Ci), random(rng, s.Co*s.Ci*s.K*s.K)
			y, bias := random(rng, s.N*oh*ow*s.Co), random(rng, s.Co)
			fwd, gradX, gradW := kernels.NewConvForward(p, s, nil, nil), kernels.NewConvGradInput(p, s, nil, nil), kernels.NewConvGradWeight(p, s, nil)
			check("ConvForward", func() { fwd.Run(x, w, bias, y) })
			check("ConvGradInput", func() { gradX.Run(y, w, x) })
			check("ConvGradWeight", func() { gradW.Run(x, y, w) })
		}
		d := kernels.DepthwiseShape{N: 2, H: 8, W: 8, C: 20, K: 3, Stride: 2, OH: 4, OW: 4}
		fwd, gradX := kernels.NewDepthwise(p, d, nil), kernels.NewDepthwiseGradInput(p, d, nil)
		dx, dw, dy := random(rng, 2*64*20), random(rng, 20*9), random(rng, 2*16*20)
		check("Depthwise", func() { fwd.Run(dx, dw, nil, dy) })
		check("DepthwiseGradInput", func() { gradX.Run(dy, dw, nil, dx) })
		for _, batch := range []int{1, 20} {
			g := kernels.NewGemm(p, batch, 9, 9, 9, true, true, nil)
			a, b, c := random(rng, batch*81), random(rng, batch*81), random(rng, batch*81)
			check("Gemm", func() { g.Run(a, b, c) })
		}
		x, y, z := random(rng, 102), random(rng, 102), random(rng, 102)
		k := random(rng, 3)
		in := [][]float32{x, y}
		for _, e := range elementwises {
			check(e.name, func() { e.run(z, in) })
		}
		for _, m := range rowMaps {
			check(m.name, func() { m.run(z, x, y, [3][]float32{k, k, k}) })
		}
		check("DotRows", func() { kernels.DotRows(k, k, x, y) })
		check("SumRows", func() { kernels.SumRows(k, x) })
		check("SoftmaxRow", func() { kernels.SoftmaxRow(z, x) })
		check("Sum and Dot", func() { _ = kernels.Sum(x) + kernels.Dot(x, y) + float64(kernels.Max(x)) })
		check("Adam", func() { kernels.Adam(x, y, z, z, 0.1, 0.9, 0.99, 1e-8, 0.1, 0.1) })
	})
}
