package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is a vector width and what differs with it.
type isa struct {
	suffix string
	bytes  int // of one vector
	regs   []reg.VecPhysical
}

var avx2 = isa{"AVX2", 32, []reg.VecPhysical{
	reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7,
	reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15,
}}

var avx512 = isa{"AVX512", 64, []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7,
	reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23,
	reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}}

func (v isa) wide() bool { return v.bytes == 64 }

// lanes is the number of floats in a vector.
func (v isa) lanes() int { return v.bytes / 4 }

// vec is a fresh virtual register; the generator's library assigns it.
func (v isa) vec() reg.VecVirtual {
	if v.wide() {
		return ZMM()
	}
	return YMM()
}

// zero sets r to zeros.
func (v isa) zero(r reg.Register) {
	if v.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
}

// blendNegative is a where the sign bit of x is set and b elsewhere.
func (v isa) blendNegative(x, a, b reg.Register) reg.VecVirtual {
	dst := v.vec()
	if v.wide() {
		k := K()
		VPMOVD2M(x, k)
		VBLENDMPS(a, b, k, dst)
	} else {
		VBLENDVPS(x, a, b, dst)
	}
	return dst
}

// blendPositive is a where x > 0 and b elsewhere, NaN included.
func (v isa) blendPositive(x, a, b reg.Register) reg.VecVirtual {
	const greaterQuiet = 0x1e
	dst, zero := v.vec(), v.vec()
	v.zero(zero)
	if v.wide() {
		k := K()
		VCMPPS(Imm(greaterQuiet), zero, x, k)
		VBLENDMPS(a, b, k, dst)
	} else {
		mask := v.vec()
		VCMPPS(Imm(greaterQuiet), zero, x, mask)
		VBLENDVPS(mask, a, b, dst)
	}
	return dst
}

// blendNaN is x where x is NaN and b elsewhere.
func (v isa) blendNaN(x, b reg.Register) reg.VecVirtual {
	const unordered = 3
	dst := v.vec()
	if v.wide() {
		k := K()
		VCMPPS(Imm(unordered), x, x, k)
		VBLENDMPS(x, b, k, dst)
	} else {
		mask := v.vec()
		VCMPPS(Imm(unordered), x, x, mask)
		VBLENDVPS(mask, x, b, dst)
	}
	return dst
}

// tail addresses the first values of a vector, as many as were left over.
type tail struct {
	v    isa
	mask reg.Register // a mask register, or for AVX2 a vector
}

// tail prepares access to n values, 0 < n < lanes. It may clobber RCX.
func (v isa) tail(n reg.GPVirtual) tail {
	if v.wide() {
		bits, k := GP32(), K()
		MOVQ(n, reg.RCX)
		MOVL(U32(1), bits)
		SHLL(reg.CL, bits)
		DECL(bits)
		KMOVW(bits, k)
		return tail{v, k}
	}
	// tailMask holds 8 set lanes, then 8 clear ones: n set lanes begin 8−n
	// lanes in.
	p, k := GP64(), v.vec()
	LEAQ(tailMask(), p)
	SHLQ(Imm(2), n)
	SUBQ(n, p)
	SHRQ(Imm(2), n)
	VMOVUPS(at(p, 32), k)
	return tail{v, k}
}

// load reads the values at m; the other lanes are zero.
func (t tail) load(m Mem, dst reg.Register) {
	if t.v.wide() {
		VMOVUPS_Z(m, t.mask, dst)
	} else {
		VMASKMOVPS(m, t.mask, dst)
	}
}

// store writes the values to m and leaves the memory after them alone.
func (t tail) store(src reg.Register, m Mem) {
	if t.v.wide() {
		VMOVUPS(src, t.mask, m)
	} else {
		VMASKMOVPS(src, t.mask, m)
	}
}

// keep clears the lanes beyond the tail.
func (t tail) keep(r reg.Register) {
	if t.v.wide() {
		VMOVAPS_Z(r, t.mask, r)
	} else {
		VANDPS(r, t.mask, r)
	}
}

// at is the memory at base plus a constant number of bytes.
func at(base reg.Register, disp int) Mem { return Mem{Base: base, Disp: disp} }

// indexed is the memory at base + scale·index + disp.
func indexed(base, index reg.Register, scale uint8, disp int) Mem {
	return Mem{Base: base, Index: index, Scale: scale, Disp: disp}
}

// count is a constant operand of a 64-bit addition or subtraction.
func count(n int) Op { return U32(uint32(n)) }

// function begins a routine that keeps none of its arguments.
func function(name, signature string) {
	TEXT(name, NOSPLIT, signature)
	Pragma("noescape")
}
