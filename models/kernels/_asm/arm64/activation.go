package main

import "math"

// activations emits the activations of feature networks.
func activations(f *file) {
	stream{
		name: "relu6", params: "dst, x []float32", in: "x", out: "dst", unroll: 4,
		body: func(r *routine, in, _ []vectors, _ vectors) []vectors { return []vectors{r.clamp(in[0], 0, 6)} },
	}.emit(f)
	stream{
		name: "relu6Grad", params: "dst, y, dy []float32", in: "y dy", out: "dst", unroll: 4,
		body: oneByOne(func(r *routine, in, _, _ vectors) vectors {
			inside := r.make(and, r.make(fcmgt, in[0], r.constant(0)), r.make(fcmgt, r.constant(6), in[0]))
			return vectors{r.make(and, inside, in[1])}
		}),
	}.emit(f)
	stream{
		name: "gelu", params: "dst, x []float32", in: "x", out: "dst", unroll: 2,
		body: func(r *routine, in, _ []vectors, _ vectors) []vectors {
			below, _ := r.normal(in[0])
			c := r.clampLow(in[0], -bound) // −Inf·0 makes no NaN
			return []vectors{r.each(len(c), func(i int) *vec { return r.make(fmul, c[i], below[i]) })}
		},
	}.emit(f)
	stream{
		name: "geluGrad", params: "dst, x, dy []float32", in: "x dy", out: "dst", unroll: 2,
		body: func(r *routine, in, _ []vectors, _ vectors) []vectors {
			below, e := r.normal(in[0])
			c := r.clamp(in[0], -bound, bound)
			return []vectors{r.each(len(c), func(i int) *vec {
				r.do(fmla, below[i], r.times(1/math.Sqrt(2*math.Pi), c[i]), e[i]) // x·φ + Φ
				return r.make(fmul, below[i], in[1][i])
			})}
		},
	}.emit(f)
}

// normal is Φ(x), the distribution function of the standard normal, and e^(−x²/2): with
// t = 1/(1+p·|x|/√2), Φ(−|x|) is e^(−x²/2)·t·poly(t)/2 (Abramowitz & Stegun 7.1.26), off
// by 8e-8 at most.
func (r *routine) normal(x vectors) (below, e vectors) {
	each := func(step func(i int) *vec) vectors { return r.each(len(x), step) }
	a := each(func(i int) *vec { return r.make(fabs, x[i]) })
	a = r.clampHigh(a, 17) // e^(−17²/2) is 2e-63: the exponential is 0
	t := each(func(i int) *vec {
		d := r.fresh(1)
		r.do(fmla, d, a[i], r.constant(0.3275911/math.Sqrt2))
		return r.make(fdiv, r.constant(1), d)
	})
	e = r.exp(each(func(i int) *vec { return r.times(-0.5, r.make(fmul, a[i], a[i])) }))
	q := each(func(int) *vec { return r.fresh(1.061405429 / 2) })
	for _, c := range []float64{-1.453152027, 1.421413741, -0.284496736, 0.254829592} {
		next := each(func(int) *vec { return r.fresh(c / 2) })
		for i := range x {
			r.do(fmla, next[i], q[i], t[i])
		}
		q = next
	}
	q = each(func(i int) *vec { return r.make(fmul, r.make(fmul, q[i], t[i]), e[i]) })
	below = each(func(i int) *vec { return r.ifNegative(x[i], q[i], r.make(fsub, r.constant(1), q[i])) })
	return below, e
}
