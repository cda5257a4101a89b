package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of kernels.tile, the argument block.
const (
	tileA    = 8 * iota // first value of the first pixel, or of the first row of x
	tileAPix            // bytes from one pixel to the next
	tileARow            // bytes from one segment, or row of pixels, to the next
	tileB               // packed weights, or dy
	tileBPix
	tileBRow
	tileC // result
	tileCPix
	tileInit // starting values, one panel wide; 0 for zeros
	tileRows // segments, or rows of pixels
	tileLen  // values in a segment, or pixels in a row
	tileAImage
	tileBImage
	tileImages
)

// tiles emits every register tile of one width: mr rows by nv vectors.
func tiles(v isa) {
	for nv := 1; nv <= 2; nv++ {
		for mr := 1; mr <= maxRows(v); mr++ {
			dotTile(v, mr, nv)
			outerTile(v, mr, nv)
		}
	}
}

// maxRows is the most rows of a two-vector tile whose sums, with two vectors of B
// and two of A, fit the registers: 6 for AVX2, 14 for AVX-512.
func maxRows(v isa) int { return (len(v.regs) - 4) / 2 }

// pixels addresses mr equally spaced pixels. One x86 operand reaches base plus
// 1, 2, 4 or 8 times a register, so 8 pixels need the base and S, 3S, 5S, 7S;
// the others use a second base 8 pixels further on.
type pixels struct {
	base, base8    reg.Register
	s1, s3, s5, s7 reg.Register
}

func (p pixels) at(i, disp int) Mem {
	base := p.base
	if i >= 8 {
		base, i = p.base8, i-8
	}
	switch i {
	case 0:
		return at(base, disp)
	case 1, 2, 4:
		return indexed(base, p.s1, uint8(i), disp)
	case 3:
		return indexed(base, p.s3, 1, disp)
	case 6:
		return indexed(base, p.s3, 2, disp)
	case 5:
		return indexed(base, p.s5, 1, disp)
	case 7:
		return indexed(base, p.s7, 1, disp)
	}
	panic(fmt.Sprintf("pixel %d", i))
}

// dotTile emits C[i][j] = init[j] + Σ A[i][k]·B[k][j] for mr pixels i and nv
// vectors of output channels j. The values k of a pixel lie in tileRows
// contiguous segments of tileLen floats each (the rows of a convolution kernel,
// each kw·Ci long in an [H W Ci] image); B is packed [k][nv vectors].
func dotTile(v isa, mr, nv int) {
	name := fmt.Sprintf("dotTile%dx%d%s", mr, nv, v.suffix)
	TEXT(name, NOSPLIT, "func(t *uint64)")
	acc, b, a := tileRegisters(v, nv)
	px := pixels{base: reg.RSI, base8: reg.RDX, s1: reg.R8, s3: reg.R9, s5: reg.R10, s7: reg.R11}

	Load(Param("t"), reg.RDI)
	MOVQ(at(reg.RDI, tileAPix), reg.R8)
	LEAQ(indexed(reg.R8, reg.R8, 2, 0), reg.R9)
	LEAQ(indexed(reg.R8, reg.R8, 4, 0), reg.R10)
	LEAQ(indexed(reg.R9, reg.R8, 4, 0), reg.R11)
	MOVQ(at(reg.RDI, tileB), reg.RBX)
	MOVQ(at(reg.RDI, tileA), reg.R13) // segment
	MOVQ(at(reg.RDI, tileRows), reg.R12)

	MOVQ(at(reg.RDI, tileInit), reg.RAX)
	TESTQ(reg.RAX, reg.RAX)
	JZ(LabelRef("zero"))
	for j := range nv {
		VMOVUPS(at(reg.RAX, j*v.bytes), acc(0, j))
		for i := 1; i < mr; i++ {
			VMOVAPS(acc(0, j), acc(i, j))
		}
	}
	JMP(LabelRef("segment"))
	Label("zero")
	for i := range mr * nv {
		v.zero(v.regs[i])
	}

	step := func(u int) {
		for j := range nv {
			VMOVUPS(at(reg.RBX, (u*nv+j)*v.bytes), b[j])
		}
		for i := range mr {
			VBROADCASTSS(px.at(i, 4*u), a[i&1])
			for j := range nv {
				VFMADD231PS(b[j], a[i&1], acc(i, j))
			}
		}
	}
	Label("segment")
	MOVQ(reg.R13, reg.RSI)
	if mr > 8 {
		LEAQ(indexed(reg.RSI, reg.R8, 8, 0), reg.RDX)
	}
	advance := func(n int) {
		ADDQ(count(4*n), reg.RSI)
		if mr > 8 {
			ADDQ(count(4*n), reg.RDX)
		}
		ADDQ(U32(uint32(n*nv*v.bytes)), reg.RBX)
	}
	MOVQ(at(reg.RDI, tileLen), reg.RCX)
	SUBQ(Imm(4), reg.RCX)
	JL(LabelRef("tail"))
	Label("four")
	for u := range 4 {
		step(u)
	}
	advance(4)
	SUBQ(Imm(4), reg.RCX)
	JGE(LabelRef("four"))
	Label("tail")
	ADDQ(Imm(4), reg.RCX)
	JZ(LabelRef("next"))
	Label("one")
	step(0)
	advance(1)
	DECQ(reg.RCX)
	JNZ(LabelRef("one"))
	Label("next")
	ADDQ(at(reg.RDI, tileARow), reg.R13)
	DECQ(reg.R12)
	JNZ(LabelRef("segment"))

	storeTile(acc, v, mr, nv)
}

