//go:build (amd64 || arm64) && !static

package libtorch

import (
	"slices"
	"unsafe"
)

// Feed carries values from the host to a tensor on a GPU, again and again, and
// waits for neither: it copies them to pinned memory, from where a stream of its own
// takes them to the GPU while that computes what it was asked for before. The
// tensor changes in the order of the work that it is read by.
type Feed struct {
	lib  *Lib
	dst  Tensor
	ways [2]way // taken in turns: one is filled while the GPU reads the other
	turn int
}

// way is one piece of memory on either side.
type way struct {
	pinned  uintptr
	host    []float32 // pinned
	stage   Tensor    // on the GPU, with the values as they lie on the host
	address uintptr   // of stage
	sent    event     // pinned has been read
	read    event     // stage has been read
}

// NewFeed makes a feed to a tensor for values that lie on the host with the given
// strides. It returns nil after an error.
func (l *Lib) NewFeed(dst Tensor, shape, strides []int) *Feed {
	if l.err != nil {
		return nil
	}
	if l.uploads == 0 {
		l.uploads = l.NewStream()
	}
	f := &Feed{lib: l, dst: dst}
	n := 1
	for _, d := range shape {
		n *= d
	}
	for i := range f.ways {
		w := &f.ways[i]
		if n == 0 || !l.cuda("allocate pinned memory", l.rt.hostAlloc, uintptr(unsafe.Pointer(&l.out)), uintptr(4*n), 0) {
			break
		}
		w.pinned = l.out
		w.host = unsafe.Slice(*(**float32)(unsafe.Pointer(&w.pinned)), n)
		w.stage = l.Keep(l.Empty(Float32, shape, strides))
		w.address = l.Address(w.stage)
		w.sent, w.read = l.newEvent(), l.newEvent()
	}
	if l.err != nil || n == 0 {
		f.Free()
		return nil
	}
	return f
}

// Send sets the tensor to values, which may be changed when it returns.
func (f *Feed) Send(values []float32) {
	l, w := f.lib, &f.ways[f.turn]
	if l.err != nil {
		return
	}
	f.turn = 1 - f.turn
	l.cuda("wait for an upload", l.rt.eventSync, uintptr(w.sent)) // of the time before last
	copy(w.host, values)
	const toDevice = 1 // cudaMemcpyHostToDevice
	work := l.Current()
	_ = l.cuda("upload", l.rt.streamWait, uintptr(l.uploads), uintptr(w.read), 0) &&
		l.cuda("upload", l.rt.memcpyAsync, w.address, w.pinned, uintptr(4*len(w.host)), toDevice, uintptr(l.uploads)) &&
		l.cuda("upload", l.rt.eventRecord, uintptr(w.sent), uintptr(l.uploads)) &&
		l.cuda("upload", l.rt.streamWait, uintptr(work), uintptr(w.sent), 0)
	l.Copy(f.dst, w.stage)
	l.cuda("upload", l.rt.eventRecord, uintptr(w.read), uintptr(work))
}

// Free gives the feed's memory back once the GPU has read it.
func (f *Feed) Free() {
	l := f.lib
	for _, w := range slices.Backward(f.ways[:]) {
		for _, e := range []event{w.sent, w.read} {
			if e != 0 {
				l.c(l.rt.eventSync, uintptr(e))
				l.c(l.rt.eventDestroy, uintptr(e))
			}
		}
		if w.pinned != 0 {
			l.c(l.rt.freeHost, w.pinned)
		}
		l.Free(w.stage)
	}
	*f = Feed{lib: l}
}

// Address is where the values of a tensor begin.
func (l *Lib) Address(t Tensor) uintptr {
	if l.err != nil || t == 0 {
		return 0
	}
	r := l.c(l.fn.dataPtr, uintptr(t), uintptr(unsafe.Pointer(&l.out)))
	l.check("address", r)
	return l.out
}
