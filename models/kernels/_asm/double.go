package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of kernels.doubleTile, the argument block.
const (
	doubleA = 8 * iota // packed rows, [depth][rows]
	doubleB            // packed columns, [depth][two vectors]
	doubleC
	doubleCRow // bytes from one row of C to the next
	doubleNext // C of the tile after this one
	doubleDepth
)

// cacheLine is its size in bytes.
const cacheLine = 64

// doubles emits what works on float64, whose vectors have half as many lanes.
func doubles(v isa) {
	doubleTile(v)
	symmetricRows(v)
}

// doubleTile emits C[i][j] += Σ_k A[k][i]·B[k][j] for as many rows as the registers
// hold by two vectors. The sums begin with C and grow in the order of k.
func doubleTile(v isa) {
	const nv = 2
	mr := maxRows(v)
	TEXT("doubleTile"+v.suffix, NOSPLIT, "func(t *uint64)")
	Pragma("noescape")
	acc, b, a := tileRegisters(v, nv)
	Load(Param("t"), reg.RDI)
	MOVQ(at(reg.RDI, doubleCRow), reg.R8)
	eachRow := func(move func(i, j int, disp int)) {
		MOVQ(at(reg.RDI, doubleC), reg.RAX)
		for i := range mr {
			for j := range nv {
				move(i, j, j*v.bytes)
			}
			if i < mr-1 {
				ADDQ(reg.R8, reg.RAX)
			}
		}
	}
	eachRow(func(i, j, disp int) { VMOVUPD(at(reg.RAX, disp), acc(i, j)) })
	// C lies in no cache: what the next tile begins with comes while this one is busy.
	MOVQ(at(reg.RDI, doubleNext), reg.RAX)
	for i := range mr {
		for j := 0; j < nv*v.bytes; j += cacheLine {
			PREFETCHT0(at(reg.RAX, j))
		}
		if i < mr-1 {
			ADDQ(reg.R8, reg.RAX)
		}
	}
	MOVQ(at(reg.RDI, doubleA), reg.RSI)
	MOVQ(at(reg.RDI, doubleB), reg.RBX)
	MOVQ(at(reg.RDI, doubleDepth), reg.RCX)
	step := func(u int) {
		for j := range nv {
			VMOVUPD(at(reg.RBX, (u*nv+j)*v.bytes), b[j])
		}
		for i := range mr {
			VBROADCASTSD(at(reg.RSI, 8*(u*mr+i)), a[i&1])
			for j := range nv {
				VFMADD231PD(b[j], a[i&1], acc(i, j))
			}
		}
	}
	advance := func(n int) {
		ADDQ(count(8*n*mr), reg.RSI)
		ADDQ(count(n*nv*v.bytes), reg.RBX)
	}
	SUBQ(count(4), reg.RCX)
	JL(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		step(u)
	}
	advance(4)
	SUBQ(count(4), reg.RCX)
	JGE(LabelRef("four"))
	Label("tail")
	ADDQ(count(4), reg.RCX)
	JZ(LabelRef("done"))
	Label("one")
	step(0)
	advance(1)
	DECQ(reg.RCX)
	JNZ(LabelRef("one"))
	Label("done")
	eachRow(func(i, j, disp int) { VMOVUPD(acc(i, j), at(reg.RAX, disp)) })
	VZEROUPPER()
	RET()
}

// Byte offsets of the fields of kernels.symmetricRows, the argument block.
const (
	symmetricA    = 8 * iota // the first of four rows
	symmetricARow            // bytes from one row to the next
	symmetricX
	symmetricY
	symmetricVectors // in a row, at least 1
	symmetricAlpha   // four values
	symmetricDots    // four vectors
)

// symmetricRows emits y[j] += Σ_i alpha[i]·A[i][j] and dots[i] = Σ_j A[i][j]·x[j] for
// four rows i, of which each value is read once: what a product with a symmetric matrix
// that is stored by half needs. The dots are left as sums of each lane.
func symmetricRows(v isa) {
	const rows = 4
	TEXT("symmetricRows"+v.suffix, NOSPLIT, "func(t *uint64)")
	Pragma("noescape")
	Load(Param("t"), reg.RDI)
	MOVQ(at(reg.RDI, symmetricARow), reg.R8)
	LEAQ(indexed(reg.R8, reg.R8, 2, 0), reg.R9)
	MOVQ(at(reg.RDI, symmetricA), reg.RSI)
	MOVQ(at(reg.RDI, symmetricX), reg.RBX)
	MOVQ(at(reg.RDI, symmetricY), reg.RDX)
	MOVQ(at(reg.RDI, symmetricVectors), reg.RCX)
	MOVQ(at(reg.RDI, symmetricAlpha), reg.R10)
	alpha, dots := v.regs[:rows], v.regs[rows:2*rows]
	x, y, a := v.regs[8], v.regs[9], v.regs[10:14]
	for i := range rows {
		VBROADCASTSD(at(reg.R10, 8*i), alpha[i])
		v.zero(dots[i])
	}
	Label("vector")
	VMOVUPD(at(reg.RBX, 0), x)
	VMOVUPD(at(reg.RDX, 0), y)
	VMOVUPD(at(reg.RSI, 0), a[0])
	VMOVUPD(indexed(reg.RSI, reg.R8, 1, 0), a[1])
	VMOVUPD(indexed(reg.RSI, reg.R8, 2, 0), a[2])
	VMOVUPD(indexed(reg.RSI, reg.R9, 1, 0), a[3])
	for i := range rows {
		VFMADD231PD(a[i], x, dots[i])
		VFMADD231PD(a[i], alpha[i], y)
	}
	VMOVUPD(y, at(reg.RDX, 0))
	for _, p := range []reg.Register{reg.RSI, reg.RBX, reg.RDX} {
		ADDQ(count(v.bytes), p)
	}
	DECQ(reg.RCX)
	JNZ(LabelRef("vector"))

	// The lanes of each sum go to memory as [4][lanes], where the caller adds them up.
	MOVQ(at(reg.RDI, symmetricDots), reg.RAX)
	for i := range rows {
		VMOVUPD(dots[i], at(reg.RAX, i*v.bytes))
	}
	VZEROUPPER()
	RET()
}
