package main

import (
	"fmt"
	"math"
	"slices"
)

// vectorBytes is the size of a vector, of lanes floats.
const (
	vectorBytes = 16
	lanes       = vectorBytes / 4
)

// vec is a vector register. Its number is chosen when the whole routine is known.
type vec struct {
	number int // −1: not yet known
	pinned bool
	first  int // instructions that name it
	last   int
}

type vectors = []*vec

// gp is a general register.
type gp string

// registers are the general registers that routines use: the assembler, the operating
// system and the runtime own R18 and those from R27 on.
var registers = func() (list []gp) {
	for i := range 27 {
		if i != 18 {
			list = append(list, gp(fmt.Sprintf("R%d", i)))
		}
	}
	return list
}()

// line is one line of a routine, which may name vectors.
type line struct {
	label string
	vecs  vectors
	text  func(numbers []int) string
}

// routine collects the instructions of one function.
type routine struct {
	file    *file
	name    string
	params  []param
	result  string
	used    int // general registers
	pins    vectors
	body    []line
	hoisted map[uint32]*vec // constants, loaded when the routine begins
	base    gp              // address of the file's constants, if any is used
}

// ins adds an instruction that names no vector.
func (r *routine) ins(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	r.body = append(r.body, line{text: func([]int) string { return text }})
}

// label marks a place.
func (r *routine) label(name string) { r.body = append(r.body, line{label: name}) }

// with adds an instruction that names vectors.
func (r *routine) with(text func(numbers []int) string, list ...*vec) {
	r.body = append(r.body, line{vecs: slices.Clone(list), text: text})
}

// reg is a fresh general register.
func (r *routine) reg() gp {
	if r.used == len(registers) {
		panic(r.name + ": no general register is left")
	}
	r.used++
	return registers[r.used-1]
}

// vec is a fresh vector for values of straight code: between its first and its last
// use there may be no label. What lives longer is pinned.
func (r *routine) vec() *vec { return &vec{number: -1, first: -1} }

// pin is a fresh vector that keeps its register throughout the routine.
func (r *routine) pin() *vec {
	v := &vec{number: -1, pinned: true}
	r.pins = append(r.pins, v)
	return v
}

// group is n fresh vectors, and pinGroup n pinned ones.
func (r *routine) group(n int) (list vectors) {
	for range n {
		list = append(list, r.vec())
	}
	return list
}

func (r *routine) pinGroup(n int) (list vectors) {
	for range n {
		list = append(list, r.pin())
	}
	return list
}

// do adds an instruction of one or two sources to a given destination.
func (r *routine) do(i inst, dst *vec, sources ...*vec) {
	if len(sources) == 1 {
		r.with(func(n []int) string { return i.two(n[0], n[1]) }, dst, sources[0])
	} else {
		r.with(func(n []int) string { return i.three(n[0], n[1], n[2]) }, dst, sources[0], sources[1])
	}
}

// make adds an instruction to a fresh destination.
func (r *routine) make(i inst, sources ...*vec) *vec {
	dst := r.vec()
	r.do(i, dst, sources...)
	return dst
}

// shift is x shifted by n bits: ">>" keeps the sign, ">>>" does not.
func (r *routine) shift(x *vec, op string, n int) *vec {
	dst := r.vec()
	base, field, name := uint32(0x4f000400), 64-n, "sshr"
	switch op {
	case ">>>":
		base, name = 0x6f000400, "ushr"
	case "<<":
		base, field, name = 0x4f005400, 32+n, "shl"
	}
	r.with(func(v []int) string {
		return word(base|bits(field, 16)|bits(v[1], 5)|bits(v[0], 0), "%s v%d.4s, v%d.4s, #%d", name, v[0], v[1], n)
	}, dst, x)
	return dst
}

func (r *routine) zero(v *vec) { r.with(func(n []int) string { return zero(n[0]) }, v) }

func (r *routine) move(dst, src *vec) {
	r.with(func(n []int) string { return move(n[0], n[1]) }, dst, src)
}

// copyOf is src in a fresh register.
func (r *routine) copyOf(src *vec) *vec {
	dst := r.vec()
	r.move(dst, src)
	return dst
}

// memory is an operand: base plus a constant number of bytes, or with post the base,
// which then grows by as many.
type memory struct {
	base gp
	disp int
	post bool
}

func at(base gp, disp int) memory { return memory{base: base, disp: disp} }

func post(base gp, step int) memory { return memory{base, step, true} }

// access is a load or a store of registers F0 to F31, whose kind is "FMOVQ" and the
// like.
func (r *routine) access(kind string, m memory, store bool, list ...*vec) {
	if m.post {
		kind += ".P"
	}
	r.with(func(n []int) string {
		regs := fmt.Sprintf("F%d", n[0])
		if len(n) == 2 {
			regs = fmt.Sprintf("(F%d, F%d)", n[0], n[1])
		}
		operand := fmt.Sprintf("(%s)", m.base)
		if m.disp != 0 {
			operand = fmt.Sprintf("%d(%s)", m.disp, m.base)
		}
		if store {
			return fmt.Sprintf("%s %s, %s", kind, regs, operand)
		}
		return fmt.Sprintf("%s %s, %s", kind, operand, regs)
	}, list...)
}

