package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// liveLine says how far something is: on a terminal in one line that is written anew,
// elsewhere in a line now and then.
type liveLine struct {
	out      io.Writer
	terminal bool
	redraw   time.Duration // between two lines on a terminal
	log      time.Duration // and elsewhere

	shown time.Time
	width int // columns of the line that stands on a terminal
}

// due reports whether it is time for the next line.
func (l *liveLine) due(now time.Time) bool {
	if l.terminal {
		return now.Sub(l.shown) >= l.redraw
	}
	return now.Sub(l.shown) >= l.log
}

// show writes a line.
func (l *liveLine) show(now time.Time, text string) {
	l.shown = now
	if !l.terminal {
		fmt.Fprintln(l.out, text)
		return
	}
	fmt.Fprintf(l.out, "\r%-*s", l.width, text)
	l.width = len(text)
}

// leave ends the line of a terminal, which stays.
func (l *liveLine) leave() {
	if l.width > 0 {
		fmt.Fprintln(l.out)
	}
	l.width = 0
}

// clear takes the line from the terminal.
func (l *liveLine) clear() {
	if l.width > 0 {
		fmt.Fprintf(l.out, "\r%s\r", strings.Repeat(" ", l.width))
	}
	l.width = 0
}
