package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

func (v over) sumKernel(pool *kernels.Pool, s *kernels.Region, _ any, out buffer, in []buffer) func() {
	x := in[0].data
	return v.reduce(pool, s, in[0].shape, out.data, func(acc, _ []float32, lo, hi int) {
		if len(acc) == 1 {
			acc[0] = float32(kernels.Sum(x[lo:hi]))
			return
		}
		clear(acc)
		kernels.SumRows(acc, x[lo:hi])
	})
}

func (v over) dotKernel(pool *kernels.Pool, s *kernels.Region, _ any, out buffer, in []buffer) func() {
	x, y := in[0].data, in[1].data
	return v.reduce(pool, s, in[0].shape, out.data, func(acc, unused []float32, lo, hi int) {
		if len(acc) == 1 {
			acc[0] = float32(kernels.Dot(x[lo:hi], y[lo:hi]))
			return
		}
		clear(acc)
		clear(unused)
		kernels.DotRows(unused, acc, x[lo:hi], y[lo:hi])
	})
}

// maxBlocks bounds how many partial sums one result is made of.
const maxBlocks = 64

// reduce prepares out[A C] = Σ over P of x [A P C]. P is cut into blocks, by
// shape alone; block sums one block of values [lo, hi) into acc [C], with
// scratch [C] to itself. The blocks of each result are added in order and in
// float64, so the sum depends neither on the number of threads nor much on the
// number of rows.
func (v over) reduce(pool *kernels.Pool, s *kernels.Region, x graph.Shape, out []float32, block func(acc, scratch []float32, lo, hi int)) func() {
	as, p, c := v.View(x)
	rows := min(p, max(grainFor(c), (p+maxBlocks-1)/maxBlocks))
	blocks := (p + rows - 1) / rows
	acc := out
	if blocks > 1 {
		acc = s.Floats(as * blocks * c)
	}
	scratch := s.Floats(as * blocks * c)
	sums := parallel(pool, as*blocks, grainFor(rows*c), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, r := i/blocks, i%blocks*rows
			block(acc[i*c:(i+1)*c], scratch[i*c:(i+1)*c], (a*p+r)*c, (a*p+min(r+rows, p))*c)
		}
	})
	if blocks == 1 {
		return sums
	}
	return func() {
		sums()
		for i := range out {
			a, ch := i/c, i%c
			var total float64
			for b := range blocks {
				total += float64(acc[(a*blocks+b)*c+ch])
			}
			out[i] = float32(total)
		}
	}
}
