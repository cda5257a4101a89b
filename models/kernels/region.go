package kernels

import (
	"fmt"
	"unsafe"
)

// Region hands out parts of one piece of memory, such as the scratch of an
// operation: what it uses while it runs, and what means nothing afterwards, so
// that operations which never run at once may use the same. The values in it are
// arbitrary.
//
// The zero value counts: it hands out nil, and Size says how much a NewRegion
// needs to hand the same out in earnest. A nil Region hands out memory that
// belongs to the caller.
type Region struct {
	values []float32
	real   bool // hands out values, and does not only count
	size   int
}

// NewRegion hands out values, which starts on a cache line.
func NewRegion(values []float32) *Region { return &Region{values: values, real: true} }

// Size is how many values have been handed out, gaps between them included.
func (r *Region) Size() int { return r.size }

// Floats hands out n values that start on a cache line.
func (r *Region) Floats(n int) []float32 {
	if r == nil {
		return make([]float32, n)
	}
	at := r.size
	r.size += (n + lineFloats - 1) / lineFloats * lineFloats
	if !r.real {
		return nil
	}
	if r.size > len(r.values) {
		panic(fmt.Sprintf("kernels: region of %d values, want %d", len(r.values), r.size))
	}
	return r.values[at : at+n : at+n]
}

// Doubles hands out n values of float64 that start on a cache line.
func (r *Region) Doubles(n int) []float64 {
	f := r.Floats(2 * n)
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*float64)(unsafe.Pointer(&f[0])), n)
}

// lineFloats is how many values one cache line of 64 bytes holds.
const lineFloats = 16
