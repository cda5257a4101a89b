package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reductions emits the routines that reduce a slice to one number.
func reductions(v isa) {
	sum64(v, false)
	sum64(v, true)
	maximum(v)
	expSum(v)
}

// half is a fresh register of half a vector.
func (v isa) half() reg.VecVirtual {
	if v.wide() {
		return YMM()
	}
	return XMM()
}

// sum64 emits Σ a, or with dot Σ a·b, over whole vectors in float64: four
// vectors of partial sums, added pairwise at the end. The caller adds the values
// after the last whole turn of 4 half-vectors.
func sum64(v isa, dot bool) {
	name, params := "sum", "a []float32"
	if dot {
		name, params = "dot", "a, b []float32"
	}
	function(name+v.suffix, "func("+params+") float64")
	a, b, n := GP64(), GP64(), GP64()
	Load(Param("a").Base(), a)
	if dot {
		Load(Param("b").Base(), b)
	}
	Load(Param("a").Len(), n)
	var acc vectors
	for range 4 {
		r := v.vec()
		v.zero(r)
		acc = append(acc, r)
	}
	turn := 2 * v.lanes() // floats in 4 half-vectors
	SUBQ(count(turn), n)
	JL(LabelRef("end"))
	Label("loop")
	for i, r := range acc {
		x := v.vec()
		VCVTPS2PD(at(a, i*v.bytes/2), x)
		if dot {
			y := v.vec()
			VCVTPS2PD(at(b, i*v.bytes/2), y)
			VFMADD231PD(x, y, r)
		} else {
			VADDPD(x, r, r)
		}
	}
	ADDQ(count(2*4*v.lanes()), a)
	if dot {
		ADDQ(count(2*4*v.lanes()), b)
	}
	SUBQ(count(turn), n)
	JGE(LabelRef("loop"))
	Label("end")
	VADDPD(acc[1], acc[0], acc[0])
	VADDPD(acc[3], acc[2], acc[2])
	VADDPD(acc[2], acc[0], acc[0])
	s := acc[0].AsY()
	if v.wide() {
		h := YMM()
		VEXTRACTF64X4(Imm(1), acc[0], h)
		VADDPD(h, s, s)
	}
	x := XMM()
	VEXTRACTF128(Imm(1), s, x)
	VADDPD(x, acc[0].AsX(), x)
	VHADDPD(x, x, x)
	Store(x, ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// foldPS reduces the lanes of r to lane 0 with op.
func foldPS(v isa, r reg.VecVirtual, op func(a, b, dst Op)) reg.VecVirtual {
	s := r.AsY()
	if v.wide() {
		h := YMM()
		VEXTRACTF64X4(Imm(1), r, h)
		op(h, s, s)
	}
	x, y := XMM(), XMM()
	VEXTRACTF128(Imm(1), s, x)
	op(x, r.AsX(), x)
	VMOVHLPS(x, x, y)
	op(y, x, x)
	VMOVSHDUP(x, y)
	op(y, x, x)
	return x
}

// maximum emits the largest value of whole vectors; the caller takes care of the
// rest, and of NaN, which may or may not come through. The slice holds at least
// one vector.
func maximum(v isa) {
	function("max"+v.suffix, "func(x []float32) float32")
	p, n := GP64(), GP64()
	Load(Param("x").Base(), p)
	Load(Param("x").Len(), n)
	m := v.vec()
	VMOVUPS(at(p, 0), m)
	SUBQ(count(v.lanes()), n)
	Label("loop")
	SUBQ(count(v.lanes()), n)
	JL(LabelRef("end"))
	ADDQ(count(v.bytes), p)
	VMAXPS(at(p, 0), m, m)
	JMP(LabelRef("loop"))
	Label("end")
	Store(foldPS(v, m, func(a, b, dst Op) { VMAXPS(a, b, dst) }), ReturnIndex(0))
	VZEROUPPER()
	RET()
}

// expSum emits dst = e^(x−shift), returning the sum.
func expSum(v isa) {
	function("expSum"+v.suffix, "func(dst, x []float32, shift float32) float32")
	dst, src, n := GP64(), GP64(), GP64()
	Load(Param("dst").Base(), dst)
	Load(Param("x").Base(), src)
	Load(Param("x").Len(), n)
	shift := broadcast("shift")(v)[0]
	sum := v.vec()
	v.zero(sum)
	value := func(x reg.VecVirtual) reg.VecVirtual {
		VSUBPS(shift, x, x)
		return expOf(v, clampHigh(v, clampLow(v, vectors{x}, -bound), bound))[0]
	}
	SUBQ(count(v.lanes()), n)
	JL(LabelRef("rest"))
	Label("loop")
	x := v.vec()
	VMOVUPS(at(src, 0), x)
	e := value(x)
	VADDPS(e, sum, sum)
	VMOVUPS(e, at(dst, 0))
	ADDQ(count(v.bytes), src)
	ADDQ(count(v.bytes), dst)
	SUBQ(count(v.lanes()), n)
	JGE(LabelRef("loop"))
	Label("rest")
	ADDQ(count(v.lanes()), n)
	JZ(LabelRef("end"))
	mask := v.tail(n)
	x = v.vec()
	mask.load(at(src, 0), x)
	e = value(x)
	mask.keep(e)
	VADDPS(e, sum, sum)
	mask.store(e, at(dst, 0))
	Label("end")
	Store(foldPS(v, sum, func(a, b, dst Op) { VADDPS(a, b, dst) }), ReturnIndex(0))
	VZEROUPPER()
	RET()
}
