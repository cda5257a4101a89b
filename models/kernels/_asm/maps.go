package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// maps emits the elementwise routines of one width.
func maps(v isa) {
	binary := func(name string, op func(b, a, dst Op)) {
		stream{
			name: name, params: "dst, a, b []float32", in: []string{"a", "b"}, out: []string{"dst"}, unroll: 4,
			body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
				op(in[1], in[0], in[0])
				return in[:1]
			}),
		}.emit(v)
	}
	binary("add", func(b, a, dst Op) { VADDPS(b, a, dst) })
	binary("sub", func(b, a, dst Op) { VSUBPS(b, a, dst) })
	binary("mul", func(b, a, dst Op) { VMULPS(b, a, dst) })
	binary("div", func(b, a, dst Op) { VDIVPS(b, a, dst) })

	stream{
		name: "maximum", params: "dst, a, b []float32", in: []string{"a", "b"}, out: []string{"dst"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			VMAXPS(in[1], in[0], in[1]) // b where either is NaN
			return vectors{v.blendNaN(in[0], in[1])}
		}),
	}.emit(v)

	stream{
		name: "mulAdd", params: "dst, a, b []float32", in: []string{"dst", "a", "b"}, out: []string{"dst"}, unroll: 4,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			VFMADD231PS(in[1], in[2], in[0])
			return in[:1]
		}),
	}.emit(v)
	stream{
		name: "addScaled", params: "dst, a, b []float32, c float32", in: []string{"a", "b"}, out: []string{"dst"}, unroll: 4,
		setup: broadcast("c"),
		body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
			VADDPS(in[1], in[0], in[0])
			VMULPS(fixed[0], in[0], in[0])
			return in[:1]
		}),
	}.emit(v)
	stream{
		name: "lerp", params: "dst, x []float32, t float32", in: []string{"dst", "x"}, out: []string{"dst"}, unroll: 4,
		setup: broadcast("t"),
		body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
			VSUBPS(in[0], in[1], in[1])
			VFMADD231PS(fixed[0], in[1], in[0])
			return in[:1]
		}),
	}.emit(v)

	scalar := func(name string, op func(c, a, dst Op)) {
		stream{
			name: name, params: "dst, a []float32, c float32", in: []string{"a"}, out: []string{"dst"}, unroll: 4,
			setup: broadcast("c"),
			body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
				op(fixed[0], in[0], in[0])
				return in
			}),
		}.emit(v)
	}
	scalar("scale", func(c, a, dst Op) { VMULPS(c, a, dst) })
	scalar("addScalar", func(c, a, dst Op) { VADDPS(c, a, dst) })

	stream{
		name: "sqrt", params: "dst, x []float32", in: []string{"x"}, out: []string{"dst"}, unroll: 2,
		body: oneByOne(func(v isa, in vectors, _ []Op, _ vectors) vectors {
			VSQRTPS(in[0], in[0])
			return in
		}),
	}.emit(v)
	unary := func(name string, f func(v isa, x vectors) vectors) {
		stream{
			name: name, params: "dst, x []float32", in: []string{"x"}, out: []string{"dst"}, unroll: 2,
			body: expBody(f),
		}.emit(v)
	}
	unary("exp", func(v isa, x vectors) vectors {
		return expOf(v, clampHigh(v, clampLow(v, x, -bound), bound))
	})
	unary("sigmoid", sigmoidOf)
	unary("silu", siluOf)
	stream{
		name: "siluGrad", params: "dst, x, dy []float32", in: []string{"x", "dy"}, out: []string{"dst"}, unroll: 2,
		body: func(v isa, in []vectors, _ [][]Op, _ vectors) []vectors {
			return []vectors{siluGradOf(v, in[0], in[1])}
		},
	}.emit(v)
	stream{
		name: "leakyReLU", params: "dst, x []float32, slope float32", in: []string{"x"}, out: []string{"dst"}, unroll: 2,
		setup: broadcast("slope"),
		body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
			return vectors{leakyOf(v, in[0], in[0], fixed[0])}
		}),
	}.emit(v)
	stream{
		name: "leakyReLUGrad", params: "dst, x, dy []float32, slope float32", in: []string{"x", "dy"}, out: []string{"dst"}, unroll: 2,
		setup: broadcast("slope"),
		body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
			return vectors{leakyOf(v, in[0], in[1], fixed[0])}
		}),
	}.emit(v)
	adam(v)
}

// leakyOf is y where x > 0 and slope·y elsewhere.
func leakyOf(v isa, x, y, slope reg.Register) reg.VecVirtual {
	s := v.vec()
	VMULPS(y, slope, s)
	return v.blendPositive(x, y, s)
}

// adam emits one Adam update; see adamGeneric in optim.go.
func adam(v isa) {
	stream{
		name:   "adam",
		params: "p, g, m, v []float32, beta1, beta2, rest1, rest2, stepSize, root, eps float32",
		in:     []string{"p", "g", "m", "v"}, out: []string{"p", "m", "v"},
		setup: broadcast("beta1", "beta2", "rest1", "rest2", "stepSize", "root", "eps"),
		body: oneByOne(func(v isa, in vectors, _ []Op, fixed vectors) vectors {
			p, g, m, s := in[0], in[1], in[2], in[3]
			beta1, beta2, rest1, rest2, stepSize, root, eps := fixed[0], fixed[1], fixed[2], fixed[3], fixed[4], fixed[5], fixed[6]
			VMULPS(beta1, m, m)
			VFMADD231PS(g, rest1, m) // m = beta1·m + rest1·g
			VMULPS(g, g, g)
			VMULPS(beta2, s, s)
			VFMADD231PS(g, rest2, s) // v = beta2·v + rest2·g²
			d := v.vec()
			VSQRTPS(s, d)
			VFMADD213PS(eps, root, d) // √v·root + eps
			VMULPS(stepSize, m, g)
			VDIVPS(d, g, g)
			VSUBPS(g, p, p)
			return vectors{p, m, s}
		}),
	}.emit(v)
}
