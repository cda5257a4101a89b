package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"innate/models/atomicfile"
	"innate/trainer/evaluation"
)

// How often progress is shown: at a terminal, over what was there, and in a log.
const (
	progressEvery = 250 * time.Millisecond
	progressLines = 30 * time.Second
)

// progress says on standard error how far an evaluation is and how long it will still
// take.
type progress struct {
	to       io.Writer
	terminal bool
	begun    time.Time // of the range
	first    int       // images of the range that were there when it began
	at       int       // range; 0 before the first
	shown    time.Time
	width    int // of the line at a terminal
}

// progress begins to count.
func (c *cli) progress() *progress {
	return &progress{to: c.err, terminal: c.errTerminal, shown: time.Now()}
}

// report is told of every step.
func (p *progress) report(now evaluation.Progress) {
	clock := time.Now()
	if p.at != now.Range {
		p.at, p.begun, p.first = now.Range, clock, now.Nimg
	}
	every := progressLines
	if p.terminal {
		every = progressEvery
	}
	if clock.Sub(p.shown) < every {
		return
	}
	p.shown = clock
	text := progressText(now, now.Nimg-p.first, clock.Sub(p.begun))
	if !p.terminal {
		fmt.Fprintln(p.to, text)
		return
	}
	fmt.Fprintf(p.to, "\r%-*s", p.width, text)
	p.width = max(p.width, len(text))
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

// clear takes the line from the terminal.
func (p *progress) clear() {
	if p.width > 0 {
		fmt.Fprintf(p.to, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}

// errNoFolder says that there is no folder yet.
var errNoFolder = errors.New("no such folder")

// writable reports why a file could not be written in dir.
func writable(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s: %w", dir, errNoFolder)
	}
	f, err := os.CreateTemp(dir, atomicfile.TempPattern)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(filepath.Clean(f.Name())))
}
