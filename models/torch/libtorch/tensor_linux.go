//go:build (amd64 || arm64) && !static

package libtorch

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Contiguous reports whether values lie in row-major order without gaps.
func (l *Lib) Contiguous(t Tensor) bool {
	if l.err != nil || t == 0 {
		return false
	}
	l.out64 = 0
	l.c(l.fn.isContiguous, uintptr(t), uintptr(unsafe.Pointer(&l.out64)))
	return l.out64&1 != 0
}

// RowMajor are the strides of a shape in row-major order.
func RowMajor(shape []int) []int {
	s := make([]int, len(shape))
	n := 1
	for i := len(shape) - 1; i >= 0; i-- {
		s[i] = n
		n *= shape[i]
	}
	return s
}

// layout puts a shape and strides where C reads them.
func (l *Lib) layout(shape, strides []int) (n, sizes, steps uintptr) {
	for i := range l.sizes {
		l.sizes[i] = l.sizes[i][:0]
	}
	for i, d := range shape {
		l.sizes[0] = append(l.sizes[0], int64(d))
		l.sizes[1] = append(l.sizes[1], int64(strides[i]))
	}
	return uintptr(len(shape)), uintptr(unsafe.Pointer(unsafe.SliceData(l.sizes[0]))), uintptr(unsafe.Pointer(unsafe.SliceData(l.sizes[1])))
}

// Empty makes a tensor on the device, with arbitrary values, as a temporary.
func (l *Lib) Empty(t DType, shape, strides []int) Tensor {
	if l.err != nil {
		return 0
	}
	n, sizes, steps := l.layout(shape, strides)
	r := l.c(l.fn.emptyStrided, n, sizes, steps, uintptr(l.dtypes[t]), uintptr(l.devices[l.Device.Kind]), uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	if int32(r) != 0 {
		l.check(fmt.Sprintf("empty %v", shape), r)
		return 0
	}
	return l.temp(uint64(l.out))
}

// wrap is a tensor over memory of Go's, which the caller keeps alive until the
// tensor is given back.
func (l *Lib) wrap(p unsafe.Pointer, t DType, shape, strides []int) Tensor {
	if l.err != nil {
		return 0
	}
	n, sizes, steps := l.layout(shape, strides)
	r := l.c(l.fn.fromBlob, uintptr(p), n, sizes, steps, 0, uintptr(l.dtypes[t]), uintptr(l.devices[CPU]), 0, uintptr(unsafe.Pointer(&l.out)))
	if !l.check("from_blob", r) {
		return 0
	}
	return l.temp(uint64(l.out))
}

// Copy sets dst to src, of the same shape and of any type, order and device.
func (l *Lib) Copy(dst, src Tensor) {
	if l.err != nil {
		return
	}
	if dst == 0 || src == 0 {
		l.fail(fmt.Errorf("torch: copy: no tensor"))
		return
	}
	r := l.c(l.fn.copyTo, uintptr(dst), uintptr(src), 0)
	l.check("copy", r)
}

// Upload sets dst to values that lie on the host with the given strides. The
// values may be changed when it returns.
func (l *Lib) Upload(dst Tensor, values []float32, shape, strides []int) {
	w := l.wrap(unsafe.Pointer(unsafe.SliceData(values)), Float32, shape, strides)
	l.Copy(dst, w)
	l.Free(l.Keep(w))
	runtime.KeepAlive(values)
}

// Download sets values on the host, with the given strides, to those of src. It
// waits for the device.
func (l *Lib) Download(values []float32, shape, strides []int, src Tensor) {
	w := l.wrap(unsafe.Pointer(unsafe.SliceData(values)), Float32, shape, strides)
	l.Copy(w, src)
	l.Free(l.Keep(w))
	runtime.KeepAlive(values)
}

// DownloadDoubles sets values to the first of src, which has float64 in one piece.
// It waits for the device.
func (l *Lib) DownloadDoubles(values []float64, src Tensor) {
	shape, strides := []int{len(values)}, []int{1}
	w := l.wrap(unsafe.Pointer(unsafe.SliceData(values)), Float64, shape, strides)
	l.Copy(w, l.View(src, shape, strides, 0))
	l.Free(l.Keep(w))
	runtime.KeepAlive(values)
}

// Double is the value of a tensor of one float64. It waits for the device.
func (l *Lib) Double(t Tensor) float64 {
	if l.err != nil || t == 0 {
		return 0
	}
	r := l.c(l.fn.itemDouble, uintptr(t), uintptr(unsafe.Pointer(&l.outF)))
	l.check("item", r)
	return l.outF
}

// View is another view of a tensor's memory, as a temporary.
func (l *Lib) View(t Tensor, shape, strides []int, offset int) Tensor {
	if l.err != nil {
		return 0
	}
	if t == 0 {
		l.fail(fmt.Errorf("torch: view: no tensor"))
		return 0
	}
	n, sizes, steps := l.layout(shape, strides)
	r := l.c(l.fn.reinterpret, uintptr(t), n, sizes, steps, uintptr(offset), uintptr(unsafe.Pointer(&l.out)))
	if !l.check("view", r) {
		return 0
	}
	return l.temp(uint64(l.out))
}
