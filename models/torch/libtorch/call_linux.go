//go:build (amd64 || arm64) && !static

package libtorch

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// Op names an operation of PyTorch's dispatcher. Its arguments are those of the
// schema in ATen's native_functions.yaml, in order.
type Op struct{ name, overload []byte } // each ends in a zero

// NewOp names an operation of ATen, with its overload behind a dot if it has one:
// sum.dim_IntList.
func NewOp(s string) *Op {
	name, overload, _ := strings.Cut(s, ".")
	return &Op{append([]byte("aten::"+name), 0), append([]byte(overload), 0)}
}

func (o *Op) String() string { return string(o.name[:len(o.name)-1]) }

// written is the version whose schemas the callers of this package follow. A
// later libtorch adapts the arguments where it has learnt how.
const written = 2<<56 | 15<<48

// slots is the size of the stack that libtorch reads arguments from. It is more
// than any operation has, so that a later version with one more argument reads a
// zero, which is none, false or 0, and not past the end.
const slots = 48

// withFloats is in assembly, as C calls it: purego passes integers alone when it
// must not allocate.
func withFloats()

var _ = withFloats // its address is in the data of the assembly

var withFloatsAddress uintptr

// c calls a C function and returns what it returns. Arguments that are addresses
// point into l or into what the caller keeps alive: nothing on a stack, which may
// move. It does not allocate, as purego does for arguments given one by one.
func (l *Lib) c(fn uintptr, args ...uintptr) uintptr {
	n := copy(l.args[:], args)
	r, _, _ := purego.SyscallN(fn, l.args[:n]...)
	return r
}

// Err returns the first error since it was last asked, and forgets it.
func (l *Lib) Err() error {
	err := l.err
	l.err = nil
	return err
}

// OK reports whether there has been no error since Err was last asked.
func (l *Lib) OK() bool { return l.err == nil }

// fail keeps the first error.
func (l *Lib) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// check keeps the error of a C function.
func (l *Lib) check(what string, code uintptr) bool {
	if int32(code) == 0 {
		return true
	}
	l.fail(fmt.Errorf("torch: %s: %w", what, l.lastError()))
	return false
}

// lastError is the text of this thread's last exception, on one line.
func (l *Lib) lastError() error {
	if l.fn.errorText == 0 {
		return fmt.Errorf("an exception, whose text PyTorch %s writes to standard error alone", l.Version)
	}
	r := l.c(l.fn.errorText)
	text := strings.TrimSpace(cString(r))
	if first, _, more := strings.Cut(text, "\n"); more {
		text = first
	}
	return errors.New(text)
}

func cString(p uintptr) string {
	b := *(**byte)(unsafe.Pointer(&p))
	if b == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(unsafe.Pointer(b), n)) != 0 {
		n++
	}
	return string(unsafe.Slice(b, n))
}

// nesting is how many calls may be in the making at once.
const nesting = 8

// frame is a call in the making.
type frame struct {
	op    *Op
	n     int           // arguments so far
	stack [slots]uint64 // arguments, then results
	kinds [slots]byte   // of the arguments
}

// Call begins a call of an operation. Arguments follow in the order of its schema,
// then One, Two, Three or Do. An argument may be the result of another call.
func (l *Lib) Call(o *Op) *Lib {
	l.depth++
	f := l.frame()
	clear(f.stack[:])
	f.op, f.n = o, 0
	return l
}

// frame is the call that is being made.
func (l *Lib) frame() *frame { return &l.frames[l.depth-1] }

func (l *Lib) push(k kind, v uint64) *Lib {
	f := l.frame()
	f.stack[f.n], f.kinds[f.n] = v, byte(k)
	f.n++
	return l
}

// T is a Tensor.
func (l *Lib) T(t Tensor) *Lib { return l.push(kindTensor, l.share(t)) }

// OptT is a Tensor?, none for 0.
func (l *Lib) OptT(t Tensor) *Lib {
	if t == 0 {
		return l.None()
	}
	return l.push(kindTensor|optional, l.box(l.share(t)))
}

// Ts is a Tensor[].
func (l *Lib) Ts(ts ...Tensor) *Lib {
	list := l.list(len(ts))
	for _, t := range ts {
		l.append(list, l.share(t))
	}
	return l.push(kindTensors, list)
}

