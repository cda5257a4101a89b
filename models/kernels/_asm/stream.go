package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// stream describes an elementwise routine: at every position it loads one value
// of each of the in slices, computes, and stores to each of the out slices.
type stream struct {
	name   string
	params string   // Go parameters; the length is that of out[0]
	in     []string // slices read
	coefs  []string // slices read that start over at every row
	out    []string // slices written
	unroll int      // vectors per turn of the main loop

	// setup loads what stays the same, for instance a scalar argument.
	setup func(v isa) vectors

	// body computes the outputs from the inputs in, the coefficients coefs
	// (operands in memory, or registers in the tail) and what setup returned.
	// Every input and output is a group: the vectors of one turn, which long
	// computations take step by step together, so that one's latency hides
	// behind the others.
	body func(v isa, in []vectors, coefs [][]Op, fixed vectors) []vectors
}

// vectors is a group of registers.
type vectors = []reg.VecVirtual

// group is n fresh registers.
func (v isa) group(n int) vectors {
	list := make(vectors, n)
	for i := range list {
		list[i] = v.vec()
	}
	return list
}

// oneByOne makes a body of a function that takes a single vector of each input
// and returns one of each output.
func oneByOne(f func(v isa, in vectors, coefs []Op, fixed vectors) vectors) func(isa, []vectors, [][]Op, vectors) []vectors {
	return func(v isa, in []vectors, coefs [][]Op, fixed vectors) []vectors {
		var out []vectors
		for u := range in[0] {
			for i, r := range f(v, column(in, u), column(coefs, u), fixed) {
				if i == len(out) {
					out = append(out, nil)
				}
				out[i] = append(out[i], r)
			}
		}
		return out
	}
}

// column is the u-th element of every list.
func column[T any](lists [][]T, u int) []T {
	var c []T
	for _, list := range lists {
		c = append(c, list[u])
	}
	return c
}

// emit writes the routine for one width. With coefficients it has the form
//
//	for every row of len(coefs[0]) values: for every vector of the row
//
// and without them the whole slice is one row. Only a row's last vector can be
// incomplete; it is read and written under a mask, with the same arithmetic, so
// that a value's result does not depend on its position.
func (s stream) emit(v isa) {
	function(s.name+v.suffix, "func("+s.params+")")
	ptr := map[string]reg.GPVirtual{}
	for _, names := range [][]string{s.in, s.out} {
		for _, name := range names {
			if ptr[name] == nil {
				ptr[name] = GP64()
				Load(Param(name).Base(), ptr[name])
			}
		}
	}
	n := GP64() // values left in the row
	Load(Param(s.out[0]).Len(), n)
	var fixed vectors
	if s.setup != nil {
		fixed = s.setup(v)
	}
	var left, row reg.GPVirtual // values left after this row, and in a row
	rowPtr := map[string]reg.GPVirtual{}
	if len(s.coefs) > 0 {
		left, row = GP64(), GP64()
		MOVQ(n, left)
		Load(Param(s.coefs[0]).Len(), row)
		Label("row")
		TESTQ(left, left)
		JZ(LabelRef("done"))
		MOVQ(row, n)
		CMPQ(left, n)
		CMOVQLT(left, n)
		SUBQ(n, left)
		for _, name := range s.coefs {
			rowPtr[name] = GP64()
			Load(Param(name).Base(), rowPtr[name])
		}
	}

	advance := func(vectors int) {
		for _, name := range unique(s.in, s.out) {
			ADDQ(count(vectors*v.bytes), ptr[name])
		}
		for _, name := range s.coefs {
			ADDQ(count(vectors*v.bytes), rowPtr[name])
		}
	}
	// turn emits n whole vectors, or under a mask part of one.
	turn := func(n int, mask *tail) {
		in := make([]vectors, len(s.in))
		for i, name := range s.in {
			in[i] = v.group(n)
			for u, r := range in[i] {
				if mask != nil {
					mask.load(at(ptr[name], 0), r)
				} else {
					VMOVUPS(at(ptr[name], u*v.bytes), r)
				}
			}
		}
		coefs := make([][]Op, len(s.coefs))
		for i, name := range s.coefs {
			for u := range n {
				if mask != nil {
					r := v.vec()
					mask.load(at(rowPtr[name], 0), r)
					coefs[i] = append(coefs[i], r)
				} else {
					coefs[i] = append(coefs[i], at(rowPtr[name], u*v.bytes))
				}
			}
		}
		for i, out := range s.body(v, in, coefs, fixed) {
			for u, r := range out {
				if mask != nil {
					mask.store(r, at(ptr[s.out[i]], 0))
				} else {
					VMOVUPS(r, at(ptr[s.out[i]], u*v.bytes))
				}
			}
		}
	}

	unroll := max(s.unroll, 1)
	if unroll > 1 {
		SUBQ(count(unroll*v.lanes()), n)
		JL(LabelRef("few"))
		Label("many")
		turn(unroll, nil)
		advance(unroll)
		SUBQ(count(unroll*v.lanes()), n)
		JGE(LabelRef("many"))
		Label("few")
		ADDQ(count((unroll-1)*v.lanes()), n)
	} else {
		SUBQ(count(v.lanes()), n)
	}
	JL(LabelRef("rest"))
	Label("one")
	turn(1, nil)
	advance(1)
	SUBQ(count(v.lanes()), n)
	JGE(LabelRef("one"))
	Label("rest")
	ADDQ(count(v.lanes()), n)
	JZ(LabelRef("end"))
	mask := v.tail(n)
	turn(1, &mask)
	if len(s.coefs) > 0 { // an incomplete vector may be followed by another row
		for _, name := range unique(s.in, s.out) {
			LEAQ(indexed(ptr[name], n, 4, 0), ptr[name])
		}
	}
	Label("end")
	if len(s.coefs) > 0 {
		JMP(LabelRef("row"))
		Label("done")
	}
	VZEROUPPER()
	RET()
}

// unique is the names of both lists, each once.
func unique(a, b []string) []string {
	var list []string
	seen := map[string]bool{}
	for _, name := range append(append([]string{}, a...), b...) {
		if !seen[name] {
			seen[name] = true
			list = append(list, name)
		}
	}
	return list
}

// broadcast loads the scalar arguments into every lane.
func broadcast(names ...string) func(v isa) vectors {
	return func(v isa) vectors {
		var list vectors
		for _, name := range names {
			p, err := Param(name).Resolve()
			if err != nil {
				panic(err)
			}
			r := v.vec()
			VBROADCASTSS(p.Addr, r)
			list = append(list, r)
		}
		return list
	}
}
