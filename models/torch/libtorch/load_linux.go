//go:build (amd64 || arm64) && !static

package libtorch

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Lib is a loaded libtorch.
type Lib struct {
	Installation
	Device Device // where tensors are made

	cpu, top uintptr // libraries: libtorch_cpu, and the one that finds all functions, libtorch_cuda on a GPU
	fn       functions
	rt       cudaRuntime
	abi      uint64
	dtypes   [dtypeCount]uint64
	devices  [2]uint64 // by Kind

	err     error
	args    [12]uintptr    // of the C function being called
	frames  [nesting]frame // calls in the making
	depth   int
	calls   map[string]string // of operations, by their arguments, while they are recorded
	out     uintptr           // where a function leaves a handle
	out64   int64             // or a number
	outF    float64           // or another
	sizes   [2][]int64        // of a tensor that is made, and its strides
	info    [2]uint64         // of memory
	text    [32]byte
	temps   []Tensor        // results since the last Free
	taken   map[Stream]bool // by TakeStream
	uploads Stream          // of all feeds
	live    int             // tensors that Go holds
}

// functions are the addresses of the C functions in use; 0 means absent.
type functions struct {
	abiVersion, call, newList, pushList, newOptional, deleteOptional      uintptr
	errorText, newHandle, deleteHandle                                    uintptr
	isContiguous, emptyStrided, fromBlob, copyTo, gradEnable, reinterpret uintptr
	threads, setThreads, itemDouble                                       uintptr
	addTensor, addScalar, mulScalar, fill                                 uintptr
	streamSync, currentStream, newStream, setStream, cudaGuard            uintptr
	dataPtr                                                               uintptr
}

