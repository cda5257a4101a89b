//go:build (amd64 || arm64) && !static

package libtorch

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// cudaRuntime are the functions in use of the CUDA runtime that libtorch_cuda brings.
// One that is absent, 0, says so when it is called.
type cudaRuntime struct {
	hostAlloc, freeHost, memcpyAsync, memGetInfo, busID           uintptr
	eventCreate, eventDestroy, eventRecord, eventSync, streamWait uintptr
	beginCapture, endCapture, instantiate, launch                 uintptr
	destroyGraph, destroyExec, lastError, setDevice               uintptr
}

func (l *Lib) bindRuntime() {
	r := &l.rt
	for name, p := range map[string]*uintptr{
		"cudaHostAlloc": &r.hostAlloc, "cudaFreeHost": &r.freeHost, "cudaMemcpyAsync": &r.memcpyAsync,
		"cudaMemGetInfo": &r.memGetInfo, "cudaDeviceGetPCIBusId": &r.busID,
		"cudaEventCreateWithFlags": &r.eventCreate, "cudaEventDestroy": &r.eventDestroy, "cudaEventRecord": &r.eventRecord,
		"cudaEventSynchronize": &r.eventSync, "cudaStreamWaitEvent": &r.streamWait,
		"cudaStreamBeginCapture": &r.beginCapture, "cudaStreamEndCapture": &r.endCapture,
		"cudaGraphInstantiateWithFlags": &r.instantiate, "cudaGraphLaunch": &r.launch,
		"cudaGraphDestroy": &r.destroyGraph, "cudaGraphExecDestroy": &r.destroyExec, "cudaGetLastError": &r.lastError,
		"cudaSetDevice": &r.setDevice,
	} {
		if a, err := purego.Dlsym(l.top, name); err == nil {
			*p = a
		}
	}
}

// cuda calls a function of the CUDA runtime and keeps its error.
func (l *Lib) cuda(what string, fn uintptr, args ...uintptr) bool {
	if l.err != nil {
		return false
	}
	if fn == 0 {
		l.fail(fmt.Errorf("torch: %s: the CUDA runtime of PyTorch %s has no function to %s", l.Device, l.Version, what))
		return false
	}
	code := l.c(fn, args...)
	if int32(code) == 0 {
		return true
	}
	l.fail(fmt.Errorf("torch: %s: %s: %s", l.Device, what, l.cudaError(code)))
	if l.rt.lastError != 0 {
		l.c(l.rt.lastError) // or PyTorch takes it for an error of its own next call
	}
	return false
}

// Stream is a queue of work of the GPU. 0 is the one that PyTorch uses by itself.
type Stream uintptr

// NewStream takes one of PyTorch's streams, of which there are 32.
func (l *Lib) NewStream() Stream {
	if l.err != nil {
		return 0
	}
	r := l.c(l.fn.newStream, 0, uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	if !l.check("new stream", r) {
		return 0
	}
	return Stream(l.out)
}

// Use makes operations go to a stream, memory for their results included.
func (l *Lib) Use(s Stream) {
	r := l.c(l.fn.setStream, uintptr(s), uintptr(l.Device.Index))
	l.check("use stream", r)
}

// Current is the stream that operations go to.
func (l *Lib) Current() Stream {
	r := l.c(l.fn.currentStream, uintptr(l.Device.Index), uintptr(unsafe.Pointer(&l.out)))
	if !l.check("stream", r) {
		return 0
	}
	return Stream(l.out)
}

// event marks a place in a stream.
type event uintptr

func (l *Lib) newEvent() event {
	const withoutTime = 2 // cudaEventDisableTiming
	if !l.cuda("make an event", l.rt.eventCreate, uintptr(unsafe.Pointer(&l.out)), withoutTime) {
		return 0
	}
	return event(l.out)
}

// MemoryInfo is how many bytes of the GPU's memory are in use, by all processes,
// and how many there are.
func (l *Lib) MemoryInfo() (used, total int64) {
	if l.Device.Kind != CUDA {
		return 0, 0
	}
	l.info = [2]uint64{}
	l.cuda("say how much memory is in use", l.rt.memGetInfo, uintptr(unsafe.Pointer(&l.info[0])), uintptr(unsafe.Pointer(&l.info[1])))
	return int64(l.info[1] - l.info[0]), int64(l.info[1])
}

// Bus is where the GPU is on the PCI bus: 0000:65:00.0. It is empty for the
// processor and where nobody says.
func (l *Lib) Bus() string {
	if l.Device.Kind != CUDA || l.rt.busID == 0 {
		return ""
	}
	l.text = [32]byte{}
	if code := l.c(l.rt.busID, uintptr(unsafe.Pointer(&l.text)), uintptr(len(l.text)), uintptr(l.Device.Index)); int32(code) != 0 {
		return ""
	}
	name, _, _ := strings.Cut(string(l.text[:]), "\x00")
	return name
}
