package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// bar says how far a download is: on a terminal in one line that is written anew,
// elsewhere in a line now and then.
type bar struct {
	out      io.Writer
	terminal bool

	begun, said time.Time
	first       int64 // bytes that were here at the beginning
	width       int   // columns of the line that stands
}

const (
	redraw = 200 * time.Millisecond // on a terminal
	report = 10 * time.Second       // elsewhere
)

func newBar(out io.Writer, terminal bool) *bar {
	return &bar{out: out, terminal: terminal}
}

// progress is told of the bytes that are here, and of all, 0 if unknown.
func (b *bar) progress(here, all int64) {
	now := time.Now()
	if b.begun.IsZero() {
		b.begun, b.first, b.said = now, here, now
		if b.terminal {
			b.said = time.Time{} // at once
		}
	}
	every := report
	if b.terminal {
		every = redraw
	}
	if now.Sub(b.said) < every {
		return
	}
	b.said = now
	line := "  " + b.line(here, all, now.Sub(b.begun))
	if !b.terminal {
		fmt.Fprintln(b.out, line)
		return
	}
	fmt.Fprint(b.out, "\r", line, strings.Repeat(" ", max(0, b.width-len(line))))
	b.width = len(line)
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
	if b.width > 0 {
		fmt.Fprintln(b.out)
	}
	b.begun, b.width = time.Time{}, 0
}