// Open loads an installation for a device. Its own library path finds CUDA's
// libraries beside it.
func Open(in *Installation, on Device) (*Lib, error) {
	l := &Lib{Installation: *in, Device: on, taken: map[Stream]bool{}}
	open := func(name string, handle *uintptr) error {
		h, err := purego.Dlopen(filepath.Join(in.Dir, name), purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			return fmt.Errorf("torch: %s: %s", in.Dir, loadError(err))
		}
		*handle = h
		return nil
	}
	var deps uintptr
	if err := open("libtorch_global_deps.so", &deps); err != nil {
		return nil, err
	}
	if err := open(mainLibrary, &l.cpu); err != nil {
		return nil, err
	}
	l.top = l.cpu
	if on.Kind == CUDA {
		if err := open("libtorch_cuda.so", &l.top); err != nil {
			return nil, err
		}
	}
	if err := l.bind(); err != nil {
		return nil, err
	}
	l.c(l.fn.gradEnable, 0) // gradients are the graph's
	if on.Kind == CPU {
		l.keepHeap()
	}
	if on.Kind == CUDA {
		if err := l.openCUDA(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// loadError is the dynamic linker's text with what to do about it.
func loadError(err error) string {
	text := err.Error()
	if file, _, ok := strings.Cut(text, ": cannot open shared object file"); ok && !strings.Contains(file, "/") {
		return fmt.Sprintf("%s, which it needs, is not installed: reinstall it with what it depends on (pip install torch)", file)
	}
	return text
}

// bind looks up functions and constants.
func (l *Lib) bind() error {
	var missing []string
	look := func(p *uintptr, names ...string) bool {
		for _, n := range names {
			if a, err := purego.Dlsym(l.top, n); err == nil {
				*p = a
				return true
			}
		}
		return false
	}
	need := func(p *uintptr, names ...string) {
		if !look(p, names...) {
			missing = append(missing, names[0])
		}
	}
	f := &l.fn
	for name, p := range map[string]*uintptr{
		"aoti_torch_abi_version": &f.abiVersion, "torch_call_dispatcher": &f.call,
		"torch_new_list_reserve_size": &f.newList, "torch_list_push_back": &f.pushList,
		"aoti_torch_new_tensor_handle": &f.newHandle, "aoti_torch_delete_tensor_object": &f.deleteHandle,
		"aoti_torch_is_contiguous": &f.isContiguous, "aoti_torch_get_data_ptr": &f.dataPtr, "aoti_torch_empty_strided": &f.emptyStrided,
		"aoti_torch_create_tensor_from_blob": &f.fromBlob,
		"aoti_torch_copy_":                   &f.copyTo, "aoti_torch_grad_mode_set_enabled": &f.gradEnable,
		"aoti_torch__reinterpret_tensor": &f.reinterpret, "torch_get_num_threads": &f.threads,
		"aoti_torch_item_float64": &f.itemDouble,
	} {
		need(p, name)
	}
	// Before 2.13 an optional is allocated by C++'s operator new, and the text of an
	// error cannot be asked for.
	need(&f.newOptional, "torch_new_stable_ivalue", "_Znwm")
	look(&f.deleteOptional, "torch_delete_stable_ivalue")
	look(&f.errorText, "torch_exception_get_what_without_backtrace")
	look(&f.setThreads, "_ZN2at15set_num_threadsEi", "omp_set_num_threads")
	if l.Device.Kind == CUDA {
		need(&f.currentStream, "aoti_torch_get_current_cuda_stream")
		need(&f.streamSync, "torch_cuda_stream_synchronize")
		need(&f.cudaGuard, "aoti_torch_create_cuda_guard")
		need(&f.newStream, "torch_get_cuda_stream_from_pool")
		need(&f.setStream, "torch_set_current_cuda_stream")
		l.bindRuntime()
	}
	for name, p := range map[string]*uintptr{"add_Tensor": &f.addTensor, "add_Scalar": &f.addScalar, "mul_Scalar": &f.mulScalar, "fill__Scalar": &f.fill} {
		need(p, "aoti_torch_"+kindNames[l.Device.Kind]+"_"+name)
	}
	if f.abiVersion != 0 {
		r := l.c(f.abiVersion)
		l.abi = uint64(r)
		l.Version = fmt.Sprintf("%d.%d.%d", l.abi>>56, l.abi>>48&0xff, l.abi>>40&0xff)
	}
	if len(missing) > 0 {
		return fmt.Errorf("torch: PyTorch %s in %s lacks %s, want %s or newer", l.Version, l.Dir, strings.Join(missing, ", "), Oldest)
	}
	return l.constants()
}

// constants asks for the numbers that stand for types and devices.
func (l *Lib) constants() error {
	get := func(name string) (uint64, error) {
		a, err := purego.Dlsym(l.top, "aoti_torch_"+name)
		if err != nil {
			return 0, fmt.Errorf("torch: %w", err)
		}
		r := l.c(a)
		return uint64(uint32(r)), nil
	}
	var err error
	for t, name := range dtypeNames {
		if l.dtypes[t], err = get("dtype_" + name); err != nil {
			return err
		}
	}
	for k, name := range kindNames {
		if l.devices[k], err = get("device_type_" + name); err != nil {
			return err
		}
	}
	return nil
}

// keepHeap makes glibc's malloc keep freed memory: by itself it maps every large
// tensor anew, and the kernel's clearing of pages takes longer than many an
// operation. Another libc stays as it is.
func (l *Lib) keepHeap() {
	const mapMax, trimThreshold, topPad = -4, -1, -2 // M_MMAP_MAX and so on in malloc.h
	fn, err := purego.Dlsym(purego.RTLD_DEFAULT, "mallopt")
	if err != nil {
		return
	}
	for _, o := range [][2]int{{mapMax, 0}, {trimThreshold, math.MaxInt32}, {topPad, 1 << 28}} {
		l.c(fn, uintptr(o[0]), uintptr(o[1]))
	}
}

// Threads is how many threads of the host one operation uses.
func (l *Lib) Threads() int {
	l.out64 = 0
	l.c(l.fn.threads, uintptr(unsafe.Pointer(&l.out64)))
	return int(l.out64)
}

// SetThreads changes it, and reports whether this libtorch lets us.
func (l *Lib) SetThreads(n int) bool {
	if l.fn.setThreads == 0 {
		return false
	}
	l.c(l.fn.setThreads, uintptr(n))
	return true
}
