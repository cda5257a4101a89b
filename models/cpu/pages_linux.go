package cpu

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is what the processor can map in one piece. A step walks over all of
// a workspace, and pages of 4 KiB would cost it as many misses of the TLB.
const hugePage = 2 << 20

// pages are memory from the system, outside of Go's heap: giving them back takes
// effect at once, and the garbage collector does not let garbage grow in
// proportion to them.
type pages struct{ mapped []byte }

// take maps room for n values, all of them zero.
func (p *pages) take(n int) ([]float32, error) {
	size := (4*n + hugePage - 1) / hugePage * hugePage
	mapped, err := unix.Mmap(-1, 0, size+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("cpu: %d bytes of memory: %w", size, err)
	}
	p.mapped = mapped
	skip := -int(uintptr(unsafe.Pointer(&mapped[0]))) & (hugePage - 1)
	aligned := mapped[skip : skip+size]
	_ = unix.Madvise(aligned, unix.MADV_HUGEPAGE) // where the system has none, small ones do
	return unsafe.Slice((*float32)(unsafe.Pointer(&aligned[0])), n), nil
}

// trim gives the memory of values back whose contents nobody needs; they can be
// used again, and are zero then.
func trim(values []float32) {
	if len(values) == 0 {
		return
	}
	skip := -int(uintptr(unsafe.Pointer(&values[0]))) & (hugePage - 1)
	if skip < 4*len(values) {
		tail := unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 4*len(values))[skip:]
		_ = unix.Madvise(tail, unix.MADV_DONTNEED)
	}
}

// give gives everything back.
func (p *pages) give() {
	if p.mapped != nil {
		_ = unix.Munmap(p.mapped)
		p.mapped = nil
	}
}
