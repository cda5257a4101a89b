package main

// The functions of this file take a group of vectors through every step together: an
// exponential is one long chain of dependent instructions. They leave their arguments
// as they are.

// bound is where the functions' arguments are cut: e^−150 is zero and e^150 infinite in
// float32, and 2^(150/ln 2) still splits into two normal factors.
const bound = 150

// each is an instruction on every vector of a group, with sources that its function
// gives.
func (r *routine) each(n int, step func(i int) *vec) (list vectors) {
	for i := range n {
		list = append(list, step(i))
	}
	return list
}

// clamp is min(max(x, low), high), NaN where x is NaN.
func (r *routine) clamp(x vectors, low, high float64) vectors {
	return r.clampHigh(r.clampLow(x, low), high)
}

func (r *routine) clampLow(x vectors, low float64) vectors {
	return r.each(len(x), func(i int) *vec { return r.make(fmax, x[i], r.constant(low)) })
}

func (r *routine) clampHigh(x vectors, high float64) vectors {
	return r.each(len(x), func(i int) *vec { return r.make(fmin, x[i], r.constant(high)) })
}

// exp is eˣ for −150 ≤ x ≤ 150 or NaN; see expf in elementwise_generic.go, and
// Moshier's Cephes library for the constants. It overwrites x.
func (r *routine) exp(x vectors) vectors {
	each := func(step func(i int) *vec) vectors { return r.each(len(x), step) }
	t := each(func(i int) *vec { return r.make(fmul, x[i], r.constant(1.44269504088896341)) })
	n := each(func(i int) *vec { return r.make(fcvtns, t[i]) }) // round(x/ln 2)
	t = each(func(i int) *vec { return r.make(scvtf, n[i]) })
	for _, c := range []float64{0.693359375, -2.12194440e-4} { // r = x − n·ln 2
		for i := range x {
			r.do(fmls, x[i], t[i], r.constant(c))
		}
	}
	p := each(func(int) *vec { return r.fresh(1.9875691500e-4) })
	for _, c := range []float64{1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1} {
		next := each(func(int) *vec { return r.fresh(c) })
		for i := range x {
			r.do(fmla, next[i], p[i], x[i]) // p·r + c
		}
		p = next
	}
	q := each(func(i int) *vec { return r.make(fmul, x[i], x[i]) })
	for i := range x {
		r.do(fmla, x[i], p[i], q[i]) // p·r² + r
	}
	p = each(func(i int) *vec { return r.make(fadd, x[i], r.constant(1)) })
	// 2ⁿ as two normal factors, so that the last product alone can overflow or become
	// subnormal.
	half := each(func(i int) *vec { return r.shift(n[i], ">>", 1) })
	rest := each(func(i int) *vec { return r.make(sub, n[i], half[i]) })
	for _, k := range []vectors{half, rest} {
		k = each(func(i int) *vec { return r.make(add, k[i], r.constantBits(127)) })
		k = each(func(i int) *vec { return r.shift(k[i], "<<", 23) })
		p = each(func(i int) *vec { return r.make(fmul, p[i], k[i]) })
	}
	return p
}

// choose is a where all bits of mask are set and b where none is. It overwrites mask.
func (r *routine) choose(mask, a, b *vec) *vec {
	r.do(bsl, mask, a, b)
	return mask
}

// ifNegative is a where the sign of x is set and b elsewhere.
func (r *routine) ifNegative(x, a, b *vec) *vec { return r.choose(r.shift(x, ">>", 31), a, b) }

// ifAbove is a where x > y and b elsewhere, NaN included.
func (r *routine) ifAbove(x, y, a, b *vec) *vec { return r.choose(r.make(fcmgt, x, y), a, b) }

// sigmoid is 1/(1+e⁻ˣ) from e = e^−|x|: 1/(1+e), or e/(1+e) for negative x.
func (r *routine) sigmoid(x vectors) vectors {
	t := r.each(len(x), func(i int) *vec { return r.make(orr, x[i], r.constantBits(1<<31)) }) // −|x|
	e := r.exp(r.clampLow(t, -bound))
	d := r.each(len(x), func(i int) *vec { return r.make(fadd, e[i], r.constant(1)) })
	d = r.each(len(x), func(i int) *vec { return r.make(fdiv, r.constant(1), d[i]) })
	return r.each(len(x), func(i int) *vec { return r.ifNegative(x[i], r.make(fmul, e[i], d[i]), d[i]) })
}

// silu is x·sigmoid(x). The bound keeps −Inf·0 from making NaN.
func (r *routine) silu(x vectors) vectors {
	s := r.sigmoid(x)
	c := r.clampLow(x, -bound)
	return r.each(len(x), func(i int) *vec { return r.make(fmul, c[i], s[i]) })
}

// siluGrad is dy·s·(1 + x·(1−s)), s = sigmoid(x).
func (r *routine) siluGrad(x, dy vectors) vectors {
	s := r.sigmoid(x)
	c := r.clamp(x, -bound, bound)
	return r.each(len(x), func(i int) *vec {
		u := r.make(fsub, r.constant(1), s[i])
		v := r.fresh(1)
		r.do(fmla, v, c[i], u) // x·(1−s) + 1
		return r.make(fmul, r.make(fmul, v, s[i]), dy[i])
	})
}

// leaky is y where x > 0 and slope·y elsewhere.
func (r *routine) leaky(x, y, slope *vec) *vec {
	return r.ifAbove(x, r.constant(0), y, r.make(fmul, y, slope))
}
