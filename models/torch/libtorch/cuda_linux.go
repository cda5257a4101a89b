//go:build (amd64 || arm64) && !static

package libtorch

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// openCUDA makes sure of the GPU and makes it the thread's current one.
func (l *Lib) openCUDA() error {
	count, err := purego.Dlsym(l.cuda, "cudaGetDeviceCount")
	if err != nil {
		return fmt.Errorf("torch: %w", err)
	}
	l.out64 = 0
	if code := l.c(count, uintptr(unsafe.Pointer(&l.out64))); int32(code) != 0 {
		return fmt.Errorf("torch: %s: %s", l.Device, l.cudaError(code))
	}
	if l.Device.Index >= int(l.out64) {
		return fmt.Errorf("torch: %s: there are %d GPUs, want an index below that", l.Device, l.out64)
	}
	l.MakeCurrent()
	return l.Err()
}

// MakeCurrent makes the GPU the thread's current one.
func (l *Lib) MakeCurrent() {
	if l.Device.Kind != CUDA {
		return
	}
	r := l.c(l.fn.cudaGuard, uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	l.check(l.Device.String(), r) // the guard is never given back, so that it holds
}

// cudaError is the CUDA runtime's text for a code.
func (l *Lib) cudaError(code uintptr) string {
	text, err := purego.Dlsym(l.cuda, "cudaGetErrorString")
	if err != nil {
		return fmt.Sprintf("CUDA error %d", int32(code))
	}
	s := l.c(text, code)
	return cString(s)
}

// Synchronize waits for all that the device has been asked to do.
func (l *Lib) Synchronize() {
	if l.err != nil || l.Device.Kind != CUDA {
		return
	}
	r := l.c(l.fn.currentStream, uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	if l.check("stream", r) {
		r = l.c(l.fn.streamSync, l.out, uintptr(l.Device.Index))
		l.check("synchronize", r)
	}
}

// flags are switches of at::Context that have no C name. They store a bool and
// throw nothing.
var flags = []struct {
	symbol string
	on     bool
}{
	{"_ZN2at7Context17setAllowTF32CuDNNEb", false},
	{"_ZN2at7Context18setAllowTF32CuBLASEb", false},
	{"_ZN2at7Context17setBenchmarkCuDNNEb", true},
}

// SetFlags turns TF32 off, so that float32 means it, and lets cuDNN choose by
// trial. A libtorch that lacks a switch keeps its own.
func (l *Lib) SetFlags() {
	context, err := purego.Dlsym(l.cpu, "_ZN2at13globalContextEv")
	if err != nil {
		return
	}
	this := l.c(context)
	for _, f := range flags {
		if set, err := purego.Dlsym(l.cpu, f.symbol); err == nil {
			l.c(set, this, uintptr(bit(f.on)))
		}
	}
}
