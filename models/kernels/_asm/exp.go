package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bound is where the functions' arguments are cut: e^−150 is zero and e^150
// infinite in float32, and 2^(150/ln 2) still splits into two normal factors.
const bound = 150

// clampLow is max(x, low), NaN where x is NaN: of an unordered pair the
// instruction returns its second source, the first operand here.
func clampLow(v isa, x reg.Register, low float64) reg.VecVirtual {
	r := v.vec()
	VMOVUPS(constant(low), r)
	VMAXPS(x, r, r)
	return r
}

// clampHigh is min(x, high), NaN where x is NaN.
func clampHigh(v isa, x reg.Register, high float64) reg.VecVirtual {
	r := v.vec()
	VMOVUPS(constant(high), r)
	VMINPS(x, r, r)
	return r
}

// expOf is eˣ for −150 ≤ x ≤ 150 or NaN; see expf in elementwise_generic.go.
func expOf(v isa, x reg.Register) reg.VecVirtual {
	t, n, r, p, q := v.vec(), v.vec(), v.vec(), v.vec(), v.vec()
	VMULPS(constant(1.44269504088896341), x, t) // x/ln 2
	VCVTPS2DQ(t, n)                             // n, to nearest even
	VCVTDQ2PS(n, t)
	VMOVAPS(x, r)
	VFNMADD231PS(constant(0.693359375), t, r) // r = x − n·ln 2
	VFNMADD231PS(constant(-2.12194440e-4), t, r)
	VMOVUPS(constant(1.9875691500e-4), p)
	for _, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		VFMADD213PS(constant(c), r, p) // p = p·r + c
	}
	VMULPS(r, r, q)
	VFMADD213PS(r, q, p) // p·r² + r
	VADDPS(constant(1), p, p)
	if v.wide() {
		VSCALEFPS(t, p, p)
		return p
	}
	// 2ⁿ as two normal factors, so that the last product alone can overflow or
	// become subnormal.
	half := v.vec()
	VPSRAD(Imm(1), n, half)
	VPSUBD(half, n, n)
	for _, k := range []reg.VecVirtual{half, n} {
		VPADDD(constantBits(127), k, k)
		VPSLLD(Imm(23), k, k)
		VMULPS(k, p, p)
	}
	return p
}

// sigmoidOf is 1/(1+e⁻ˣ) from e = e^−|x|: 1/(1+e), or e/(1+e) for negative x.
func sigmoidOf(v isa, x reg.Register) reg.VecVirtual {
	t, d, r, er := v.vec(), v.vec(), v.vec(), v.vec()
	VORPS(constantBits(1<<31), x, t) // −|x|
	e := expOf(v, clampLow(v, t, -bound))
	VMOVUPS(constant(1), r)
	VADDPS(r, e, d)
	VDIVPS(d, r, r)
	VMULPS(e, r, er)
	return v.blendNegative(x, er, r)
}

// siluOf is x·sigmoid(x). The bound keeps −Inf·0 from making NaN.
func siluOf(v isa, x reg.Register) reg.VecVirtual {
	s := sigmoidOf(v, x)
	c := clampLow(v, x, -bound)
	VMULPS(s, c, c)
	return c
}

// siluGradOf is s·(1 + x·(1−s)), s = sigmoid(x).
func siluGradOf(v isa, x reg.Register) reg.VecVirtual {
	s := sigmoidOf(v, x)
	c := clampHigh(v, clampLow(v, x, -bound), bound)
	one, u := v.vec(), v.vec()
	VMOVUPS(constant(1), one)
	VSUBPS(s, one, u)
	VFMADD213PS(one, u, c) // x·(1−s) + 1
	VMULPS(s, c, c)
	return c
}
