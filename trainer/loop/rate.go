package loop

import "time"

// rate follows images per second over the last steps. It counts training time
// alone, so that a freeze shows at once and an evaluation does not hide it.
type rate struct {
	ring [16]time.Duration
	n    int
}

func (r *rate) add(d time.Duration) {
	r.ring[r.n%len(r.ring)] = d
	r.n++
}

// perSec returns images per second at that batch size, 0 before the first step.
func (r *rate) perSec(batch int) float64 {
	k := min(r.n, len(r.ring))
	var sum time.Duration
	for _, d := range r.ring[:k] {
		sum += d
	}
	if sum == 0 {
		return 0
	}
	return float64(k*batch) / sum.Seconds()
}

// reset forgets the past, after a change that makes it meaningless.
func (r *rate) reset() { *r = rate{} }
