package kernels_test

import (
	"testing"
	"unsafe"

	"innate/models/kernels"
)

// prepared prepares an operation over shared, which grows to what the operation
// asks for and is filled with NaN: no result may depend on what scratch holds.
func prepared[T any](shared *[]float32, prepare func(m *kernels.Region) T) T {
	var count kernels.Region
	prepare(&count)
	if count.Size() > len(*shared) {
		*shared = garbage(count.Size())
	}
	return prepare(kernels.NewRegion(*shared))
}

func TestRegion(t *testing.T) {
	take := func(s *kernels.Region) (a []float32, b []float64, c []float32) {
		return s.Floats(3), s.Doubles(9), s.Floats(0)
	}
	var count kernels.Region
	if a, b, c := take(&count); a != nil || b != nil || c != nil || count.Size() != 16+32 {
		t.Errorf("counting: handed out %v %v %v of %d values, want nothing of 48", a, b, c, count.Size())
	}
	region := make([]float32, 48)
	a, b, _ := take(kernels.NewRegion(region))
	if len(a) != 3 || cap(a) != 3 || len(b) != 9 || &a[0] != &region[0] || unsafe.Pointer(&b[0]) != unsafe.Pointer(&region[16]) {
		t.Errorf("handed out %d values of capacity %d and %d, want 3 and 9 on lines of their own", len(a), cap(a), len(b))
	}
	if a, b, _ := take(nil); len(a) != 3 || len(b) != 9 {
		t.Errorf("without scratch: %d and %d values, want 3 and 9", len(a), len(b))
	}
	defer func() {
		if recover() == nil {
			t.Error("handed out more than there is")
		}
	}()
	take(kernels.NewRegion(region[:47]))
}
