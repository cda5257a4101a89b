//go:build (amd64 || arm64) && !static

package torch

import (
	"fmt"

	"innate/models/torch/libtorch"
)

// A program on a GPU can be captured as a CUDA graph, which is launched in one
// call where its operations take hundreds. PyTorch knows nothing of it, and so the
// program sees to it that all the memory of the graph stays what it was:
//
//   - The first runs, and the capture, have a stream of their own. PyTorch's
//     allocator keeps memory apart by the stream that it was taken for, so that what
//     the graph uses between two operations, and gives back, no one else gets. (Where
//     the GPU's memory runs out, PyTorch gives back what it keeps for all streams.
//     That is one reason why capturing is off unless a person turns it on.)
//   - Inputs, parameters and results stay where they are: the first are the
//     program's, the second are watched, the third are held.
//   - What other processes or functions of the host take part in (graph.Def.Outside) is in
//     no graph, and so a program that has it has none, which a note says.
//   - What changes from step to step and is no tensor, as Adam's learning rate, is
//     outside: updates and averages are not captured, nor are uploads.
//
// Launches go to the stream that everything else goes to, in its order.

// warmUps is how many runs come before the capture: cuDNN chooses its kernels in
// the first, and the second takes the memory that they want.
const warmUps = 2

// capture is the state of a program's graph.
type capture struct {
	off    bool // it cannot be, for a reason that was noted
	warm   int  // runs so far on the stream
	stream libtorch.Stream
	graph  *libtorch.Graph // nil before it is captured
	moved  int             // of the device, when that was
	held   []held
	stale  bool // a run without the graph has put other tensors in the results' place
}

// held is a result, where the graph writes it.
type held struct {
	v           *value
	now, copied tensor
}

// captured computes the program by its graph, or on the way to one. It reports
// false where the program must run as it does without.
func (p *Program) captured() bool {
	c, l := &p.capture, p.dev.lib
	if !p.dev.opts.CUDAGraphs || l.Device.Kind != libtorch.CUDA || c.off || p.err != nil {
		return false
	}
	if p.outside.any {
		p.dev.note(p.outside.what() + " are in no CUDA graph: every operation of the stages that have them is launched by itself")
		return false
	}
	if p.profile {
		c.stale = true
		return false
	}
	if c.graph != nil && c.moved != p.dev.moved { // a parameter lies elsewhere
		p.uncapture()
	}
	if c.graph == nil && c.warm < warmUps && p.warmUp() {
		return true
	}
	if c.graph == nil && !c.off {
		p.takeGraph()
	}
	if c.off {
		return false
	}
	p.restore()
	c.graph.Launch()
	return p.sound()
}

// sound reports whether all went well, and otherwise gives capturing up, with a
// note why.
func (p *Program) sound() bool {
	err := p.err
	if e := p.dev.take(); err == nil {
		err = e
	}
	if err == nil {
		return true
	}
	p.err = nil
	p.uncapture()
	p.capture.off = true
	p.dev.note(fmt.Sprintf("%v: no CUDA graph, every operation is launched by itself", err))
	return false
}

// warmUp runs the program on its stream.
func (p *Program) warmUp() bool {
	c, l := &p.capture, p.dev.lib
	if c.stream == 0 {
		if c.stream = l.TakeStream(); c.stream == 0 {
			return p.sound()
		}
	}
	c.warm++
	p.forget()
	main := p.leave()
	p.compute()
	err := p.err
	l.Synchronize()
	l.Use(main)
	if err != nil { // the program's own: it has failed as it would anywhere
		return true
	}
	return p.sound()
}

// leave makes the program's stream the present one, once all is done that was
// asked of the one before, which it returns.
func (p *Program) leave() (main libtorch.Stream) {
	l := p.dev.lib
	l.Synchronize()
	main = l.Current()
	l.Use(p.capture.stream)
	return main
}

// takeGraph captures the program. What its operations have of memory from before is
// given back before, and what is left of it afterwards are the results.
func (p *Program) takeGraph() {
	c, l := &p.capture, p.dev.lib
	for _, s := range p.steps {
		s.drop(true)
	}
	p.forget()
	main := p.leave()
	if l.BeginCapture(c.stream) {
		p.compute()
		c.graph = l.EndCapture(c.stream)
	}
	l.Use(main)
	if !p.sound() {
		return
	}
	c.moved, c.stale = p.dev.moved, false
	for _, v := range p.results {
		if v.by == nil && v.copied == 0 {
			continue
		}
		h := held{v: v, now: v.now, copied: v.copied}
		for _, t := range []*tensor{&h.now, &h.copied} {
			if *t != 0 {
				*t = l.Keep(l.Same(*t))
			}
		}
		c.held = append(c.held, h)
		v.held = true
	}
}

// restore puts the tensors that the graph writes in the results' place.
func (p *Program) restore() {
	c, l := &p.capture, p.dev.lib
	if !c.stale {
		return
	}
	c.stale = false
	for _, h := range c.held {
		if h.v.by != nil {
			l.Free(h.v.now)
			h.v.now = l.Keep(l.Same(h.now))
		}
		l.Free(h.v.copied)
		h.v.copied = 0
		if h.copied != 0 {
			h.v.copied = l.Keep(l.Same(h.copied))
		}
	}
}

// uncapture gives the graph and its stream back, once it is not running.
func (p *Program) uncapture() {
	c, l := &p.capture, p.dev.lib
	if c.graph != nil {
		l.Synchronize()
		c.graph.Free()
	}
	for _, h := range c.held {
		h.v.held = false
		l.Free(h.now)
		l.Free(h.copied)
	}
	if c.stream != 0 {
		l.GiveStream(c.stream)
	}
	*c = capture{off: c.off}
}
