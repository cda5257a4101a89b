package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// activations emits the activations of feature networks of one width.
func activations(v isa) {
	stream{
		name: "relu6", params: "dst, x []float32", in: []string{"x"}, out: []string{"dst"}, unroll: 4,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			return clampHigh(v, clampLow(v, in, 0), 6)
		}),
	}.emit(v)
	stream{
		name: "relu6Grad", params: "dst, y, dy []float32", in: []string{"y", "dy"}, out: []string{"dst"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			zero, room := v.vec(), v.vec()
			v.zero(zero)
			VMOVUPS(constant(6), room)
			VSUBPS(in[0], room, room) // 6 - y, which is positive below 6 alone
			inside := v.blendPositive(in[0], in[1], zero)
			return vectors{v.blendPositive(room, inside, zero)}
		}),
	}.emit(v)
	stream{
		name: "gelu", params: "dst, x []float32", in: []string{"x"}, out: []string{"dst"}, unroll: 2,
		body: expBody(func(v isa, x vectors) vectors {
			below, _ := normalOf(v, x)
			c := clampLow(v, x, -bound) // -Inf·0 makes no NaN
			for i := range c {
				VMULPS(below[i], c[i], c[i])
			}
			return c
		}),
	}.emit(v)
	stream{
		name: "geluGrad", params: "dst, x, dy []float32", in: []string{"x", "dy"}, out: []string{"dst"}, unroll: 2,
		body: func(v isa, in []vectors, _ [][]Op, _ vectors) []vectors {
			x, dy := in[0], in[1]
			below, e := normalOf(v, x)
			c := clampHigh(v, clampLow(v, x, -bound), bound)
			for i := range c {
				VMULPS(constant(1/math.Sqrt(2*math.Pi)), c[i], c[i])
				VFMADD213PS(below[i], e[i], c[i]) // x·φ + Φ
				VMULPS(dy[i], c[i], c[i])
			}
			return []vectors{c}
		},
	}.emit(v)
}

// normalOf is Φ(x), the distribution function of the standard normal, and e^(-x²/2):
// with t = 1/(1+p·|x|/√2), Φ(-|x|) is e^(-x²/2)·t·poly(t)/2 (Abramowitz & Stegun
// 7.1.26), off by 8e-8 at most.
func normalOf(v isa, x vectors) (below, e vectors) {
	a, t, q, u := v.group(len(x)), v.group(len(x)), v.group(len(x)), v.group(len(x))
	for i := range x {
		VANDPS(constantBits(1<<31-1), x[i], a[i])
	}
	a = clampHigh(v, a, 17) // e^(-17²/2) is 2e-63: the exponential is 0
	for i := range x {
		VMULPS(a[i], a[i], u[i])
		VMULPS(constant(-0.5), u[i], u[i])
		VMOVUPS(constant(1), t[i])
		VMOVUPS(constant(1), q[i])
		VFMADD231PS(constant(0.3275911/math.Sqrt2), a[i], t[i])
		VDIVPS(t[i], q[i], t[i])
	}
	e = expOf(v, u)
	for i := range x {
		VMOVUPS(constant(1.061405429/2), q[i])
	}
	for _, c := range []float64{-1.453152027, 1.421413741, -0.284496736, 0.254829592} {
		for i := range x {
			VFMADD213PS(constant(c/2), t[i], q[i])
		}
	}
	below = v.group(len(x))
	for i := range x {
		VMULPS(t[i], q[i], q[i])
		VMULPS(e[i], q[i], q[i])
		VMOVUPS(constant(1), u[i])
		VSUBPS(q[i], u[i], u[i])
		below[i] = v.blendNegative(x[i], q[i], u[i])
	}
	return below, e
}
