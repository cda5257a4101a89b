package cpu

import (
	"math"
	"slices"

	"innate/models/graph"
	"innate/models/kernels"
)

func matMulKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	t := attr.(graph.Transposes)
	batch, m, n, k, _ := graph.MatDims(t, in[0].shape, in[1].shape)
	gemm := kernels.NewGemm(pool, batch, m, n, k, t.A, t.B, s)
	return func() { gemm.Run(in[0].data, in[1].data, out.data) }
}

func linearKernel(pool *kernels.Pool, s *kernels.Region, _ any, out buffer, in []buffer) func() {
	x, w, b, y := in[0].data, in[1].data, in[2].data, out.data
	o := out.shape[1]
	gemm := kernels.NewGemm(pool, 1, out.shape[0], o, in[0].shape[1], false, true, s)
	bias := parallel(pool, out.shape[0], grainFor(o), func(lo, hi int) {
		kernels.AddRows(y[lo*o:hi*o], y[lo*o:hi*o], b)
	})
	return func() {
		gemm.Run(x, w, y)
		bias()
	}
}

func softmaxKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, x, c := out.data, in[0].data, out.shape.Last()
	return parallel(pool, len(y)/c, grainFor(4*c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			kernels.SoftmaxRow(y[r*c:(r+1)*c], x[r*c:(r+1)*c])
		}
	})
}

// crossEntropyKernel computes Σ target·(max + log Σ e^(logits-max) - logits).
func crossEntropyKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, logits, target, k := out.data, in[0].data, in[1].data, in[0].shape[1]
	return parallel(pool, len(y), grainFor(8*k), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			y[r] = crossEntropyRow(logits[r*k:(r+1)*k], target[r*k:(r+1)*k])
		}
	})
}

func crossEntropyRow(logits, target []float32) float32 {
	top := slices.Max(logits)
	var sum, loss float64
	for _, v := range logits {
		sum += math.Exp(float64(v - top))
	}
	lse := math.Log(sum)
	for i, v := range logits {
		loss += float64(target[i]) * (lse - float64(v-top))
	}
	return float32(loss)
}

func hitsKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, logits, target, k := out.data, in[0].data, in[1].data, in[0].shape[1]
	return parallel(pool, len(y), grainFor(k), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := logits[r*k : (r+1)*k]
			top := slices.Max(row) // NaN if one is
			y[r] = top - top
			if y[r] == 0 {
				y[r] = target[r*k+slices.Index(row, top)]
			}
		}
	})
}
