package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Constants are read from memory as whole vectors. The ones of the exponential
// are those of elementwise_generic.go, from Moshier's Cephes library.
var constants = map[string]Mem{}

// constant is a vector with the float f in every lane.
func constant(f float64) Mem { return constantBits(math.Float32bits(float32(f))) }

// constantBits is a vector with the given 32 bits in every lane.
func constantBits(bits uint32) Mem {
	name := fmt.Sprintf("const%08x", bits)
	m, ok := constants[name]
	if !ok {
		m = GLOBL(name, NOPTR|RODATA)
		for i := range 16 {
			DATA(4*i, U32(bits))
		}
		constants[name] = m
	}
	return m
}

// tailMask is 8 lanes of ones and 8 of zeros.
func tailMask() Mem {
	m, ok := constants["tailMask"]
	if !ok {
		m = GLOBL("tailMask", NOPTR|RODATA)
		for i := range 16 {
			DATA(4*i, U32(math.MaxUint32*uint32(1-i/8)))
		}
		constants["tailMask"] = m
	}
	return m
}