// None is an optional that is absent.
func (l *Lib) None() *Lib { return l.push(kindNone, 0) }

// Int is an int or a SymInt.
func (l *Lib) Int(i int) *Lib { return l.push(kindInt, uint64(i)) }

// OptInt is an int? or a SymInt?.
func (l *Lib) OptInt(i int) *Lib { return l.push(kindInt|optional, l.box(uint64(i))) }

// Float is a float. A Scalar, which is another type, cannot be passed at all.
func (l *Lib) Float(f float64) *Lib { return l.push(kindFloat, math.Float64bits(f)) }

// OptFloat is a float?.
func (l *Lib) OptFloat(f float64) *Lib { return l.push(kindFloat|optional, l.box(math.Float64bits(f))) }

// Bool is a bool.
func (l *Lib) Bool(b bool) *Lib { return l.push(kindBool, bit(b)) }

// Ints is an int[] or a SymInt[].
func (l *Lib) Ints(v ...int) *Lib { return l.push(kindInts, l.ints(v)) }

// OptInts is an int[]? or a SymInt[]?.
func (l *Lib) OptInts(v ...int) *Lib { return l.push(kindInts|optional, l.box(l.ints(v))) }

// Bools is a bool[].
func (l *Lib) Bools(v ...bool) *Lib {
	list := l.list(len(v))
	for _, b := range v {
		l.append(list, bit(b))
	}
	return l.push(kindBools, list)
}

// DType is a ScalarType, OptDType a ScalarType?.
func (l *Lib) DType(t DType) *Lib    { return l.push(kindDType, l.dtypes[t]) }
func (l *Lib) OptDType(t DType) *Lib { return l.push(kindDType|optional, l.box(l.dtypes[t])) }

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (l *Lib) ints(v []int) uint64 {
	list := l.list(len(v))
	for _, i := range v {
		l.append(list, uint64(i))
	}
	return list
}

func (l *Lib) list(n int) uint64 {
	if l.err != nil {
		return 0
	}
	r := l.c(l.fn.newList, uintptr(n), uintptr(unsafe.Pointer(&l.out)))
	l.check("list", r)
	return uint64(l.out)
}

func (l *Lib) append(list, v uint64) {
	if l.err != nil {
		return
	}
	r := l.c(l.fn.pushList, uintptr(list), uintptr(v))
	l.check("list", r)
}

// box allocates what an optional points to; the call owns it.
func (l *Lib) box(v uint64) uint64 {
	if l.err != nil {
		return 0
	}
	if l.fn.deleteOptional == 0 { // operator new
		l.out = l.c(l.fn.newOptional, 8)
	} else if r := l.c(l.fn.newOptional, uintptr(unsafe.Pointer(&l.out))); !l.check("optional", r) {
		return 0
	}
	**(**uint64)(unsafe.Pointer(&l.out)) = v
	return uint64(l.out)
}

// share is a reference for the call to own.
func (l *Lib) share(t Tensor) uint64 {
	if l.err != nil {
		return 0
	}
	if t == 0 {
		what := "share"
		if l.depth > 0 {
			what = fmt.Sprintf("%s: argument %d", l.frame().op, l.frame().n)
		}
		l.fail(fmt.Errorf("torch: %s: no tensor", what))
		return 0
	}
	r := l.c(l.fn.newHandle, uintptr(t), uintptr(unsafe.Pointer(&l.out)))
	l.check("share", r)
	return uint64(l.out)
}

// Do makes the call and drops its results, of which there are n: an operation in
// place returns what it changed.
func (l *Lib) Do(n int) {
	if out := l.run(); out != nil {
		for _, h := range out[:n] {
			l.c(l.fn.deleteHandle, uintptr(h))
		}
	}
}

// One makes the call and returns its first result, as a temporary. The operation
// has no other.
func (l *Lib) One() Tensor {
	out := l.run()
	if out == nil {
		return 0
	}
	return l.temp(out[0])
}

// Two makes the call of an operation with two results.
func (l *Lib) Two() (a, b Tensor) {
	out := l.run()
	if out == nil {
		return 0, 0
	}
	return l.temp(out[0]), l.temp(out[1])
}

