package kernels_test

import (
	"fmt"
	"testing"

	"innate/models/kernels"
)

// benchShapes are the layers of the small networks that innate ships.
var benchShapes = []shape{
	{64, 28, 28, 16, 16, 3, 1, 1, 0},
	{64, 28, 28, 32, 32, 3, 1, 1, 0},
	{64, 28, 28, 64, 64, 3, 1, 1, 0},
	{64, 14, 14, 32, 32, 3, 1, 1, 0},
	{64, 7, 7, 64, 64, 3, 1, 1, 0},
	{64, 32, 32, 32, 32, 3, 1, 1, 0},
	{64, 8, 8, 64, 64, 4, 2, 1, 0},
	{64, 28, 28, 32, 32, 1, 1, 0, 0},
	{64, 28, 28, 1, 16, 3, 1, 1, 0},
	{64, 28, 28, 16, 1, 3, 1, 1, 0},
}

// reportFLOPS adds the rate of a benchmark that does the given number of
// multiplications and additions per iteration.
func reportFLOPS(b *testing.B, flop float64) {
	b.ReportMetric(flop*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func BenchmarkConv(b *testing.B) {
	for _, s := range benchShapes {
		rng := newRand(1)
		oh, ow := s.Out()
		x, w := random(rng, s.N*s.H*s.W*s.Ci), random(rng, s.Co*s.Ci*s.K*s.K)
		y, bias := random(rng, s.N*oh*ow*s.Co), random(rng, s.Co)
		flop := 2 * float64(s.N*oh*ow*s.Co*s.Ci*s.K*s.K)
		for _, threads := range []int{1, 2} {
			name := fmt.Sprintf("%dx%dx%dx%dto%dk%ds%d/threads=%d", s.N, s.H, s.W, s.Ci, s.Co, s.K, s.Stride, threads)
			p := kernels.NewPool(threads)
			fwd, gradX, gradW := kernels.NewConvForward(p, s, nil, nil), kernels.NewConvGradInput(p, s, nil, nil), kernels.NewConvGradWeight(p, s, nil)
			run := func(dir string, f func()) {
				b.Run(name+"/"+dir, func(b *testing.B) {
					for b.Loop() {
						f()
					}
					reportFLOPS(b, flop)
				})
			}
			run("forward", func() { fwd.Run(x, w, bias, y) })
			run("gradinput", func() { gradX.Run(y, w, x) })
			run("gradweight", func() { gradW.Run(x, y, w) })
			p.Close()
		}
	}
}
