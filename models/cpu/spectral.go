package cpu

import (
	"math"

	"innate/models/kernels"
)

func powerIterationKernel(pool *kernels.Pool, s *kernels.Region, _ any, out buffer, in []buffer) func() {
	o, r := in[0].shape[0], in[0].shape[1]
	w, u := in[0].data, in[1].data
	wTu := kernels.NewGemm(pool, 1, 1, r, o, false, false, s) // uᵀ·w
	wv := kernels.NewGemm(pool, 1, o, 1, r, false, false, s)
	return func() {
		vNew, uNew := out.data[:r], out.data[r:]
		wTu.Run(u, w, vNew)
		normalise(vNew)
		wv.Run(w, vNew, uNew)
		normalise(uNew)
	}
}

// normalise divides a by max(|a|, 1e-12).
func normalise(a []float32) {
	norm := math.Sqrt(kernels.Dot(a, a))
	kernels.Scale(a, a, float32(1/max(norm, 1e-12)))
}
