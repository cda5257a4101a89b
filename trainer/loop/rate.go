package loop

import "time"

// rate follows images per second over the last steps. It counts training time
// alone, so that a freeze shows at once and an evaluation does not hide it.
type rate struct {
	ring [16]spent
	n    int
}

// spent is the time of a step: by the clock, and of this process's processors, which
// does not grow when others use the machine too.
type spent struct{ wall, cpu time.Duration }

func (s *spent) plus(other spent) {
	s.wall += other.wall
	s.cpu += other.cpu
}

func (r *rate) add(s spent) {
	r.ring[r.n%len(r.ring)] = s
	r.n++
}

// perSec returns images per second at that batch size, by the clock and by processor
// time; 0 before the first step, or where the system does not tell.
func (r *rate) perSec(batch int) (wall, cpu float64) {
	k := min(r.n, len(r.ring))
	var sum spent
	for _, s := range r.ring[:k] {
		sum.plus(s)
	}
	return imagesPer(sum.wall, k*batch), imagesPer(sum.cpu, k*batch)
}

func imagesPer(d time.Duration, images int) float64 {
	if d <= 0 {
		return 0
	}
	return float64(images) / d.Seconds()
}

// stopwatch measures a step.
type stopwatch struct {
	start time.Time
	cpu   time.Duration
}

func startWatch() stopwatch { return stopwatch{time.Now(), ProcessorTime()} }

func (w stopwatch) spent() spent {
	return spent{time.Since(w.start), ProcessorTime() - w.cpu}
}

// reset forgets the past, after a change that makes it meaningless.
func (r *rate) reset() { *r = rate{} }

// pace follows images per second of wall time from tick to tick, with everything
// that is done between the steps.
type pace struct {
	since  time.Time // the last tick
	nimg   int64     // images seen then
	perSec float64   // average, 0 before the first tick …
	ticks  int       // … over so many of them
}

// paceTicks is over how many ticks the pace is averaged, so that the time left
// does not jump with every evaluation.
const paceTicks = 40

// start begins to count at now; what was averaged stays.
func (p *pace) start(now time.Time, nimg int64) { p.since, p.nimg = now, nimg }

// tick takes in what was seen since the last one.
func (p *pace) tick(now time.Time, nimg int64) {
	if wall := now.Sub(p.since).Seconds(); wall > 0 {
		p.ticks = min(p.ticks+1, paceTicks)
		p.perSec += (float64(nimg-p.nimg)/wall - p.perSec) / float64(p.ticks)
	}
	p.start(now, nimg)
}
