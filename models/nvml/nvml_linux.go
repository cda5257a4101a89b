//go:build (amd64 || arm64) && !static

package nvml

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Lib is a loaded NVML. Its methods are for any goroutine, one at a time.
type Lib struct {
	fn map[string]uintptr

	mu  sync.Mutex
	out buffer
}

// buffer is where functions leave what they are asked for.
type buffer struct {
	device uintptr
	number uint32
	pair   [2]uint32
	memory [3]uint64 // total, free, used
	text   [96]byte
}

// functions are those in use. All but the first have answers that a GPU may lack.
var functions = []string{
	"nvmlInit_v2", "nvmlDeviceGetCount_v2", "nvmlDeviceGetHandleByIndex_v2",
	"nvmlErrorString", "nvmlDeviceGetHandleByPciBusId_v2", "nvmlDeviceGetIndex", "nvmlDeviceGetName",
	"nvmlDeviceGetUtilizationRates", "nvmlDeviceGetMemoryInfo", "nvmlDeviceGetTemperature", "nvmlDeviceGetPowerUsage",
	"nvmlDeviceGetClockInfo", "nvmlDeviceGetMaxClockInfo",
}

// needed is how many of functions there must be.
const needed = 3

// Open loads NVML from a path, as the dynamic linker takes it, and starts it. It
// stays for the life of the process.
func Open(path string) (*Lib, error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("nvml: %w", err)
	}
	l := &Lib{fn: map[string]uintptr{}}
	for i, name := range functions {
		fn, err := purego.Dlsym(handle, name)
		if err != nil && i < needed {
			return nil, fmt.Errorf("nvml: %s has no %s", path, name)
		}
		l.fn[name] = fn
	}
	if code := l.call("nvmlInit_v2"); code != 0 {
		return nil, l.fails("init", code)
	}
	return l, nil
}

// call calls a function; one that is missing says that it is not supported.
func (l *Lib) call(name string, args ...uintptr) uintptr {
	const notSupported = 3
	fn := l.fn[name]
	if fn == 0 {
		return notSupported
	}
	r, _, _ := purego.SyscallN(fn, args...)
	return uintptr(uint32(r))
}

// fails is NVML's text for a code.
func (l *Lib) fails(what string, code uintptr) error {
	if fn := l.fn["nvmlErrorString"]; fn != 0 {
		p, _, _ := purego.SyscallN(fn, code)
		if text := *(**[256]byte)(unsafe.Pointer(&p)); text != nil {
			end := 0
			for end < len(text) && text[end] != 0 {
				end++
			}
			return fmt.Errorf("nvml: %s: %s", what, strings.ToLower(string(text[:end])))
		}
	}
	return fmt.Errorf("nvml: %s: error %d", what, code)
}

// GPUs are all there are.
func (l *Lib) GPUs() ([]GPU, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if code := l.call("nvmlDeviceGetCount_v2", uintptr(unsafe.Pointer(&l.out.number))); code != 0 {
		return nil, l.fails("number of GPUs", code)
	}
	list := make([]GPU, l.out.number)
	for i := range list {
		if code := l.call("nvmlDeviceGetHandleByIndex_v2", uintptr(i), uintptr(unsafe.Pointer(&l.out.device))); code != 0 {
			return nil, l.fails(fmt.Sprintf("GPU %d", i), code)
		}
		list[i] = l.read()
		list[i].Index = i
	}
	return list, nil
}

// At is the GPU at an address of the PCI bus, as CUDA writes it: 0000:65:00.0.
func (l *Lib) At(bus string) (GPU, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	id := append([]byte(bus), 0)
	if code := l.call("nvmlDeviceGetHandleByPciBusId_v2", uintptr(unsafe.Pointer(&id[0])), uintptr(unsafe.Pointer(&l.out.device))); code != 0 {
		return GPU{}, l.fails("GPU at "+bus, code)
	}
	g := l.read()
	if l.call("nvmlDeviceGetIndex", l.out.device, uintptr(unsafe.Pointer(&l.out.number))) == 0 {
		g.Index = int(l.out.number)
	}
	return g, nil
}

// read asks for all that is known of the GPU of l.out.device.
func (l *Lib) read() GPU {
	o := &l.out
	// number is a number of one function, scaled.
	number := func(name string, scale float64, which ...uintptr) Number {
		args := append(append([]uintptr{o.device}, which...), uintptr(unsafe.Pointer(&o.number)))
		if l.call(name, args...) != 0 {
			return Number(math.NaN())
		}
		return Number(float64(o.number) * scale)
	}
	const onDie, processors = 0, 1 // NVML_TEMPERATURE_GPU, NVML_CLOCK_SM
	g := GPU{
		Use: Number(math.NaN()), MemUsed: Number(math.NaN()), MemTotal: Number(math.NaN()),
		Celsius: number("nvmlDeviceGetTemperature", 1, onDie), Watts: number("nvmlDeviceGetPowerUsage", 1e-3),
		MHz: number("nvmlDeviceGetClockInfo", 1, processors), MaxMHz: number("nvmlDeviceGetMaxClockInfo", 1, processors),
	}
	if l.call("nvmlDeviceGetUtilizationRates", o.device, uintptr(unsafe.Pointer(&o.pair))) == 0 {
		g.Use = Number(o.pair[0]) / 100
	}
	if l.call("nvmlDeviceGetMemoryInfo", o.device, uintptr(unsafe.Pointer(&o.memory))) == 0 {
		g.MemTotal, g.MemUsed = Number(o.memory[0]), Number(o.memory[2])
	}
	if l.call("nvmlDeviceGetName", o.device, uintptr(unsafe.Pointer(&o.text)), uintptr(len(o.text))) == 0 {
		name, _, _ := bytes.Cut(o.text[:], []byte{0})
		g.Name = string(name)
	}
	return g
}
