package kernels

import "time"

// peakDepth is how many products a value of MeasurePeak's tile sums: the panel
// of B then takes 16 KiB with AVX-512 and less with the others, half of a
// first-level cache.
const peakDepth = 128

// MeasurePeak is the rate, in multiplications and additions a second, at which
// all workers of the pool run the register tile of the implementation in use on
// values that stay in the first-level cache. No kernel can be faster; it is the
// rate to hold them against. It measures for about the given time and returns
// the best of its rounds.
func MeasurePeak(p *Pool, d time.Duration) float64 {
	k := active
	lanes := 2 * k.vl
	type buffers struct {
		a, b, c []float32
		_       [64]byte // keeps the workers' cache lines apart
	}
	work := make([]buffers, p.Threads())
	for i := range work {
		work[i] = buffers{a: make([]float32, k.mr*peakDepth), b: make([]float32, peakDepth*lanes), c: make([]float32, k.mr*lanes)}
	}
	const tiles = 400 // in a job: some 0.1 ms
	jobs := 4 * p.Threads()
	job := func(worker, _ int) {
		w := &work[worker]
		t := tile{
			a: at(w.a, 0), aPix: peakDepth * floatBytes, b: at(w.b, 0), c: at(w.c, 0), cPix: uintptr(lanes * floatBytes),
			rows: 1, len: peakDepth,
		}
		for range tiles {
			k.dotTile(&t, k.mr, 2)
		}
	}
	flop := 2 * float64(k.mr*lanes*peakDepth*tiles*jobs)
	best := 0.0
	for start := time.Now(); best == 0 || time.Since(start) < d; {
		round := time.Now()
		p.Run(jobs, job)
		best = max(best, flop/time.Since(round).Seconds())
	}
	return best
}
