package main

import (
	"fmt"
	"time"

	"innate/trainer/evaluation"
)

// progress says on standard error how far an evaluation is and how long it will still
// take.
type progress struct {
	liveLine
	begun time.Time // of the range
	first int       // images of the range that were there when it began
	at    int       // range; 0 before the first
}

// progress begins to count.
func (c *cli) progress() *progress {
	return &progress{liveLine: liveLine{
		out: c.err, terminal: c.errTerminal, redraw: 250 * time.Millisecond, log: 30 * time.Second, shown: time.Now(),
	}}
}

// report is told of every step.
func (p *progress) report(now evaluation.Progress) {
	clock := time.Now()
	if p.at != now.Range {
		p.at, p.begun, p.first = now.Range, clock, now.Nimg
	}
	if p.due(clock) {
		p.show(clock, progressText(now, now.Nimg-p.first, clock.Sub(p.begun)))
	}
}

// progressText is how far it is, having made so many images in that time.
func progressText(now evaluation.Progress, made int, took time.Duration) string {
	text := fmt.Sprintf("%d of %d images", now.Nimg, now.Total)
	if now.Ranges > 1 {
		text += fmt.Sprintf(", range %d of %d", now.Range, now.Ranges)
	}
	rate := float64(made) / took.Seconds()
	if made == 0 || rate <= 0 {
		return text
	}
	left := now.Total - now.Nimg + (now.Ranges-now.Range)*now.Total
	return text + fmt.Sprintf(", %.0f a second, %v left", rate, time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
}
