package cpu

import "innate/models/kernels"

// blockFloats is how many values a kernel handles in one go when it passes
// several times over the same data: two blocks fit a 32 KiB first-level cache.
const blockFloats = 4096

// blockRows is the number of rows of c values in a block, at least one.
func blockRows(c int) int { return max(1, blockFloats/c) }

// rowLoop prepares body for every chunk of grain rows out of n. The chunks do
// not depend on the number of threads; body must write only what belongs to its
// rows, or to its chunk (lo/grain), or to scratch of its worker.
func rowLoop(pool *kernels.Pool, n, grain int, body func(worker, lo, hi int)) func() {
	chunks := (n + grain - 1) / grain
	if chunks <= 1 {
		return func() { body(0, 0, n) }
	}
	job := func(worker, chunk int) {
		lo := chunk * grain
		body(worker, lo, min(lo+grain, n))
	}
	return func() { pool.Run(chunks, job) }
}

func fill(dst []float32, v float32) {
	for i := range dst {
		dst[i] = v
	}
}
