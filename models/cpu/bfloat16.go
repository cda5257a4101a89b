package cpu

import "innate/models/kernels"

func narrowKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	words, x := out.data, in[0].data
	return parallel(pool, len(words), elementGrain, func(lo, hi int) { kernels.NarrowPart(words, x, lo, hi) })
}

func widenKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, words := out.data, in[0].data
	return parallel(pool, len(words), elementGrain, func(lo, hi int) { kernels.WidenPart(y, words, lo, hi) })
}
