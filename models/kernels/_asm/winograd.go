package main

import (
	"fmt"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Byte offsets of the fields of kernels.lines, the argument block.
const (
	linesIn      = 0  // addresses of up to six inputs
	linesOut     = 48 // address of the first output
	linesOutStep = 56 // bytes from one output to the next
	linesInNext  = 64 // bytes from one line to the next, in every input
	linesOutNext = 72 // and in every output
	linesBias    = 80
	linesLen     = 88 // bytes of a line
	linesCount   = 96
)

// lineMap is one one-dimensional transform of Winograd's algorithm: it takes in
// vectors and makes out.
type lineMap struct {
	name    string
	in, out int
	bias    bool // the outputs have a bias added to them
	body    func(v isa, d vectors) vectors
}

// lineMaps are those of F(2×2, 3×3), then those of F(4×4, 3×3) and F(4×4, 2×2), in the
// order of kernels.lineMap; lines_generic.go has them in Go.
var lineMaps = [3][]lineMap{
	{
		{"winogradInput2", 4, 4, false, input2},
		{"winogradOutput2", 4, 2, false, output2},
		{"winogradOutputBias2", 4, 2, true, output2},
		{"winogradGrad2", 2, 4, false, grad2},
		{"winogradWeight2", 3, 4, false, weight2},
		{"winogradWeightGrad2", 4, 3, false, weightGrad2},
	},
	{
		{"winogradInput4", 6, 6, false, input4},
		{"winogradOutput4", 6, 4, false, output4},
		{"winogradOutputBias4", 6, 4, true, output4},
		{"winogradGrad4", 4, 6, false, grad4},
		{"winogradWeight4", 3, 6, false, weight4},
		{"winogradWeightGrad4", 6, 3, false, weightGrad4},
	},
	{
		{"winogradInput42", 5, 5, false, input42},
		{"winogradOutput42", 5, 4, false, output42},
		{"winogradOutputBias42", 5, 4, true, output42},
		{"winogradGrad42", 4, 5, false, grad42},
		{"winogradWeight42", 2, 5, false, weight42},
		{"winogradWeightGrad42", 5, 2, false, weightGrad42},
	},
}

// winograd emits every transform of one width.
func winograd(v isa) {
	for _, maps := range lineMaps {
		for _, m := range maps {
			m.emit(v)
		}
	}
}

// emit writes the routine: for every line, for every vector of it, load one vector
// of each input, transform, store one of each output.
func (m lineMap) emit(v isa) {
	TEXT(m.name+v.suffix, NOSPLIT, "func(t *uint64)")
	in := []reg.Register{reg.R8, reg.R9, reg.R10, reg.R11, reg.R12, reg.R13}[:m.in]
	at0, s1, s3, s5 := reg.RSI, reg.RBX, reg.RCX, reg.RDX
	index, left, bias := reg.RAX, reg.R14, reg.R15

	Load(Param("t"), reg.RDI)
	for i, r := range in {
		MOVQ(at(reg.RDI, linesIn+8*i), r)
	}
	MOVQ(at(reg.RDI, linesOut), at0)
	MOVQ(at(reg.RDI, linesOutStep), s1)
	LEAQ(indexed(s1, s1, 2, 0), s3)
	LEAQ(indexed(s1, s1, 4, 0), s5)
	if m.bias {
		MOVQ(at(reg.RDI, linesBias), bias)
	}
	MOVQ(at(reg.RDI, linesCount), left)
	out := []Mem{
		at(at0, 0), indexed(at0, s1, 1, 0), indexed(at0, s1, 2, 0),
		indexed(at0, s3, 1, 0), indexed(at0, s1, 4, 0), indexed(at0, s5, 1, 0),
	}

	Label("line")
	XORQ(index, index)
	Label("vector")
	d := v.group(m.in)
	for i, r := range in {
		VMOVUPS(indexed(r, index, 1, 0), d[i])
	}
	y := m.body(v, d)
	if m.bias {
		b := v.vec()
		VMOVUPS(indexed(bias, index, 1, 0), b)
		for i := range y {
			y[i] = v.add(y[i], b)
		}
	}
	for i := range m.out {
		VMOVUPS(y[i], out[i])
	}
	ADDQ(count(v.bytes), at0)
	ADDQ(count(v.bytes), index)
	CMPQ(index, at(reg.RDI, linesLen))
	JLT(LabelRef("vector"))
	SUBQ(index, at0)
	ADDQ(at(reg.RDI, linesOutNext), at0)
	for _, r := range in {
		ADDQ(at(reg.RDI, linesInNext), r)
	}
	DECQ(left)
	JNZ(LabelRef("line"))
	VZEROUPPER()
	RET()
}

// add is a + b, sub a − b, in a fresh register.
func (v isa) add(a, b reg.Register) reg.VecVirtual {
	dst := v.vec()
	VADDPS(b, a, dst)
	return dst
}

func (v isa) sub(a, b reg.Register) reg.VecVirtual {
	dst := v.vec()
	VSUBPS(b, a, dst)
	return dst
}

// times is k·x.
func (v isa) times(k float64, x reg.Register) reg.VecVirtual {
	dst := v.vec()
	VMULPS(constant(k), x, dst)
	return dst
}

// plus is y + k·x with one rounding.
func (v isa) plus(y reg.Register, k float64, x reg.Register) reg.VecVirtual {
	dst := v.vec()
	VMOVAPS(y, dst)
	VFMADD231PS(constant(k), x, dst)
	return dst
}

func input2(v isa, d vectors) vectors {
	return vectors{v.sub(d[0], d[2]), v.add(d[1], d[2]), v.sub(d[2], d[1]), v.sub(d[1], d[3])}
}

func output2(v isa, m vectors) vectors {
	return vectors{v.add(v.add(m[0], m[1]), m[2]), v.sub(v.sub(m[1], m[2]), m[3])}
}

func grad2(v isa, y vectors) vectors {
	zero := v.vec()
	v.zero(zero)
	return vectors{y[0], v.add(y[0], y[1]), v.sub(y[0], y[1]), v.sub(zero, y[1])}
}

func weight2(v isa, g vectors) vectors {
	ends := v.add(g[0], g[2])
	return vectors{g[0], v.times(0.5, v.add(ends, g[1])), v.times(0.5, v.sub(ends, g[1])), g[2]}
}

func weightGrad2(v isa, u vectors) vectors {
	sum, diff := v.times(0.5, v.add(u[1], u[2])), v.times(0.5, v.sub(u[1], u[2]))
	return vectors{v.add(u[0], sum), diff, v.add(u[3], sum)}
}

// F(4, 3) evaluates polynomials at 0, ±near, ±far and infinity. These points leave
// a quarter of the largest error that the usual 1 and 2 do; kernels.winograd says
// more. All constants of Bᵀ and Aᵀ are exact.
const (
	near, far   = 5. / 8, 3. / 2
	near2, far2 = near * near, far * far

	// What G divides by: the derivative of x·(x²−near²)·(x²−far²) at the points.
	zeroScale = 1 / (near2 * far2)
	nearScale = 1 / (2 * near2 * (near2 - far2))
	farScale  = 1 / (2 * far2 * (far2 - near2))
)

func input4(v isa, d vectors) vectors {
	evenNear, oddNear := v.plus(d[4], -far2, d[2]), v.plus(d[3], -far2, d[1])
	evenFar, oddFar := v.plus(d[4], -near2, d[2]), v.plus(d[3], -near2, d[1])
	return vectors{
		v.plus(v.plus(d[4], near2*far2, d[0]), -near2-far2, d[2]),
		v.plus(evenNear, near, oddNear), v.plus(evenNear, -near, oddNear),
		v.plus(evenFar, far, oddFar), v.plus(evenFar, -far, oddFar),
		v.plus(v.plus(d[5], near2*far2, d[1]), -near2-far2, d[3]),
	}
}

func output4(v isa, m vectors) vectors {
	evenNear, oddNear := v.add(m[1], m[2]), v.sub(m[1], m[2])
	evenFar, oddFar := v.add(m[3], m[4]), v.sub(m[3], m[4])
	return vectors{
		v.add(v.add(m[0], evenNear), evenFar), v.plus(v.times(near, oddNear), far, oddFar),
		v.plus(v.times(near2, evenNear), far2, evenFar), v.plus(v.plus(m[5], near*near2, oddNear), far*far2, oddFar),
	}
}

func grad4(v isa, y vectors) vectors {
	evenNear, oddNear := v.plus(y[0], near2, y[2]), v.plus(y[1], near2, y[3])
	evenFar, oddFar := v.plus(y[0], far2, y[2]), v.plus(y[1], far2, y[3])
	return vectors{
		y[0], v.plus(evenNear, near, oddNear), v.plus(evenNear, -near, oddNear),
		v.plus(evenFar, far, oddFar), v.plus(evenFar, -far, oddFar), y[3],
	}
}

func weight4(v isa, g vectors) vectors {
	evenNear := v.plus(v.times(nearScale, g[0]), near2*nearScale, g[2])
	evenFar := v.plus(v.times(farScale, g[0]), far2*farScale, g[2])
	return vectors{
		v.times(zeroScale, g[0]),
		v.plus(evenNear, near*nearScale, g[1]), v.plus(evenNear, -near*nearScale, g[1]),
		v.plus(evenFar, far*farScale, g[1]), v.plus(evenFar, -far*farScale, g[1]), g[2],
	}
}

func weightGrad4(v isa, u vectors) vectors {
	evenNear, oddNear := v.add(u[1], u[2]), v.sub(u[1], u[2])
	evenFar, oddFar := v.add(u[3], u[4]), v.sub(u[3], u[4])
	return vectors{
		v.plus(v.plus(v.times(zeroScale, u[0]), nearScale, evenNear), farScale, evenFar),
		v.plus(v.times(near*nearScale, oddNear), far*farScale, oddFar),
		v.plus(v.plus(u[5], near2*nearScale, evenNear), far2*farScale, evenFar),
	}
}

// F(4, 2) evaluates polynomials at ±low, ±high and infinity.
const (
	low, high   = 1. / 2, 5. / 4
	low2, high2 = low * low, high * high

	// What G divides by: the derivative of (x²−low²)·(x²−high²) at low and high.
	lowScale  = 1 / (2 * low * (low2 - high2))
	highScale = 1 / (2 * high * (high2 - low2))
)

func input42(v isa, d vectors) vectors {
	evenLow, oddLow := v.plus(d[2], -high2, d[0]), v.plus(d[3], -high2, d[1])
	evenHigh, oddHigh := v.plus(d[2], -low2, d[0]), v.plus(d[3], -low2, d[1])
	return vectors{
		v.plus(oddLow, low, evenLow), v.plus(oddLow, -low, evenLow),
		v.plus(oddHigh, high, evenHigh), v.plus(oddHigh, -high, evenHigh),
		v.plus(v.plus(d[4], low2*high2, d[0]), -low2-high2, d[2]),
	}
}

func output42(v isa, m vectors) vectors {
	evenLow, oddLow := v.add(m[0], m[1]), v.sub(m[0], m[1])
	evenHigh, oddHigh := v.add(m[2], m[3]), v.sub(m[2], m[3])
	return vectors{
		v.add(evenLow, evenHigh), v.plus(v.times(low, oddLow), high, oddHigh),
		v.plus(v.times(low2, evenLow), high2, evenHigh), v.plus(v.plus(m[4], low*low2, oddLow), high*high2, oddHigh),
	}
}

func grad42(v isa, y vectors) vectors {
	evenLow, oddLow := v.plus(y[0], low2, y[2]), v.plus(y[1], low2, y[3])
	evenHigh, oddHigh := v.plus(y[0], high2, y[2]), v.plus(y[1], high2, y[3])
	return vectors{
		v.plus(evenLow, low, oddLow), v.plus(evenLow, -low, oddLow),
		v.plus(evenHigh, high, oddHigh), v.plus(evenHigh, -high, oddHigh), y[3],
	}
}

func weight42(v isa, g vectors) vectors {
	nearLow, nearHigh := v.times(low*lowScale, g[1]), v.times(high*highScale, g[1])
	return vectors{
		v.plus(nearLow, lowScale, g[0]), v.plus(nearLow, -lowScale, g[0]),
		v.plus(nearHigh, highScale, g[0]), v.plus(nearHigh, -highScale, g[0]), g[1],
	}
}

func weightGrad42(v isa, u vectors) vectors {
	evenLow, oddLow := v.add(u[0], u[1]), v.sub(u[0], u[1])
	evenHigh, oddHigh := v.add(u[2], u[3]), v.sub(u[2], u[3])
	return vectors{
		v.plus(v.times(lowScale, oddLow), highScale, oddHigh),
		v.plus(v.plus(u[4], low*lowScale, evenLow), high*highScale, evenHigh),
	}
}

// winogradStubs is the Go side of the transforms: their declarations, and a table
// of them by tile and map.
func winogradStubs() string {
	var decl, table strings.Builder
	for _, v := range []isa{avx2, avx512} {
		fmt.Fprintf(&table, "\nvar winograd%s = winogradMaps{\n", v.suffix)
		for _, maps := range lineMaps {
			table.WriteString("\t{")
			for i, m := range maps {
				fmt.Fprintf(&decl, "\n//go:noescape\nfunc %s%s(t *lines)\n", m.name, v.suffix)
				if i > 0 {
					table.WriteString(", ")
				}
				table.WriteString(m.name + v.suffix)
			}
			table.WriteString("},\n")
		}
		table.WriteString("}\n")
	}
	return "// Code generated by _asm/winograd.go. DO NOT EDIT.\n\n//go:build amd64 && !purego\n\npackage kernels\n" +
		decl.String() + table.String()
}
