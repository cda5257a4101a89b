//go:build (amd64 || arm64) && !static

package mpi

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"

	"innate/trainer/ranks"
)

// Library is an MPI that is loaded, and not yet initialised.
type Library struct {
	handles
	path string
	fn   functions
}

// functions are the addresses of what is called.
type functions struct {
	init, finalize, rank, size, allreduce, version, setHandler, errorText uintptr
}

// handles are a library's names for what it is given.
type handles struct {
	world, float, sum, inPlace, errorsReturn uintptr
	serialized                               uintptr // MPI_THREAD_SERIALIZED
}

// names are what libraries are called, those that say most about themselves first.
var names = []string{"libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi.so.40", "libmpi.so.12", "libmpich.so.12"}

// Load loads the first library there is, or the one that INNATE_MPI names.
func Load(getenv func(string) string) (*Library, error) {
	try := names
	if path := getenv(Variable); path != "" {
		try = []string{path}
	}
	for _, name := range try {
		if lib, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL); err == nil {
			return bind(name, lib)
		}
	}
	return nil, fmt.Errorf("mpi: none of %s is to be found: install Open MPI or MPICH, or name the library by %s", strings.Join(try, ", "), Variable)
}

// bind looks up functions and handles.
func bind(path string, lib uintptr) (*Library, error) {
	l := &Library{path: path}
	for name, to := range map[string]*uintptr{
		"Init_thread": &l.fn.init, "Finalize": &l.fn.finalize, "Comm_rank": &l.fn.rank, "Comm_size": &l.fn.size,
		"Allreduce": &l.fn.allreduce, "Get_library_version": &l.fn.version, "Comm_set_errhandler": &l.fn.setHandler,
		"Error_string": &l.fn.errorText,
	} {
		var err error
		if *to, err = purego.Dlsym(lib, "MPI_"+name); err != nil {
			return nil, fmt.Errorf("mpi: %s has no MPI_%s, want an MPI library", path, name)
		}
	}
	object := func(name string) uintptr { // 0 where there is none
		a, _ := purego.Dlsym(lib, name)
		return a
	}
	switch open := object("ompi_mpi_comm_world"); {
	case strings.HasPrefix(filepath.Base(path), "libmpi_abi"):
		l.handles = handles{world: 0x101, float: 0x210, sum: 0x21, inPlace: 1, errorsReturn: 0x143, serialized: 3072}
	case open != 0:
		l.handles = handles{
			world: open, float: object("ompi_mpi_float"), sum: object("ompi_mpi_op_sum"), inPlace: 1,
			errorsReturn: object("ompi_mpi_errors_return"), serialized: 2,
		}
	default:
		l.handles = handles{world: 0x44000000, float: 0x4c00040a, sum: 0x58000003, inPlace: ^uintptr(0), errorsReturn: 0x54000001, serialized: 2}
	}
	return l, nil
}

// Name is the library's own line about itself.
func (l *Library) Name() string {
	var text [8192]byte // MPI_MAX_LIBRARY_VERSION_STRING of all of them is at most that
	var n int32
	purego.SyscallN(l.fn.version, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&n)))
	line, _, _ := strings.Cut(string(text[:max(0, min(int(n), len(text)))]), "\n")
	line, _, _ = strings.Cut(line, ", ident")
	return strings.TrimSpace(strings.TrimRight(line, "\x00"))
}

// Init initialises MPI, which has started this process as place says, and returns what
// adds up. It and what it returns belong to the calling thread.
func (l *Library) Init(place ranks.Place) (ranks.Adder, error) {
	var provided, rank, size int32
	if err := l.call("init", l.fn.init, 0, 0, l.serialized, uintptr(unsafe.Pointer(&provided))); err != nil {
		return nil, err
	}
	// Errors are returned; by default they end the process.
	if err := l.call("error handler", l.fn.setHandler, l.world, l.errorsReturn); err != nil {
		return nil, err
	}
	if err := l.call("rank", l.fn.rank, l.world, uintptr(unsafe.Pointer(&rank))); err != nil {
		return nil, err
	}
	if err := l.call("size", l.fn.size, l.world, uintptr(unsafe.Pointer(&size))); err != nil {
		return nil, err
	}
	if int(rank) != place.Rank || int(size) != place.Size {
		return nil, fmt.Errorf("mpi: %s says rank %d of %d, want %v: is it the MPI of the launcher? %s names another", l.path, rank, size, place, Variable)
	}
	return adder{l}, nil
}

// call calls a function that returns an MPI error.
//
//go:uintptrescapes
func (l *Library) call(what string, fn uintptr, args ...uintptr) error {
	r, _, _ := purego.SyscallN(fn, args...)
	if int32(r) == 0 {
		return nil
	}
	var text [8192]byte
	var n int32
	purego.SyscallN(l.fn.errorText, r, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&n)))
	return fmt.Errorf("mpi: %s: %s", what, text[:max(0, min(int(n), len(text)))])
}

// adder adds up by MPI_Allreduce.
type adder struct{ *Library }

// mostValues is what fits the count of a call, which is a C int.
const mostValues = 1 << 30

// Sum replaces v by the sum of all processes' v.
func (a adder) Sum(v []float32) error {
	for len(v) > 0 {
		part := v[:min(len(v), mostValues)]
		v = v[len(part):]
		err := a.call("allreduce", a.fn.allreduce, a.inPlace, uintptr(unsafe.Pointer(unsafe.SliceData(part))), uintptr(len(part)), a.float, a.sum, a.world)
		runtime.KeepAlive(part)
		if err != nil {
			return err
		}
	}
	return nil
}

// Close ends MPI in this process, with all others.
func (a adder) Close() error { return a.call("finalize", a.fn.finalize) }
