//go:build (amd64 || arm64) && !static

package libtorch

import (
	"fmt"
	"unsafe"

	"github.com/ebitengine/purego"
)

// openCUDA makes sure of the GPU and makes it the thread's current one.
func (l *Lib) openCUDA() error {
	count, code := l.runtimeNumber("cudaGetDeviceCount")
	switch {
	case code != 0:
		return fmt.Errorf("torch: %s: %s", l.Device, l.whyNoGPU(code))
	case l.Device.Index >= count:
		return fmt.Errorf("torch: %s: GPUs here: %d, want an index below that", l.Device, count)
	}
	l.MakeCurrent()
	return l.Err()
}

// Codes of the CUDA runtime that a person can do something about.
const (
	cudaOldDriver = 35  // cudaErrorInsufficientDriver, without any driver, too
	cudaNoDevice  = 100 // cudaErrorNoDevice
)

// whyNoGPU says what an error of the first call means, and what to do.
func (l *Lib) whyNoGPU(code uintptr) string {
	switch int32(code) {
	case cudaOldDriver:
		driver, _ := l.runtimeNumber("cudaDriverGetVersion")
		runtime, _ := l.runtimeNumber("cudaRuntimeGetVersion")
		if driver == 0 {
			return "there is no NVIDIA driver here: install one, or train on torch:cpu"
		}
		return fmt.Sprintf("the NVIDIA driver serves CUDA %s, this PyTorch wants %s: update the driver, or install a PyTorch for an older CUDA", cudaVersion(driver), cudaVersion(runtime))
	case cudaNoDevice:
		return "no GPU is to be seen: nvidia-smi lists those of the machine, CUDA_VISIBLE_DEVICES may hide them"
	}
	return l.cudaError(code)
}

// cudaVersion reads 1000·major + 10·minor.
func cudaVersion(n int) string { return fmt.Sprintf("%d.%d", n/1000, n%1000/10) }

// runtimeNumber calls a function of the CUDA runtime that leaves an int.
func (l *Lib) runtimeNumber(name string) (n int, code uintptr) {
	fn, err := purego.Dlsym(l.top, name)
	if err != nil {
		return 0, 0
	}
	l.out64 = 0
	code = l.c(fn, uintptr(unsafe.Pointer(&l.out64)))
	return int(int32(l.out64)), code
}

// MakeCurrent makes the GPU the thread's current one.
func (l *Lib) MakeCurrent() {
	if l.Device.Kind != CUDA {
		return
	}
	r := l.c(l.fn.cudaGuard, uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	l.check(l.Device.String(), r) // the guard is never given back, so that it holds
}

// SetThreadDevice makes the GPU the calling thread's current one, be it none that calls
// libtorch.
func (l *Lib) SetThreadDevice() error {
	if l.rt.setDevice == 0 {
		return fmt.Errorf("torch: %s: the CUDA runtime of PyTorch %s has no cudaSetDevice", l.Device, l.Version)
	}
	if code, _, _ := purego.SyscallN(l.rt.setDevice, uintptr(l.Device.Index)); int32(code) != 0 {
		return fmt.Errorf("torch: %s: make it current: %s", l.Device, l.cudaError(code))
	}
	return nil
}

// cudaError is the CUDA runtime's text for a code.
func (l *Lib) cudaError(code uintptr) string {
	text, err := purego.Dlsym(l.top, "cudaGetErrorString")
	if err != nil {
		return fmt.Sprintf("CUDA error %d", int32(code))
	}
	s, _, _ := purego.SyscallN(text, code)
	return cString(s)
}

// Synchronize waits for all that the device has been asked to do.
func (l *Lib) Synchronize() {
	if l.err != nil || l.Device.Kind != CUDA {
		return
	}
	s := l.Current()
	r := l.c(l.fn.streamSync, uintptr(s), uintptr(l.Device.Index))
	l.check("synchronize", r)
}

// flags are switches of at::Context that have no C name. They store a bool and
// throw nothing.
var flags = []struct {
	symbol string
	tf32   bool // else on
}{
	{"_ZN2at7Context17setAllowTF32CuDNNEb", true},
	{"_ZN2at7Context18setAllowTF32CuBLASEb", true},
	{"_ZN2at7Context17setBenchmarkCuDNNEb", false},
}

// SetFlags turns TF32 on or off, in whose absence float32 means it, and lets cuDNN
// choose by trial. A libtorch that lacks a switch keeps its own.
func (l *Lib) SetFlags(tf32 bool) {
	context, err := purego.Dlsym(l.cpu, "_ZN2at13globalContextEv")
	if err != nil {
		return
	}
	this := l.c(context)
	for _, f := range flags {
		if set, err := purego.Dlsym(l.cpu, f.symbol); err == nil {
			l.c(set, this, uintptr(bit(!f.tf32 || tf32)))
		}
	}
}
