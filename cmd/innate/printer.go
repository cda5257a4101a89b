package main

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	printerLines = 256         // that wait for a reader
	printerWait  = time.Second // for the last of them at the end
)

// printer writes a trainer's lines in a goroutine of its own, so that a reader
// that stands still (a terminal after ctrl-s, a pager, a stopped srun) holds up
// neither training nor what a signal asks for. Lines that find no room are left
// out, and a line says how many. Safe for any goroutine.
type printer struct {
	to    io.Writer
	ended chan struct{}

	mu     sync.Mutex
	lines  chan []byte
	lost   int
	closed bool
}

func newPrinter(to io.Writer) *printer {
	p := &printer{to: to, ended: make(chan struct{}), lines: make(chan []byte, printerLines)}
	go p.run()
	return p
}

// Write takes a line and does not wait. It has no errors: nobody would see them.
func (p *printer) Write(line []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return len(line), nil
	}
	next := bytes.Clone(line)
	if p.lost > 0 {
		next = fmt.Appendf(nil, "… %d lines that nobody read left out\n%s", p.lost, line)
	}
	select {
	case p.lines <- next:
		p.lost = 0
	default:
		p.lost++
	}
	return len(line), nil
}

func (p *printer) run() {
	defer close(p.ended)
	for line := range p.lines {
		_, _ = p.to.Write(line) // a terminal or a pipe that is gone is no reason to end
	}
}

// Close returns when all has been written, or nobody reads.
func (p *printer) Close() {
	p.mu.Lock()
	p.closed = true
	close(p.lines)
	p.mu.Unlock()
	select {
	case <-p.ended:
	case <-time.After(printerWait):
	}
}