// Three makes the call of an operation with three results. One that was not asked
// for has no value, and must not be used.
func (l *Lib) Three() (a, b, c Tensor) {
	out := l.run()
	if out == nil {
		return 0, 0, 0
	}
	return l.temp(out[0]), l.temp(out[1]), l.temp(out[2])
}

// run makes the call and returns its results, nil after an error.
func (l *Lib) run() []uint64 {
	f := l.frame()
	l.depth--
	if l.calls != nil {
		l.record(f)
	}
	if l.err != nil {
		return nil
	}
	r := l.c(l.fn.call, uintptr(unsafe.Pointer(&f.op.name[0])), uintptr(unsafe.Pointer(&f.op.overload[0])),
		uintptr(unsafe.Pointer(&f.stack[0])), written)
	if int32(r) != 0 {
		l.check(f.op.String(), r)
		return nil
	}
	return f.stack[:]
}

// temp takes a new tensor into the list of temporaries.
func (l *Lib) temp(h uint64) Tensor {
	l.live++
	l.temps = append(l.temps, Tensor(h))
	return Tensor(h)
}

// Keep takes a temporary out of the list: it lives until Free.
func (l *Lib) Keep(t Tensor) Tensor {
	for i := len(l.temps) - 1; i >= 0; i-- {
		if l.temps[i] == t {
			l.temps = append(l.temps[:i], l.temps[i+1:]...)
			break
		}
	}
	return t
}

// FreeTemps gives all temporaries back.
func (l *Lib) FreeTemps() {
	for _, t := range l.temps {
		l.Free(t)
	}
	l.temps = l.temps[:0]
}

// Free gives a tensor back; none is given back for 0.
func (l *Lib) Free(t Tensor) {
	if t != 0 {
		l.c(l.fn.deleteHandle, uintptr(t))
		l.live--
	}
}

// Live is how many tensors Go holds.
func (l *Lib) Live() int { return l.live }

// Same is another reference to a tensor, as a temporary.
func (l *Lib) Same(t Tensor) Tensor {
	if h := l.share(t); l.err == nil {
		return l.temp(h)
	}
	return 0
}

// shim calls a function with up to two numbers beside its handles, whose result is
// a tensor.
func (l *Lib) shim(what string, fn, a, b uintptr, x, y float64) Tensor {
	if l.err != nil {
		return 0
	}
	if a == 0 || b == 0 {
		l.fail(fmt.Errorf("torch: %s: no tensor", what))
		return 0
	}
	r := l.c(withFloatsAddress, a, b, uintptr(unsafe.Pointer(&l.out)),
		uintptr(math.Float64bits(x)), uintptr(math.Float64bits(y)), fn)
	if !l.check(what, r) {
		return 0
	}
	return l.temp(uint64(l.out))
}

// AddScaled is a + alpha·b.
func (l *Lib) AddScaled(a, b Tensor, alpha float64) Tensor {
	return l.shim("add", l.fn.addTensor, uintptr(a), uintptr(b), alpha, 0)
}

// AddScalar is a + c.
func (l *Lib) AddScalar(a Tensor, c float64) Tensor {
	return l.shim2("add_scalar", l.fn.addScalar, a, c, 1)
}

// Scale is a·c.
func (l *Lib) Scale(a Tensor, c float64) Tensor { return l.shim2("scale", l.fn.mulScalar, a, c, 0) }

// shim2 is shim for a function of one tensor: the place of its result follows it.
func (l *Lib) shim2(what string, fn uintptr, a Tensor, x, y float64) Tensor {
	if l.err != nil {
		return 0
	}
	if a == 0 {
		l.fail(fmt.Errorf("torch: %s: no tensor", what))
		return 0
	}
	r := l.c(withFloatsAddress, uintptr(a), uintptr(unsafe.Pointer(&l.out)), 0,
		uintptr(math.Float64bits(x)), uintptr(math.Float64bits(y)), fn)
	if !l.check(what, r) {
		return 0
	}
	return l.temp(uint64(l.out))
}

// Fill sets every value of a tensor.
func (l *Lib) Fill(a Tensor, c float64) {
	if l.err != nil {
		return
	}
	r := l.c(withFloatsAddress, uintptr(a), 0, 0, uintptr(math.Float64bits(c)), 0, l.fn.fill)
	l.check("fill", r)
}
