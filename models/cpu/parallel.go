package cpu

import "innate/models/kernels"

// elementGrain is how many values one job of an elementwise loop handles: some
// microseconds of work, and a multiple of every vector length.
const elementGrain = 16384

// parallel prepares a loop over [0, n), cut into chunks of grain that f handles
// independently; running the returned body does not allocate. The chunks depend
// on n and grain alone, never on the number of threads, and so neither do the
// results.
func parallel(pool *kernels.Pool, n, grain int, f func(lo, hi int)) func() {
	grain = max(grain, 1)
	jobs := (n + grain - 1) / grain
	if jobs <= 1 {
		return func() { f(0, n) }
	}
	if pool.Threads() == 1 {
		return func() {
			for lo := 0; lo < n; lo += grain {
				f(lo, min(lo+grain, n))
			}
		}
	}
	body := func(_, job int) { f(job*grain, min((job+1)*grain, n)) }
	return func() { pool.Run(jobs, body) }
}

// grainFor is how many items of size values each make one chunk.
func grainFor(size int) int { return max(1, elementGrain/max(1, size)) }
