//go:build linux && !static

#include "textflag.h"

// func withFloats()
// A C function: it makes its fourth and fifth arguments the first two
// floating-point arguments of the function that is its sixth, and goes there with
// the first three.
TEXT ·withFloats(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ CX, X0
	MOVQ R8, X1
	JMP  R9

DATA ·withFloatsAddress(SB)/8, $·withFloats(SB)
GLOBL ·withFloatsAddress(SB), RODATA|NOPTR, $8
