package main

// maps emits the elementwise routines.
func maps(f *file) {
	two := func(name string, op inst) {
		stream{
			name: name, params: "dst, a, b []float32", in: "a b", out: "dst", unroll: 4,
			body: oneByOne(func(r *routine, in, _, _ vectors) vectors { return vectors{r.make(op, in[0], in[1])} }),
		}.emit(f)
	}
	two("add", fadd)
	two("sub", fsub)
	two("mul", fmul)
	two("div", fdiv)
	two("maximum", fmax)
	stream{
		name: "mulAdd", params: "dst, a, b []float32", in: "dst a b", out: "dst", unroll: 4,
		body: oneByOne(func(r *routine, in, _, _ vectors) vectors {
			r.do(fmla, in[0], in[1], in[2])
			return in[:1]
		}),
	}.emit(f)
	stream{
		name: "addScaled", params: "dst, a, b []float32, c float32", in: "a b", out: "dst", fixed: "c", unroll: 4,
		body: oneByOne(func(r *routine, in, _, fixed vectors) vectors {
			return vectors{r.make(fmul, r.make(fadd, in[0], in[1]), fixed[0])}
		}),
	}.emit(f)
	stream{
		name: "lerp", params: "dst, x []float32, t float32", in: "dst x", out: "dst", fixed: "t", unroll: 4,
		body: oneByOne(func(r *routine, in, _, fixed vectors) vectors {
			r.do(fmla, in[0], r.make(fsub, in[1], in[0]), fixed[0])
			return in[:1]
		}),
	}.emit(f)
	scalar := func(name string, op inst) {
		stream{
			name: name, params: "dst, a []float32, c float32", in: "a", out: "dst", fixed: "c", unroll: 4,
			body: oneByOne(func(r *routine, in, _, fixed vectors) vectors { return vectors{r.make(op, in[0], fixed[0])} }),
		}.emit(f)
	}
	scalar("scale", fmul)
	scalar("addScalar", fadd)
	unary := func(name string, unroll int, g func(r *routine, x vectors) vectors) {
		stream{
			name: name, params: "dst, x []float32", in: "x", out: "dst", unroll: unroll,
			body: func(r *routine, in, _ []vectors, _ vectors) []vectors { return []vectors{g(r, in[0])} },
		}.emit(f)
	}
	unary("sqrt", 2, func(r *routine, x vectors) vectors {
		return r.each(len(x), func(i int) *vec { return r.make(fsqrt, x[i]) })
	})
	unary("exp", 4, func(r *routine, x vectors) vectors { return r.exp(r.clamp(x, -bound, bound)) })
	unary("sigmoid", 2, (*routine).sigmoid)
	unary("silu", 2, (*routine).silu)
	stream{
		name: "siluGrad", params: "dst, x, dy []float32", in: "x dy", out: "dst", unroll: 2,
		body: func(r *routine, in, _ []vectors, _ vectors) []vectors { return []vectors{r.siluGrad(in[0], in[1])} },
	}.emit(f)
	stream{
		name: "leakyReLU", params: "dst, x []float32, slope float32", in: "x", out: "dst", fixed: "slope", unroll: 4,
		body: oneByOne(func(r *routine, in, _, fixed vectors) vectors { return vectors{r.leaky(in[0], in[0], fixed[0])} }),
	}.emit(f)
	stream{
		name: "leakyReLUGrad", params: "dst, x, dy []float32, slope float32", in: "x dy", out: "dst", fixed: "slope", unroll: 4,
		body: oneByOne(func(r *routine, in, _, fixed vectors) vectors { return vectors{r.leaky(in[0], in[1], fixed[0])} }),
	}.emit(f)
	adam(f)
}

// adam emits one Adam update; see adamGeneric in optim.go.
func adam(f *file) {
	stream{
		name:   "adam",
		params: "p, g, m, v []float32, beta1, beta2, rest1, rest2, stepSize, root, eps float32",
		in:     "p g m v", out: "p m v", fixed: "beta1 beta2 rest1 rest2 stepSize root eps", unroll: 2,
		body: oneByOne(func(r *routine, in, _, fixed vectors) vectors {
			p, g := in[0], in[1]
			beta1, beta2, rest1, rest2, stepSize, root, eps := fixed[0], fixed[1], fixed[2], fixed[3], fixed[4], fixed[5], fixed[6]
			m := r.make(fmul, in[2], beta1)
			r.do(fmla, m, g, rest1) // beta1·m + rest1·g
			v := r.make(fmul, in[3], beta2)
			r.do(fmla, v, r.make(fmul, g, g), rest2) // beta2·v + rest2·g²
			d := r.copyOf(eps)
			r.do(fmla, d, r.make(fsqrt, v), root) // √v·root + eps
			return vectors{r.make(fsub, p, r.make(fdiv, r.make(fmul, m, stepSize), d)), m, v}
		}),
	}.emit(f)
}

// rowMaps emits the routines over rows of channels.
func rowMaps(f *file) {
	affine := func(name, params, in, scalars string, unroll int, g func(r *routine, u vectors, in []vectors, fixed vectors) vectors) {
		stream{
			name: name, params: params, in: in, coefs: "scale shift", out: "dst", fixed: scalars, unroll: unroll,
			body: func(r *routine, in, coefs []vectors, fixed vectors) []vectors {
				for i, u := range coefs[1] {
					r.do(fmla, u, in[0][i], coefs[0][i]) // x·scale + shift
				}
				return []vectors{g(r, coefs[1], in, fixed)}
			},
		}.emit(f)
	}
	const one, two = "dst, x, scale, shift []float32", "dst, x, dy, scale, shift []float32"
	affine("affineRows", one, "x", "", 4,
		func(_ *routine, u vectors, _ []vectors, _ vectors) vectors { return u })
	affine("affineSiLURows", one, "x", "", 2,
		func(r *routine, u vectors, _ []vectors, _ vectors) vectors { return r.silu(u) })
	affine("affineSiLUGradRows", two, "x dy", "", 2,
		func(r *routine, u vectors, in []vectors, _ vectors) vectors { return r.siluGrad(u, in[1]) })
	leaky := func(r *routine, u, y, fixed vectors) vectors {
		return r.each(len(u), func(i int) *vec { return r.leaky(u[i], y[i], fixed[0]) })
	}
	affine("affineLeakyRows", one+", slope float32", "x", "slope", 2,
		func(r *routine, u vectors, _ []vectors, fixed vectors) vectors { return leaky(r, u, u, fixed) })
	affine("affineLeakyGradRows", two+", slope float32", "x dy", "slope", 2,
		func(r *routine, u vectors, in []vectors, fixed vectors) vectors { return leaky(r, u, in[1], fixed) })
	stream{
		name: "affine2Rows", params: "dst, a, b, p, q, r []float32",
		in: "a b", coefs: "p q r", out: "dst", unroll: 2,
		body: oneByOne(func(r *routine, in, coefs, _ vectors) vectors {
			r.do(fmla, coefs[2], in[1], coefs[1]) // b·q + r
			r.do(fmla, coefs[2], in[0], coefs[0]) // a·p + …
			return coefs[2:]
		}),
	}.emit(f)
	stream{
		name: "addRows", params: "dst, x, b []float32", in: "x", coefs: "b", out: "dst", unroll: 4,
		body: oneByOne(func(r *routine, in, coefs, _ vectors) vectors { return vectors{r.make(fadd, in[0], coefs[0])} }),
	}.emit(f)
}