// load reads one vector or two neighbours, and store writes them.
func (r *routine) load(m memory, list ...*vec)  { r.accessAll("FLDPQ", m, false, list...) }
func (r *routine) store(m memory, list ...*vec) { r.accessAll("FSTPQ", m, true, list...) }

// accessAll is access of one vector, or of two neighbours by a pair.
func (r *routine) accessAll(pair string, m memory, store bool, list ...*vec) {
	if len(list) == 2 {
		r.access(pair, m, store, list...)
		return
	}
	r.access("FMOVQ", m, store, list...)
}

// loadOne reads one float to the first lane; the others are zero.
func (r *routine) loadOne(m memory, v *vec)  { r.access("FMOVS", m, false, v) }
func (r *routine) storeOne(m memory, v *vec) { r.access("FMOVS", m, true, v) }

// constantBits is a vector with the given 32 bits in every lane, loaded once.
func (r *routine) constantBits(bits uint32) *vec {
	v, ok := r.hoisted[bits]
	if !ok {
		v = r.pin()
		r.hoisted[bits] = v
	}
	return v
}

// constant is a vector with the float f in every lane, loaded once.
func (r *routine) constant(f float64) *vec { return r.constantBits(floatBits(f)) }

// fresh is a vector with the float f in every lane that may be overwritten.
func (r *routine) fresh(f float64) *vec {
	v := r.vec()
	r.load(at(r.constants(), r.file.constant(floatBits(f))), v)
	return v
}

// constants is the register that holds the address of the file's constants.
func (r *routine) constants() gp {
	if r.base == "" {
		r.base = r.reg()
	}
	return r.base
}

func floatBits(f float64) uint32 { return math.Float32bits(float32(f)) }

// countdown runs body n at a time over the count in left, which must be above −n and
// is what was left over in the end, less n. Labels begin with name.
func (r *routine) countdown(name string, left gp, n int, body func()) {
	r.ins("SUBS $%d, %s, %s", n, left, left)
	r.ins("BLT %sDone", name)
	r.label(name)
	body()
	r.ins("SUBS $%d, %s, %s", n, left, left)
	r.ins("BGE %s", name)
	r.label(name + "Done")
}

// ret ends the routine and chooses registers.
func (r *routine) ret() {
	r.ins("RET")
	body := r.body
	r.body = nil
	for bits, v := range sorted(r.hoisted) {
		r.load(at(r.constants(), r.file.constant(bits)), v)
	}
	r.body = append(r.body, body...)
	r.allocate()
	fmt.Fprintf(&r.file.code, "\nTEXT \u00b7%s(SB), NOSPLIT, $0-%d\n", r.name, r.argBytes())
	if r.base != "" {
		fmt.Fprintf(&r.file.code, "\tMOVD $vectorConstants<>(SB), %s\n", r.base)
	}
	for _, l := range r.body {
		if l.label != "" {
			fmt.Fprintf(&r.file.code, "%s:\n", l.label)
			continue
		}
		var numbers []int
		for _, v := range l.vecs {
			numbers = append(numbers, v.number)
		}
		fmt.Fprintf(&r.file.code, "\t%s\n", l.text(numbers))
	}
	r.file.stubs.declare(r)
}

// sorted iterates over a map in the order of its keys.
func sorted(m map[uint32]*vec) func(yield func(uint32, *vec) bool) {
	return func(yield func(uint32, *vec) bool) {
		var keys []uint32
		for k := range m {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// allocate gives a number to every vector: the pinned ones have theirs to themselves,
// the others from their first to their last use.
func (r *routine) allocate() {
	free := make([]bool, 32)
	for i := range free {
		free[i] = true
	}
	for i, v := range r.pins {
		if i == len(free) {
			panic(r.name + ": more vectors are pinned than there are")
		}
		v.number, free[len(free)-1-i] = len(free)-1-i, false
	}
	for i, l := range r.body {
		for _, v := range l.vecs {
			if v.first < 0 {
				v.first = i
			}
			v.last = i
		}
	}
	for i, l := range r.body {
		// A destination may take the register of a source that ends here.
		for _, v := range l.vecs {
			if !v.pinned && v.number >= 0 && v.last == i {
				free[v.number] = true
			}
		}
		for _, v := range l.vecs {
			if v.pinned || v.number >= 0 {
				continue
			}
			v.number = slices.Index(free, true)
			if v.number < 0 {
				panic(r.name + ": more vectors live at once than there are")
			}
			free[v.number] = v.last == i
			for _, inside := range r.body[v.first:v.last] {
				if inside.label != "" {
					panic(r.name + ": a vector that is not pinned lives across " + inside.label)
				}
			}
		}
	}
}