// tileRegisters shares out the vector registers: acc(i, j) holds vector j of row
// i of C, b the vectors of B, and a, alternating, one value of A in every lane.
func tileRegisters(v isa, nv int) (acc func(i, j int) reg.VecPhysical, b, a []reg.VecPhysical) {
	r := v.regs
	acc = func(i, j int) reg.VecPhysical { return r[nv*i+j] }
	return acc, r[len(r)-nv:], r[len(r)-nv-2 : len(r)-nv]
}

// storeTile writes the sums to C and returns.
func storeTile(acc func(i, j int) reg.VecPhysical, v isa, mr, nv int) {
	MOVQ(at(reg.RDI, tileC), reg.RAX)
	MOVQ(at(reg.RDI, tileCPix), reg.RCX)
	for i := range mr {
		for j := range nv {
			VMOVUPS(acc(i, j), at(reg.RAX, j*v.bytes))
		}
		if i < mr-1 {
			ADDQ(reg.RCX, reg.RAX)
		}
	}
	VZEROUPPER()
	RET()
}

// outerTile emits C[i][j] = init[i][j] + Σ A[pixel][i]·B[pixel][j] over tileImages
// images of tileRows rows of tileLen pixels, for mr values i and nv vectors j,
// both contiguous in their pixel.
func outerTile(v isa, mr, nv int) {
	name := fmt.Sprintf("outerTile%dx%d%s", mr, nv, v.suffix)
	TEXT(name, NOSPLIT, "func(t *uint64)")
	acc, b, a := tileRegisters(v, nv)

	Load(Param("t"), reg.RDI)
	MOVQ(at(reg.RDI, tileInit), reg.RAX)
	TESTQ(reg.RAX, reg.RAX)
	JZ(LabelRef("zero"))
	MOVQ(at(reg.RDI, tileCPix), reg.RCX)
	for i := range mr {
		for j := range nv {
			VMOVUPS(at(reg.RAX, j*v.bytes), acc(i, j))
		}
		if i < mr-1 {
			ADDQ(reg.RCX, reg.RAX)
		}
	}
	JMP(LabelRef("start"))
	Label("zero")
	for i := range mr * nv {
		v.zero(v.regs[i])
	}

	Label("start")
	MOVQ(at(reg.RDI, tileA), reg.R8) // image
	MOVQ(at(reg.RDI, tileB), reg.R9)
	MOVQ(at(reg.RDI, tileAPix), reg.R10)
	MOVQ(at(reg.RDI, tileBPix), reg.R11)
	MOVQ(at(reg.RDI, tileImages), reg.RDX)
	Label("image")
	MOVQ(reg.R8, reg.R13) // row
	MOVQ(reg.R9, reg.RAX)
	MOVQ(at(reg.RDI, tileRows), reg.R12)
	Label("row")
	MOVQ(reg.R13, reg.RSI) // pixel
	MOVQ(reg.RAX, reg.RBX)
	MOVQ(at(reg.RDI, tileLen), reg.RCX)
	// step multiplies the pixel at the pointers, or the one after it.
	step := func(next bool) {
		pa, pb := Mem{Base: reg.RSI}, Mem{Base: reg.RBX}
		if next {
			pa, pb = indexed(reg.RSI, reg.R10, 1, 0), indexed(reg.RBX, reg.R11, 1, 0)
		}
		for j := range nv {
			VMOVUPS(pb.Offset(j*v.bytes), b[j])
		}
		for i := range mr {
			VBROADCASTSS(pa.Offset(4*i), a[i&1])
			for j := range nv {
				VFMADD231PS(b[j], a[i&1], acc(i, j))
			}
		}
	}
	SUBQ(Imm(2), reg.RCX)
	JL(LabelRef("last"))
	Label("two")
	step(false)
	step(true)
	LEAQ(indexed(reg.RSI, reg.R10, 2, 0), reg.RSI)
	LEAQ(indexed(reg.RBX, reg.R11, 2, 0), reg.RBX)
	SUBQ(Imm(2), reg.RCX)
	JGE(LabelRef("two"))
	Label("last")
	ADDQ(Imm(2), reg.RCX)
	JZ(LabelRef("next"))
	step(false)
	Label("next")
	ADDQ(at(reg.RDI, tileARow), reg.R13)
	ADDQ(at(reg.RDI, tileBRow), reg.RAX)
	DECQ(reg.R12)
	JNZ(LabelRef("row"))
	ADDQ(at(reg.RDI, tileAImage), reg.R8)
	ADDQ(at(reg.RDI, tileBImage), reg.R9)
	DECQ(reg.RDX)
	JNZ(LabelRef("image"))
	storeTile(acc, v, mr, nv)
}

// tileStubs is the Go side of the tiles: their declarations and a table of them
// by vectors and rows.
func tileStubs() string {
	var decl, table strings.Builder
	for _, v := range []isa{avx2, avx512} {
		for _, kind := range []string{"dot", "outer"} {
			fmt.Fprintf(&table, "\nvar %sTiles%s = [3][%d]func(*tile){\n", kind, v.suffix, maxRows(v)+1)
			for nv := 1; nv <= 2; nv++ {
				fmt.Fprintf(&table, "\t%d: {", nv)
				for mr := 1; mr <= maxRows(v); mr++ {
					name := fmt.Sprintf("%sTile%dx%d%s", kind, mr, nv, v.suffix)
					fmt.Fprintf(&decl, "\n//go:noescape\nfunc %s(t *tile)\n", name)
					if mr > 1 {
						table.WriteString(", ")
					}
					fmt.Fprintf(&table, "%d: %s", mr, name)
				}
				table.WriteString("},\n")
			}
			table.WriteString("}\n")
		}
	}
	return "// Code generated by _asm/tile.go. DO NOT EDIT.\n\n//go:build amd64 && !purego\n\npackage kernels\n" +
		decl.String() + table.String()
}
