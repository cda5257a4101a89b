package main

import "math"

const signBit = 1 << 31

// bfloat16 emits the conversions. A word holds one value of lo in its low half and one
// of hi in its high half.
func bfloat16(f *file) {
	stream{
		name: "narrow", params: "dst, lo, hi []float32", in: "lo hi", out: "dst", unroll: 2,
		body: oneByOne(func(r *routine, in, _, _ vectors) vectors {
			return vectors{r.make(orr, r.shift(r.narrow(in[0]), ">>>", 16), r.narrow(in[1]))}
		}),
	}.emit(f)
	stream{
		name: "widen", params: "lo, hi, x []float32", in: "x", out: "lo hi", unroll: 2,
		body: oneByOne(func(r *routine, in, _, _ vectors) vectors {
			return vectors{r.shift(in[0], "<<", 16), r.make(and, in[0], r.constantBits(math.MaxUint16<<16))}
		}),
	}.emit(f)
}

// narrow is x rounded to the upper half of its bits; the lower half is zero. See
// narrowBits in bfloat16.go.
func (r *routine) narrow(x *vec) *vec {
	x = r.make(fmul, x, r.constant(1)) // a signalling NaN becomes a quiet one
	size, sign := r.make(and, x, r.constantBits(signBit-1)), r.make(and, x, r.constantBits(signBit))
	odd := r.make(and, r.shift(size, ">>>", 16), r.constantBits(1))
	size = r.make(add, r.make(add, size, odd), r.constantBits(1<<15-1))
	size = r.make(umin, size, r.constantBits(signBit-1))
	return r.make(and, r.make(orr, size, sign), r.constantBits(math.MaxUint16<<16))
}
