//go:build (amd64 || arm64) && !static

package torch

import (
	"time"

	"innate/models/device"
)

// sums are how a program adds up over processes, in the midst of a run: on the GPUs,
// queued as any operation, or in the host's memory. Who waits there for others does not
// keep the device's thread, which may be theirs, too: the run stops at the sum and goes
// on behind it.
type sums struct {
	any     bool        // the program has some
	by      device.Sum  // nil for none
	nccl    *collective // nil for the host's memory
	next    int         // of the steps
	waits   *call       // for its sum in the host's memory
	proceed func()      // made once, as runAll is
}

// runTogether is Run of a program with sums over processes.
func (p *Program) runTogether() error {
	s := &p.sums
	if s.by == nil {
		return device.Alone
	}
	var err error
	if s.nccl, err = p.dev.collective(s.by); err != nil {
		return err
	}
	p.dev.do(p.runAll)
	for s.waits != nil {
		start := time.Now()
		if p.err != nil {
			// proceed ends the run
		} else if err := s.by.Sum(s.waits.host); err != nil {
			p.err = err
		}
		if p.profile {
			s.waits.spent += time.Since(start)
		}
		p.dev.do(s.proceed)
	}
	return p.err
}

// sumProcesses adds the values of the other processes to that of a call, or has the run
// wait for them. It is for the device's thread.
func (p *Program) sumProcesses(c *call) {
	v, n := c.out, c.out.node.Shape().Size()
	switch {
	case !c.OK():
	case p.sums.nccl != nil:
		p.err = p.sums.nccl.sum(c.Lib, v.now, n)
	default:
		if c.host == nil {
			c.host = make([]float32, n)
		}
		c.Download(c.host, v.rows[0], v.rows[1], v.now)
		p.sums.waits = c
	}
}

// proceed goes on with the sum that the run has waited for, or ends with its error. It
// is for the device's thread.
func (p *Program) proceed() {
	c := p.sums.waits
	p.sums.waits = nil
	if p.err == nil {
		c.Upload(c.out.now, c.host, c.out.rows[0], c.out.rows[1])
		p.computeOn()
	}
	p.complete()
}
