package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const signBit = 1 << 31

// and sets dst = a&b, or sets dst = a|b, bit by bit.
func (v isa) and(a, b, dst Op) {
	if v.wide() {
		VPANDD(a, b, dst)
	} else {
		VPAND(a, b, dst)
	}
}

func (v isa) or(a, b, dst Op) {
	if v.wide() {
		VPORD(a, b, dst)
	} else {
		VPOR(a, b, dst)
	}
}

// bfloat16 emits the conversions of one width. A word holds one value of lo in its low
// half and one of hi in its high half.
func bfloat16(v isa) {
	stream{
		name: "narrow", params: "dst, lo, hi []float32", in: []string{"lo", "hi"}, out: []string{"dst"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			lo, hi := narrowOf(v, in[0]), narrowOf(v, in[1])
			VPSRLD(Imm(16), lo, lo)
			v.or(lo, hi, hi)
			return vectors{hi}
		}),
	}.emit(v)
	stream{
		name: "widen", params: "lo, hi, x []float32", in: []string{"x"}, out: []string{"lo", "hi"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			lo := v.vec()
			VPSLLD(Imm(16), in[0], lo)
			v.and(constantBits(math.MaxUint16<<16), in[0], in[0])
			return vectors{lo, in[0]}
		}),
	}.emit(v)
}

// narrowOf is x rounded to the upper half of its bits; the lower half is zero. See
// narrowBits in bfloat16.go.
func narrowOf(v isa, x reg.VecVirtual) reg.VecVirtual {
	size, odd := v.vec(), v.vec()
	VMULPS(constant(1), x, x) // a signalling NaN becomes a quiet one
	v.and(constantBits(signBit-1), x, size)
	v.and(constantBits(signBit), x, x)
	VPSRLD(Imm(16), size, odd)
	v.and(constantBits(1), odd, odd)
	VPADDD(odd, size, size)
	VPADDD(constantBits(1<<15-1), size, size)
	VPMINUD(constantBits(signBit-1), size, size)
	v.or(x, size, size)
	v.and(constantBits(math.MaxUint16<<16), size, size)
	return size
}
