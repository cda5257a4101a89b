package kernels

import "math"

// BFloat16Words is how many words Narrow makes of n values.
func BFloat16Words(n int) int { return (n + 1) / 2 }

// Narrow rounds x to bfloat16, to the nearest and ties to even, two values to a word of
// dst: word i holds value i in its low half and value i + len(dst) in its high half, 0
// behind the last. What overflows becomes infinite, and NaN stays NaN. Words
// are no numbers; Widen reads them.
func Narrow(dst, x []float32) {
	same("Narrow", len(dst), BFloat16Words(len(x)))
	NarrowPart(dst, x, 0, len(dst))
}

// NarrowPart is Narrow for words lo to hi of dst alone.
func NarrowPart(dst, x []float32, lo, hi int) {
	words := len(dst)
	pairs := min(hi, len(x)-words) // the last word of an odd number has no high half
	if lo < pairs {
		active.narrow(dst[lo:pairs], x[lo:pairs], x[words+lo:words+pairs])
	}
	if pairs < hi {
		narrowGeneric(dst[pairs:hi], x[pairs:hi], []float32{0})
	}
}

// WidenPart sets those values of dst to float32 that words lo to hi of x hold, as
// Narrow has left them.
func WidenPart(dst, x []float32, lo, hi int) {
	words := len(x)
	pairs := min(hi, len(dst)-words)
	if lo < pairs {
		active.widen(dst[lo:pairs], dst[words+lo:words+pairs], x[lo:pairs])
	}
	if pairs < hi {
		dst[pairs] = math.Float32frombits(math.Float32bits(x[pairs]) << 16)
	}
}

// Widen sets dst to what Narrow has left in x.
func Widen(dst, x []float32) {
	same("Widen", len(x), BFloat16Words(len(dst)))
	WidenPart(dst, x, 0, len(x))
}

// narrowBits rounds a value to the upper 16 of its bits. Adding just below one half of
// their last place, and one more where that is odd, carries into them what is to be
// rounded up, into the exponent too; it must not carry a NaN into the sign.
func narrowBits(x float32) uint32 {
	bits := math.Float32bits(x)
	if x != x {
		return bits>>16 | 0x40 // quiet, as arithmetic makes it
	}
	return (bits + 1<<15 - 1 + bits>>16&1) >> 16
}

func narrowGeneric(dst, lo, hi []float32) {
	for i := range dst {
		dst[i] = math.Float32frombits(narrowBits(lo[i]) | narrowBits(hi[i])<<16)
	}
}

func widenGeneric(lo, hi, x []float32) {
	for i, w := range x {
		bits := math.Float32bits(w)
		lo[i], hi[i] = math.Float32frombits(bits<<16), math.Float32frombits(bits&^math.MaxUint16)
	}
}
