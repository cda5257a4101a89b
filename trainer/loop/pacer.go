package loop

import "time"

// pacer holds evaluations to a share of the run's time: a slice is drawn between
// two steps once what came before it has been paid for, the beginning of the evaluation
// and the statistic at the end of the last one included; the first slice of an
// evaluation waits for nothing, so that a small one is done with the next step. Which of
// the others is drawn when depends on the clock, what it adds to the evaluation does not.
type pacer struct {
	first bool          // the next slice is the first of an evaluation
	owed  time.Duration // for work done, less what has been paid since
	since time.Time     // until when the run's time has been counted
}

// begin counts from now, with nothing owed.
func (p *pacer) begin(now time.Time) { *p = pacer{since: now} }

// allows counts the time up to now, which went to something else, and reports
// whether a slice may be drawn. Time is not saved up: however long a step takes, no
// more than one slice follows it.
func (p *pacer) allows(now time.Time, share float64) bool {
	if share >= 1 {
		p.owed = 0
	} else {
		paid := float64(now.Sub(p.since)) * share / (1 - share)
		p.owed = time.Duration(max(0, float64(p.owed)-paid))
	}
	p.since = now
	return p.owed == 0 || p.first
}

// drawn counts a slice, or other work for an evaluation, that was done up to now.
func (p *pacer) drawn(now time.Time) {
	p.owed += now.Sub(p.since)
	p.since = now
}
