package checkpoint

import "math"

// eighths are the values of the types of one byte. They follow the OCP formats
// E4M3, E5M2 and E8M0, and the FNUZ forms of the first two, which have one zero,
// no infinities, one NaN and exponents that count from one less.
var eighths = map[DType]*[256]float32{
	F8E4M3:     eighth(3, 7, func(b byte) bool { return b&0x7f == 0x7f }, nil),
	F8E5M2:     eighth(2, 15, func(b byte) bool { return b&0x7c == 0x7c && b&3 != 0 }, func(b byte) bool { return b&0x7f == 0x7c }),
	F8E4M3FNUZ: eighth(3, 8, func(b byte) bool { return b == 0x80 }, nil),
	F8E5M2FNUZ: eighth(2, 16, func(b byte) bool { return b == 0x80 }, nil),
	F8E8M0:     powers(),
}

// eighth tabulates a sign, an exponent and a fraction of so many bits.
func eighth(fraction, bias int, isNaN, isInf func(byte) bool) *[256]float32 {
	var t [256]float32
	for i := range t {
		exp, frac := i&0x7f>>fraction, i&(1<<fraction-1)
		v := math.Ldexp(float64(frac), 1-bias-fraction)
		if exp > 0 {
			v = math.Ldexp(float64(1<<fraction+frac), exp-bias-fraction)
		}
		switch {
		case isNaN(byte(i)):
			v = math.NaN()
		case isInf != nil && isInf(byte(i)):
			v = math.Inf(1)
		}
		t[i] = float32(math.Copysign(v, 1-2*float64(i>>7)))
	}
	return &t
}

// powers tabulates E8M0: the powers of two from -127 to 127, and NaN.
func powers() *[256]float32 {
	var t [256]float32
	for i := range 255 {
		t[i] = float32(math.Ldexp(1, i-127))
	}
	t[255] = float32(math.NaN())
	return &t
}
