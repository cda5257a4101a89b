package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of kernels.depthTile, the argument block.
const (
	depthX     = 8 * iota // first pixel's first channel, where the first tap meets it
	depthXPix             // bytes from what one output pixel reads to what the next does
	depthW                // weights, channels innermost
	depthInit             // starting values of the channels
	depthTaps             // pairs of bytes from X and from W
	depthCount            // how many taps
	depthY
	depthYPix
	depthVectors // of channels
)

// depthRows is how many pixels a tile has at most: with two vectors of channels, 8
// sums and 2 weights are held in registers.
const depthRows = 4

// depthwise emits y[i][c] = init[c] + Σ_tap x[i][tap][c]·w[tap][c] for 1 to 4 pixels
// i and whole vectors of channels c. x is an operand in memory of the products, so
// that each of them costs one load.
func depthwise(v isa) {
	for rows := 1; rows <= depthRows; rows++ {
		depthTile(v, rows)
	}
}

func depthTile(v isa, rows int) {
	TEXT(fmt.Sprintf("depthTile%d%s", rows, v.suffix), NOSPLIT, "func(t *uint64)")
	Pragma("noescape")
	Load(Param("t"), reg.RDI)
	x, w, init, y := reg.RSI, reg.RBX, reg.R12, reg.R10
	MOVQ(at(reg.RDI, depthX), x)
	MOVQ(at(reg.RDI, depthXPix), reg.R8)
	LEAQ(indexed(reg.R8, reg.R8, 2, 0), reg.R9) // 3 pixels
	MOVQ(at(reg.RDI, depthW), w)
	MOVQ(at(reg.RDI, depthInit), init)
	MOVQ(at(reg.RDI, depthY), y)
	MOVQ(at(reg.RDI, depthVectors), reg.R11)

	block := func(name string, nv int) {
		acc := func(i, j int) reg.VecPhysical { return v.regs[nv*i+j] }
		weight := v.regs[len(v.regs)-nv:]
		for j := range nv {
			VMOVUPS(at(init, j*v.bytes), acc(0, j))
			for i := 1; i < rows; i++ {
				VMOVAPS(acc(0, j), acc(i, j))
			}
		}
		MOVQ(at(reg.RDI, depthTaps), reg.R13)
		MOVQ(at(reg.RDI, depthCount), reg.RCX)
		Label(name)
		MOVQ(at(reg.R13, 0), reg.RAX)
		MOVQ(at(reg.R13, 8), reg.RDX)
		ADDQ(x, reg.RAX)
		for j := range nv {
			VMOVUPS(indexed(w, reg.RDX, 1, j*v.bytes), weight[j])
		}
		for i := range rows {
			for j := range nv {
				m := at(reg.RAX, j*v.bytes)
				switch i {
				case 1, 2:
					m = indexed(reg.RAX, reg.R8, uint8(i), j*v.bytes)
				case 3:
					m = indexed(reg.RAX, reg.R9, 1, j*v.bytes)
				}
				VFMADD231PS(m, weight[j], acc(i, j))
			}
		}
		ADDQ(Imm(16), reg.R13)
		DECQ(reg.RCX)
		JNZ(LabelRef(name))
		MOVQ(y, reg.RAX)
		for i := range rows {
			for j := range nv {
				VMOVUPS(acc(i, j), at(reg.RAX, j*v.bytes))
			}
			if i < rows-1 {
				ADDQ(at(reg.RDI, depthYPix), reg.RAX)
			}
		}
		for _, p := range []reg.Register{x, w, init, y} {
			ADDQ(count(nv*v.bytes), p)
		}
	}
	SUBQ(Imm(2), reg.R11)
	JL(LabelRef("last"))
	Label("two")
	block("tap2", 2)
	SUBQ(Imm(2), reg.R11)
	JGE(LabelRef("two"))
	Label("last")
	ADDQ(Imm(2), reg.R11)
	JZ(LabelRef("done"))
	block("tap1", 1)
	Label("done")
	VZEROUPPER()
	RET()
}
