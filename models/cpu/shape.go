package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

func concatKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, c := out.data, out.shape.Last()
	return parallel(pool, len(y)/c, grainFor(c), func(lo, hi int) {
		at := 0
		for _, x := range in {
			n := x.shape.Last()
			for r := lo; r < hi; r++ {
				copy(y[r*c+at:r*c+at+n], x.data[r*n:(r+1)*n])
			}
			at += n
		}
	})
}

func sliceKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	s := attr.(graph.Elements)
	y, x, n := out.data, in[0].data, s.Count()
	return parallel(pool, len(y)/n, grainFor(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			dst, src := y[r*n:(r+1)*n], x[r*s.Size+s.Lo:(r+1)*s.Size]
			if s.Step == 1 {
				copy(dst, src)
				continue
			}
			for i := range dst {
				dst[i] = src[i*s.Step]
			}
		}
	})
}

func spreadKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	s := attr.(graph.Elements)
	y, x, n := out.data, in[0].data, s.Count()
	return parallel(pool, len(x)/n, grainFor(s.Size), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, src := y[r*s.Size:(r+1)*s.Size], x[r*n:(r+1)*n]
			clear(row)
			for i, v := range src {
				row[s.Lo+i*s.Step] = v
			}
		}
	})
}
