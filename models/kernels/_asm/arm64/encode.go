package main

import "fmt"

// inst is a vector instruction: its encoding with all registers zero, and its name and
// the arrangements of its registers as a disassembler prints them.
type inst struct {
	base uint32
	name string
	arr  []string // of the destination and the sources
}

// binary is an instruction of two sources of the same arrangement.
func binary(base uint32, name, arr string) inst { return inst{base, name, []string{arr, arr, arr}} }

// unary is an instruction of one source of the same arrangement.
func unary(base uint32, name, arr string) inst { return inst{base, name, []string{arr, arr}} }

// Arrangements: 4 floats or integers of 32 bits, 2 values of 64 bits, 16 bytes.
const (
	s4 = ".4s"
	d2 = ".2d"
	b  = ".16b"
)

// Encodings are those of Arm's Architecture Reference Manual, section C7.2.
var (
	fadd   = binary(0x4e20d400, "fadd", s4)
	fsub   = binary(0x4ea0d400, "fsub", s4)
	fmul   = binary(0x6e20dc00, "fmul", s4)
	fdiv   = binary(0x6e20fc00, "fdiv", s4)
	fmla   = binary(0x4e20cc00, "fmla", s4) // destination + the product of the sources, one rounding
	fmls   = binary(0x4ea0cc00, "fmls", s4)
	fmax   = binary(0x4e20f400, "fmax", s4) // NaN where either is
	fmin   = binary(0x4ea0f400, "fmin", s4)
	fcmgt  = binary(0x6ea0e400, "fcmgt", s4)
	add    = binary(0x4ea08400, "add", s4)
	sub    = binary(0x6ea08400, "sub", s4)
	umin   = binary(0x6ea06c00, "umin", s4)
	and    = binary(0x4e201c00, "and", b)
	orr    = binary(0x4ea01c00, "orr", b)
	eor    = binary(0x6e201c00, "eor", b)
	bsl    = binary(0x6e601c00, "bsl", b) // first source where the destination has ones, else the second
	faddD  = binary(0x4e60d400, "fadd", d2)
	fmlaD  = binary(0x4e60cc00, "fmla", d2)
	faddp  = binary(0x6e20d400, "faddp", s4) // sums of neighbours of the one, then of the other
	fsqrt  = unary(0x6ea1f800, "fsqrt", s4)
	fabs   = unary(0x4ea0f800, "fabs", s4)
	fcvtns = unary(0x4e21a800, "fcvtns", s4) // to integers, to nearest even
	scvtf  = unary(0x4e21d800, "scvtf", s4)
	fcvtl  = inst{0x0e617800, "fcvtl", []string{d2, ".2s"}}
	fcvtl2 = inst{0x4e617800, "fcvtl2", []string{d2, s4}}
)

// word is an instruction as the assembler takes it.
func word(bits uint32, format string, args ...any) string {
	return fmt.Sprintf("WORD $%#08x // %s", bits, fmt.Sprintf(format, args...))
}

// two encodes an instruction of a destination and a source.
func (i inst) two(d, n int) string {
	return word(i.base|bits(n, 5)|bits(d, 0), "%s v%d%s, v%d%s", i.name, d, i.arr[0], n, i.arr[1])
}

// three encodes an instruction of a destination and two sources.
func (i inst) three(d, n, m int) string {
	return word(i.base|bits(m, 16)|bits(n, 5)|bits(d, 0), "%s v%d%s, v%d%s, v%d%s", i.name, d, i.arr[0], n, i.arr[1], m, i.arr[2])
}

// bits is a register number, or another field, at a place of an instruction.
func bits(value, place int) uint32 { return uint32(value) << place }

// fmlaLane is d + n times one lane of m, in all lanes of d.
func fmlaLane(d, n, m, lane int) string {
	// The number of the lane is split into a high bit, 11, and a low one, 21.
	return word(0x4f801000|bits(lane&1, 21)|bits(m, 16)|bits(lane>>1, 11)|bits(n, 5)|bits(d, 0),
		"fmla v%d.4s, v%d.4s, v%d.s[%d]", d, n, m, lane)
}

// fmlaLaneD is fmlaLane for float64.
func fmlaLaneD(d, n, m, lane int) string {
	return word(0x4fc01000|bits(m, 16)|bits(lane, 11)|bits(n, 5)|bits(d, 0), "fmla v%d.2d, v%d.2d, v%d.d[%d]", d, n, m, lane)
}

// zero clears all lanes.
func zero(d int) string { return word(0x4f000400|bits(d, 0), "movi v%d.4s, #0x0", d) }

// move copies all lanes.
func move(d, n int) string {
	return word(orr.base|bits(n, 16)|bits(n, 5)|bits(d, 0), "mov v%d.16b, v%d.16b", d, n)
}

// dup copies the first lane to all.
func dup(d, n int) string {
	return word(0x4e040400|bits(n, 5)|bits(d, 0), "dup v%d.4s, v%d.s[0]", d, n)
}

func dupD(d, n int) string {
	return word(0x4e080400|bits(n, 5)|bits(d, 0), "dup v%d.2d, v%d.d[0]", d, n)
}
