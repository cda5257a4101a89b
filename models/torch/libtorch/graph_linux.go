//go:build (amd64 || arm64) && !static

package libtorch

import (
	"errors"
	"unsafe"
)

// poolSize is how many streams PyTorch has to give.
const poolSize = 32

// TakeStream returns a stream that nobody else has here, until GiveStream.
func (l *Lib) TakeStream() Stream {
	for range poolSize {
		s := l.NewStream()
		if l.err != nil {
			return 0
		}
		if s != 0 && s != l.uploads && !l.taken[s] {
			l.taken[s] = true
			return s
		}
	}
	l.fail(errors.New("torch: no stream is left"))
	return 0
}

// GiveStream gives a stream back.
func (l *Lib) GiveStream(s Stream) { delete(l.taken, s) }

// Graph is work of the GPU that was captured once and can be launched again and
// again. It reads and writes the memory that it was captured with, which its
// owner keeps as it was: libtorch knows nothing of graphs made here.
type Graph struct {
	lib         *Lib
	graph, exec uintptr
}

// BeginCapture makes what a stream is asked for from now on part of a graph, and
// not done.
func (l *Lib) BeginCapture(s Stream) bool {
	const threadLocal = 1 // cudaStreamCaptureModeThreadLocal: other threads may do as they like
	return l.cuda("capture", l.rt.beginCapture, uintptr(s), threadLocal)
}

// EndCapture returns the graph, nil after an error, one of the captured calls
// included. It must follow BeginCapture.
func (l *Lib) EndCapture(s Stream) *Graph {
	before := l.err
	l.err = nil // a capture ends also after an error
	l.out = 0
	l.cuda("capture", l.rt.endCapture, uintptr(s), uintptr(unsafe.Pointer(&l.out)))
	g := &Graph{lib: l, graph: l.out}
	if before != nil {
		l.err = before // the cause, where the end has but a consequence
	}
	l.cuda("make a graph", l.rt.instantiate, uintptr(unsafe.Pointer(&l.out)), g.graph, 0)
	if l.err != nil {
		g.Free()
		return nil
	}
	g.exec = l.out
	return g
}

// Launch adds the graph's work to what the present stream is asked for.
func (g *Graph) Launch() {
	g.lib.cuda("launch a graph", g.lib.rt.launch, g.exec, uintptr(g.lib.Current()))
}

// Free gives the graph back. None of its launches may be under way.
func (g *Graph) Free() {
	if g.exec != 0 {
		g.lib.c(g.lib.rt.destroyExec, g.exec)
	}
	if g.graph != 0 {
		g.lib.c(g.lib.rt.destroyGraph, g.graph)
	}
	g.graph, g.exec = 0, 0
}
