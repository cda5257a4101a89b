package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// The functions of this file take a group of vectors through every step
// together: an exponential is one long chain of dependent instructions.

// bound is where the functions' arguments are cut: e^−150 is zero and e^150
// infinite in float32, and 2^(150/ln 2) still splits into two normal factors.
const bound = 150

// clampLow is max(x, low), NaN where x is NaN: of an unordered pair the
// instruction returns its second source, the first operand here.
func clampLow(v isa, x vectors, low float64) vectors {
	r := v.group(len(x))
	for i := range x {
		VMOVUPS(constant(low), r[i])
		VMAXPS(x[i], r[i], r[i])
	}
	return r
}

// clampHigh is min(x, high), NaN where x is NaN.
func clampHigh(v isa, x vectors, high float64) vectors {
	r := v.group(len(x))
	for i := range x {
		VMOVUPS(constant(high), r[i])
		VMINPS(x[i], r[i], r[i])
	}
	return r
}

// expOf is eˣ for −150 ≤ x ≤ 150 or NaN; see expf in elementwise_generic.go. It
// overwrites x.
func expOf(v isa, x vectors) vectors {
	t, n, p, q := v.group(len(x)), v.group(len(x)), v.group(len(x)), v.group(len(x))
	each := func(step func(i int)) {
		for i := range x {
			step(i)
		}
	}
	each(func(i int) { VMULPS(constant(1.44269504088896341), x[i], t[i]) }) // x/ln 2
	each(func(i int) { VCVTPS2DQ(t[i], n[i]) })                             // n, to nearest even
	each(func(i int) { VCVTDQ2PS(n[i], t[i]) })
	each(func(i int) { VFNMADD231PS(constant(0.693359375), t[i], x[i]) }) // r = x − n·ln 2
	each(func(i int) { VFNMADD231PS(constant(-2.12194440e-4), t[i], x[i]) })
	each(func(i int) { VMOVUPS(constant(1.9875691500e-4), p[i]) })
	for _, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		each(func(i int) { VFMADD213PS(constant(c), x[i], p[i]) }) // p = p·r + c
	}
	each(func(i int) { VMULPS(x[i], x[i], q[i]) })
	each(func(i int) { VFMADD213PS(x[i], q[i], p[i]) }) // p·r² + r
	each(func(i int) { VADDPS(constant(1), p[i], p[i]) })
	if v.wide() {
		each(func(i int) { VSCALEFPS(t[i], p[i], p[i]) })
		return p
	}
	// 2ⁿ as two normal factors, so that the last product alone can overflow or
	// become subnormal.
	half := q
	each(func(i int) { VPSRAD(Imm(1), n[i], half[i]) })
	each(func(i int) { VPSUBD(half[i], n[i], n[i]) })
	for _, k := range []vectors{half, n} {
		each(func(i int) { VPADDD(constantBits(127), k[i], k[i]) })
		each(func(i int) { VPSLLD(Imm(23), k[i], k[i]) })
		each(func(i int) { VMULPS(k[i], p[i], p[i]) })
	}
	return p
}

// sigmoidOf is 1/(1+e⁻ˣ) from e = e^−|x|: 1/(1+e), or e/(1+e) for negative x.
func sigmoidOf(v isa, x vectors) vectors {
	t, d, r, s := v.group(len(x)), v.group(len(x)), v.group(len(x)), v.group(len(x))
	for i := range x {
		VORPS(constantBits(1<<31), x[i], t[i]) // −|x|
	}
	e := expOf(v, clampLow(v, t, -bound))
	for i := range x {
		VMOVUPS(constant(1), r[i])
		VADDPS(r[i], e[i], d[i])
		VDIVPS(d[i], r[i], r[i])
	}
	for i := range x {
		VMULPS(e[i], r[i], e[i])
		s[i] = v.blendNegative(x[i], e[i], r[i])
	}
	return s
}

// siluOf is x·sigmoid(x). The bound keeps −Inf·0 from making NaN.
func siluOf(v isa, x vectors) vectors {
	s := sigmoidOf(v, x)
	c := clampLow(v, x, -bound)
	for i := range x {
		VMULPS(s[i], c[i], c[i])
	}
	return c
}

// siluGradOf is dy·s·(1 + x·(1−s)), s = sigmoid(x).
func siluGradOf(v isa, x, dy vectors) vectors {
	s := sigmoidOf(v, x)
	c := clampHigh(v, clampLow(v, x, -bound), bound)
	for i := range x {
		one, u := v.vec(), v.vec()
		VMOVUPS(constant(1), one)
		VSUBPS(s[i], one, u)
		VFMADD213PS(one, u, c[i]) // x·(1−s) + 1
		VMULPS(s[i], c[i], c[i])
		VMULPS(dy[i], c[i], c[i])
	}
	return c
}

// expBody is the body of a stream that computes f of its first input.
func expBody(f func(v isa, x vectors) vectors) func(isa, []vectors, [][]Op, vectors) []vectors {
	return func(v isa, in []vectors, _ [][]Op, _ vectors) []vectors { return []vectors{f(v, in[0])} }
}
