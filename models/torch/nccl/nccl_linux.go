//go:build (amd64 || arm64) && !static

package nccl

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Library is a loaded NCCL.
type Library struct {
	version int32
	path    string // by which it was found
	fn      functions
}

// functions are the addresses of what is called.
type functions struct {
	version, uniqueID, initRank, allReduce, asyncError, destroy, abort uintptr

	errorText func(code int32) string
	lastError func(comm uintptr) string // nil before 2.13
}

// soname is the library's name since its second major version.
const soname = "libnccl.so.2"

// Load loads the library that belongs to the PyTorch whose libraries lie in a folder:
// pip's beside it, else the one that PyTorch has loaded or the dynamic linker finds.
func Load(torch string, getenv func(string) string) (*Library, error) {
	try := []string{filepath.Join(torch, "..", "..", "nvidia", "nccl", "lib", soname), filepath.Join(torch, soname), soname}
	switch at := getenv(Variable); at {
	case "":
	case Off:
		return nil, fmt.Errorf("nccl: %s=%s", Variable, Off)
	default:
		try = []string{at}
	}
	var failed error
	for _, path := range try {
		lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err == nil {
			return bind(path, lib)
		}
		failed = err
	}
	return nil, fmt.Errorf("nccl: %w", failed)
}

// bind looks up functions.
func bind(path string, lib uintptr) (*Library, error) {
	l := &Library{path: path}
	f := &l.fn
	var errorText uintptr
	for name, to := range map[string]*uintptr{
		"GetVersion": &f.version, "GetUniqueId": &f.uniqueID, "CommInitRank": &f.initRank, "AllReduce": &f.allReduce,
		"CommGetAsyncError": &f.asyncError, "CommDestroy": &f.destroy, "CommAbort": &f.abort, "GetErrorString": &errorText,
	} {
		var err error
		if *to, err = purego.Dlsym(lib, "nccl"+name); err != nil {
			return nil, fmt.Errorf("nccl: %s has no nccl%s, want NCCL 2.4 or newer", path, name)
		}
	}
	purego.RegisterFunc(&f.errorText, errorText)
	if lastError, err := purego.Dlsym(lib, "ncclGetLastError"); err == nil {
		purego.RegisterFunc(&f.lastError, lastError)
	}
	version := new(int32)
	r, _, _ := purego.SyscallN(f.version, uintptr(unsafe.Pointer(version)))
	l.version = *version
	return l, l.check("version", r)
}

// Name is NCCL with its version, as 2.30.7.
func (l *Library) Name() string {
	v := l.version
	if v < 10000 { // 2.8 and older count major in thousands
		return fmt.Sprintf("NCCL %d.%d.%d", v/1000, v/100%10, v%100)
	}
	return fmt.Sprintf("NCCL %d.%d.%d", v/10000, v/100%100, v%100)
}

// Path is where it was found: a file, or a name that the dynamic linker knows.
func (l *Library) Path() string { return filepath.Clean(l.path) }

// check turns a ncclResult_t into an error, with what NCCL has to say beyond the code.
func (l *Library) check(what string, code uintptr) error {
	if int32(code) == 0 {
		return nil
	}
	text := l.fn.errorText(int32(code))
	if l.fn.lastError != nil {
		if more := strings.TrimSpace(l.fn.lastError(0)); more != "" {
			text += ": " + strings.Join(strings.Fields(more), " ")
		}
	}
	return fmt.Errorf("nccl: %s: %s", what, text)
}

// idBytes is the size of a ncclUniqueId.
const idBytes = 128

// NewID makes what the processes of a Comm know each other by. One makes it for all.
func (l *Library) NewID() ([]byte, error) {
	id := make([]byte, idBytes)
	r, _, _ := purego.SyscallN(l.fn.uniqueID, uintptr(unsafe.Pointer(unsafe.SliceData(id))))
	return id, l.check("unique id", r)
}

// Comm is a process's place among those that add up.
type Comm struct {
	lib    *Library
	handle uintptr
}

// Join makes the place of one of so many processes on the calling thread's current GPU.
// It waits for all of them, for ever if one does not come.
func (l *Library) Join(id []byte, rank, size int) (*Comm, error) {
	if len(id) != idBytes {
		return nil, fmt.Errorf("nccl: join: unique id of %d bytes, want %d", len(id), idBytes)
	}
	c := &Comm{lib: l}
	args := []uintptr{uintptr(unsafe.Pointer(&c.handle)), uintptr(size)}
	if runtime.GOARCH == "arm64" {
		// AAPCS64 passes a structure of more than 16 bytes by the address of a copy.
		args = append(args, uintptr(unsafe.Pointer(unsafe.SliceData(id))), uintptr(rank))
	} else {
		// System V on amd64 passes it in memory: on the stack, behind the six registers of
		// whole numbers, of which three are not used.
		args = append(args, uintptr(rank), 0, 0, 0)
		var words [idBytes / 8]uintptr
		for i := range words {
			words[i] = uintptr(binary.LittleEndian.Uint64(id[8*i:]))
		}
		args = append(args, words[:]...)
	}
	r, _, _ := purego.SyscallN(l.fn.initRank, args...)
	runtime.KeepAlive(id)
	if err := l.check(fmt.Sprintf("join as rank %d of %d", rank, size), r); err != nil {
		return nil, err
	}
	return c, nil
}

// Sum queues on a stream that n values of float32 at an address of the GPU's memory
// become their sums over all processes.
func (c *Comm) Sum(address uintptr, n int, stream uintptr) error {
	const float32Type, sum = 7, 0 // ncclFloat32, ncclSum
	r, _, _ := purego.SyscallN(c.lib.fn.allReduce, address, address, uintptr(n), float32Type, sum, c.handle, stream)
	return c.lib.check("all-reduce", r)
}

// Check returns the error of what was queued, such as the loss of another process.
func (c *Comm) Check() error {
	const inProgress = 7
	failed := new(int32)
	r, _, _ := purego.SyscallN(c.lib.fn.asyncError, c.handle, uintptr(unsafe.Pointer(failed)))
	if err := c.lib.check("ask for errors", r); err != nil {
		return err
	}
	if *failed == inProgress {
		return nil
	}
	return c.lib.check("all-reduce", uintptr(*failed))
}

// Abort ends what is queued, waits for no other process and gives everything back.
func (c *Comm) Abort() error {
	r, _, _ := purego.SyscallN(c.lib.fn.abort, c.handle)
	return c.lib.check("abort", r)
}

// Close gives everything back once all that is queued is done, in all processes.
func (c *Comm) Close() error {
	r, _, _ := purego.SyscallN(c.lib.fn.destroy, c.handle)
	return c.lib.check("destroy", r)
}
