package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rowMaps emits the routines over rows of channels of one width.
func rowMaps(v isa) {
	affine := func(name, params string, in, scalars []string, unroll int, f func(v isa, u vectors, in []vectors, fixed vectors) vectors) {
		s := stream{
			name: name, params: params, in: in, coefs: []string{"scale", "shift"}, out: []string{"dst"}, unroll: unroll,
			body: func(v isa, in []vectors, coefs [][]Op, fixed vectors) []vectors {
				u := v.group(len(in[0]))
				for i := range u {
					VMOVUPS(coefs[1][i], u[i])
					VFMADD231PS(coefs[0][i], in[0][i], u[i]) // x·scale + shift
				}
				return []vectors{f(v, u, in, fixed)}
			},
		}
		if len(scalars) > 0 {
			s.setup = broadcast(scalars...)
		}
		s.emit(v)
	}
	const one, two = "dst, x, scale, shift []float32", "dst, x, dy, scale, shift []float32"
	affine("affineRows", one, []string{"x"}, nil, 4,
		func(v isa, u vectors, _ []vectors, _ vectors) vectors { return u })
	affine("affineSiLURows", one, []string{"x"}, nil, 2,
		func(v isa, u vectors, _ []vectors, _ vectors) vectors { return siluOf(v, u) })
	affine("affineSiLUGradRows", two, []string{"x", "dy"}, nil, 2,
		func(v isa, u vectors, in []vectors, _ vectors) vectors { return siluGradOf(v, u, in[1]) })
	leaky := func(v isa, u, y, fixed vectors) vectors {
		for i := range u {
			u[i] = leakyOf(v, u[i], y[i], fixed[0])
		}
		return u
	}
	affine("affineLeakyRows", one+", slope float32", []string{"x"}, []string{"slope"}, 2,
		func(v isa, u vectors, _ []vectors, fixed vectors) vectors { return leaky(v, u, u, fixed) })
	affine("affineLeakyGradRows", two+", slope float32", []string{"x", "dy"}, []string{"slope"}, 2,
		func(v isa, u vectors, in []vectors, fixed vectors) vectors { return leaky(v, u, in[1], fixed) })
	stream{
		name: "affine2Rows", params: "dst, a, b, p, q, r []float32",
		in: []string{"a", "b"}, coefs: []string{"p", "q", "r"}, out: []string{"dst"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, coefs []Op, _ vectors) vectors {
			u := v.vec()
			VMOVUPS(coefs[2], u)
			VFMADD231PS(coefs[1], in[1], u) // b·q + r
			VFMADD231PS(coefs[0], in[0], u) // a·p + …
			return vectors{u}
		}),
	}.emit(v)
	stream{
		name: "addRows", params: "dst, x, b []float32",
		in: []string{"x"}, coefs: []string{"b"}, out: []string{"dst"}, unroll: 4,
		body: oneByOne(func(v isa, in vectors, coefs []Op, _ vectors) vectors {
			VADDPS(coefs[0], in[0], in[0])
			return in
		}),
	}.emit(v)
	sumRows(v, false)
	sumRows(v, true)
}

// sumRows emits sum[c] += Σ a and, with dot, dot[c] += Σ a·b over rows of
// channels. It walks down columns of two vectors (one where only one is left)
// with separate sums for even and odd rows.
func sumRows(v isa, dot bool) {
	name, params := "sumRows", "sum, a []float32, rows int"
	if dot {
		name, params = "dotRows", "sum, dot, a, b []float32, rows int"
	}
	function(name+v.suffix, "func("+params+")")
	load := func(param string) reg.GPVirtual {
		r := GP64()
		Load(Param(param).Base(), r)
		return r
	}
	a, sum := load("a"), load("sum")
	var b, prod reg.GPVirtual
	if dot {
		b, prod = load("b"), load("dot")
	}
	left, pitch := GP64(), GP64() // channels left; bytes from row to row
	Load(Param("sum").Len(), left)
	MOVQ(left, pitch)
	SHLQ(Imm(2), pitch)

	column := func(label string, vectorsWide int, mask *tail) {
		acc, dots := make([]vectors, 2), make([]vectors, 2)
		for parity := range acc {
			for range vectorsWide {
				acc[parity] = append(acc[parity], v.vec())
				v.zero(acc[parity][len(acc[parity])-1])
				if dot {
					dots[parity] = append(dots[parity], v.vec())
					v.zero(dots[parity][len(dots[parity])-1])
				}
			}
		}
		row := func(parity int) {
			for j := range vectorsWide {
				x := v.vec()
				read := func(base reg.Register, dst reg.Register) {
					m := at(base, j*v.bytes)
					if mask != nil {
						mask.load(m, dst)
					} else {
						VMOVUPS(m, dst)
					}
				}
				pa, pb := a, b
				read(pa, x)
				VADDPS(x, acc[parity][j], acc[parity][j])
				if dot {
					y := v.vec()
					read(pb, y)
					VFMADD231PS(x, y, dots[parity][j])
				}
			}
			ADDQ(pitch, a)
			if dot {
				ADDQ(pitch, b)
			}
		}
		startA, startB, n := GP64(), GP64(), GP64()
		MOVQ(a, startA)
		if dot {
			MOVQ(b, startB)
		}
		Load(Param("rows"), n)
		SUBQ(Imm(2), n)
		JL(LabelRef(label + "Odd"))
		Label(label + "Pair")
		row(0)
		row(1)
		SUBQ(Imm(2), n)
		JGE(LabelRef(label + "Pair"))
		Label(label + "Odd")
		ADDQ(Imm(2), n)
		JZ(LabelRef(label + "End"))
		row(0)
		Label(label + "End")
		finish := func(dst reg.Register, s []vectors) {
			for j := range vectorsWide {
				VADDPS(s[1][j], s[0][j], s[0][j])
				x, m := v.vec(), at(dst, j*v.bytes)
				if mask != nil {
					mask.load(m, x)
					VADDPS(x, s[0][j], s[0][j])
					mask.store(s[0][j], m)
				} else {
					VADDPS(m, s[0][j], s[0][j])
					VMOVUPS(s[0][j], m)
				}
			}
			ADDQ(count(vectorsWide*v.bytes), dst)
		}
		finish(sum, acc)
		MOVQ(startA, a)
		ADDQ(count(vectorsWide*v.bytes), a)
		if dot {
			finish(prod, dots)
			MOVQ(startB, b)
			ADDQ(count(vectorsWide*v.bytes), b)
		}
	}

	SUBQ(count(2*v.lanes()), left)
	JL(LabelRef("narrow"))
	Label("two")
	column("two", 2, nil)
	SUBQ(count(2*v.lanes()), left)
	JGE(LabelRef("two"))
	Label("narrow")
	ADDQ(count(v.lanes()), left)
	JL(LabelRef("rest"))
	column("one", 1, nil)
	SUBQ(count(v.lanes()), left)
	Label("rest")
	ADDQ(count(v.lanes()), left)
	JZ(LabelRef("done"))
	mask := v.tail(left)
	column("part", 1, &mask)
	Label("done")
	VZEROUPPER()
	RET()
}
