package main

import (
	"fmt"
	"io"
	"time"
)

// bar says how far a download is.
type bar struct {
	liveLine
	begun time.Time
	first int64 // bytes that were here at the beginning
}

func newBar(out io.Writer, terminal bool) *bar {
	return &bar{liveLine: liveLine{out: out, terminal: terminal, redraw: 200 * time.Millisecond, log: 10 * time.Second}}
}

// progress is told of the bytes that are here, and of all, 0 if unknown.
func (b *bar) progress(here, all int64) {
	now := time.Now()
	if b.begun.IsZero() {
		b.begun, b.first, b.shown = now, here, now
		if b.terminal {
			b.shown = time.Time{} // at once
		}
	}
	if b.due(now) {
		b.show(now, "  "+b.line(here, all, now.Sub(b.begun)))
	}
}

// line words the state of a transfer that has taken so long.
func (b *bar) line(here, all int64, took time.Duration) string {
	text := mebibytes(here)
	if all > 0 {
		text = fmt.Sprintf("%s of %s, %d %%", mebibytes(here), mebibytes(all), 100*here/all)
	}
	seconds := took.Seconds()
	if seconds < 1 || here <= b.first {
		return text
	}
	speed := float64(here-b.first) / seconds
	text += fmt.Sprintf(", %s/s", mebibytes(int64(speed)))
	if all > here {
		text += fmt.Sprintf(", %v left", time.Duration(float64(all-here)/speed*1e9).Round(time.Second))
	}
	return text
}

// end leaves the line of a terminal, and forgets the speed so far.
func (b *bar) end() {
	b.leave()
	b.begun = time.Time{}
}
