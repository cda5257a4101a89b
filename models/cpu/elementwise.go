package cpu

import (
	"math"

	"innate/models/kernels"
)

// unaryKernel prepares dst[i] = f(x[i]).
func unaryKernel(f func(dst, x []float32)) kernel {
	return func(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
		y, x := out.data, in[0].data
		return parallel(pool, len(y), elementGrain, func(lo, hi int) { f(y[lo:hi], x[lo:hi]) })
	}
}

// unaryAttrKernel prepares dst[i] = f(x[i], c), c being the attribute.
func unaryAttrKernel(f func(dst, x []float32, c float32)) kernel {
	return func(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
		y, x, c := out.data, in[0].data, attr.(float32)
		return parallel(pool, len(y), elementGrain, func(lo, hi int) { f(y[lo:hi], x[lo:hi], c) })
	}
}

// binaryKernel prepares dst[i] = f(a[i], b[i]).
func binaryKernel(f func(dst, a, b []float32)) kernel {
	return func(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
		y, a, b := out.data, in[0].data, in[1].data
		return parallel(pool, len(y), elementGrain, func(lo, hi int) { f(y[lo:hi], a[lo:hi], b[lo:hi]) })
	}
}

// binaryAttrKernel prepares dst[i] = f(a[i], b[i], c), c being the attribute.
func binaryAttrKernel(f func(dst, a, b []float32, c float32)) kernel {
	return func(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
		y, a, b, c := out.data, in[0].data, in[1].data, attr.(float32)
		return parallel(pool, len(y), elementGrain, func(lo, hi int) { f(y[lo:hi], a[lo:hi], b[lo:hi], c) })
	}
}

// addNKernel sums in the order of the inputs.
func addNKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y := out.data
	return parallel(pool, len(y), elementGrain, func(lo, hi int) {
		kernels.Add(y[lo:hi], in[0].data[lo:hi], in[1].data[lo:hi])
		for _, b := range in[2:] {
			kernels.Add(y[lo:hi], y[lo:hi], b.data[lo:hi])
		}
	})
}

func rsqrt(dst, x []float32) {
	for i, v := range x[:len(dst)] {
		dst[i] = float32(1 / math.Sqrt(float64(v)))
	}
}
