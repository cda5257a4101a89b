//go:build (amd64 || arm64) && !static

package torch

import (
	"time"

	"innate/models/device"
	"innate/models/graph"
)

// outside is how a program comes to what is outside of the device, in the midst of a run.
// It adds up over processes on the GPUs, queued as any operation, or in the host's memory,
// where functions of the host see values, too. Who waits there for others does not
// keep the device's thread, which may be theirs, too: the run stops and goes on behind it.
type outside struct {
	any     bool        // the program has such operations …
	sums    bool        // … and sums over processes among them
	by      device.Sum  // nil for none
	nccl    *collective // nil for the host's memory
	next    int         // of the steps
	waits   *call       // for what becomes of its values in the host's memory
	proceed func()      // made once, as runAll is
}

// what names such operations of the program.
func (o *outside) what() string {
	if o.sums {
		return "sums over processes"
	}
	return "functions of the host"
}

// runOutside is Run of a program with operations outside of the device.
func (p *Program) runOutside() error {
	s := &p.outside
	if s.sums {
		if s.by == nil {
			return device.Alone
		}
		var err error
		if s.nccl, err = p.dev.collective(s.by); err != nil {
			return err
		}
	}
	p.dev.do(p.runAll)
	for s.waits != nil {
		start := time.Now()
		if p.err != nil {
			// proceed ends the run
		} else if err := s.waits.change(s.waits.host); err != nil {
			p.err = err
		}
		if p.profile {
			s.waits.spent += time.Since(start)
		}
		p.dev.do(s.proceed)
	}
	return p.err
}

// goOutside adds the values of the other processes to that of a call, or has the run
// wait for what becomes of it in the host's memory. It is for the device's thread.
func (p *Program) goOutside(c *call) {
	v, n := c.out, c.out.node.Shape().Size()
	switch {
	case !c.OK():
	case p.outside.nccl != nil && v.node.Def() == graph.OpSumProcesses:
		p.err = p.outside.nccl.sum(c.Lib, v.now, n)
	default:
		if c.host == nil {
			c.host, c.change = make([]float32, n), device.Outside(v.node, p.outside.by)
		}
		c.Download(c.host, v.rows[0], v.rows[1], v.now)
		p.outside.waits = c
	}
}

// proceed goes on behind the operation that the run has waited for, or ends with its
// error. It is for the device's thread.
func (p *Program) proceed() {
	c := p.outside.waits
	p.outside.waits = nil
	if p.err == nil {
		c.Upload(c.out.now, c.host, c.out.rows[0], c.out.rows[1])
		p.computeOn()
	}
	p.complete()
}
