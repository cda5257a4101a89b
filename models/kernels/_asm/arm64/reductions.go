package main

// reductions emits the routines that reduce a slice to one number, and rows of channels
// to one.
func reductions(f *file) {
	sumRows(f, false)
	sumRows(f, true)
	sum64(f, false)
	sum64(f, true)
	maximum(f)
	expSum(f)
}

// sumRows emits sum[c] += Σ a and, with dot, dot[c] += Σ a·b over rows of channels. It
// walks down columns of two vectors, then of one, then of one channel, with separate
// sums for even and odd rows.
func sumRows(f *file, dot bool) {
	name, params := "sumRows", "sum, a []float32, rows int"
	if dot {
		name, params = "dotRows", "sum, dot, a, b []float32, rows int"
	}
	r := f.routine(name, params, "")
	inputs, sums := []string{"a"}, []string{"sum"}
	if dot {
		inputs, sums = []string{"a", "b"}, []string{"sum", "dot"}
	}
	var top, p, sum []gp // the column's first row, the current one, and the results
	for i := range inputs {
		top, p, sum = append(top, r.pointer(inputs[i])), append(p, r.reg()), append(sum, r.pointer(sums[i]))
	}
	left, rows, pitch, n := r.length("sum"), r.pointer("rows"), r.reg(), r.reg()
	r.ins("LSL $2, %s, %s", left, pitch)
	acc := [2][]vectors{{r.pinGroup(2), r.pinGroup(2)}, {r.pinGroup(2), r.pinGroup(2)}} // [parity][sums or dots]

	column := func(label string, wide, bytes int) {
		load, store := r.load, r.store
		if bytes == 4 {
			load = func(m memory, list ...*vec) { r.loadOne(m, list[0]) }
			store = func(m memory, list ...*vec) { r.storeOne(m, list[0]) }
		}
		row := func(parity int) {
			var x []vectors
			for _, base := range p {
				list := r.group(wide)
				load(at(base, 0), list...)
				r.ins("ADD %s, %s, %s", pitch, base, base)
				x = append(x, list)
			}
			for j := range wide {
				v := acc[parity][0][j]
				r.do(fadd, v, v, x[0][j])
				if dot {
					r.do(fmla, acc[parity][1][j], x[0][j], x[1][j])
				}
			}
		}
		for i := range p {
			r.ins("MOVD %s, %s", top[i], p[i])
			for parity := range acc {
				for j := range wide {
					r.zero(acc[parity][i][j])
				}
			}
		}
		r.ins("MOVD %s, %s", rows, n)
		r.countdown(label+"Pair", n, 2, func() {
			row(0)
			row(1)
		})
		r.ins("ADDS $2, %s, %s", n, n)
		r.ins("BEQ %sEnd", label)
		row(0)
		r.label(label + "End")
		for i := range p {
			old := r.group(wide)
			load(at(sum[i], 0), old...)
			for j := range wide {
				old[j] = r.make(fadd, old[j], r.make(fadd, acc[0][i][j], acc[1][i][j]))
			}
			store(at(sum[i], 0), old...)
			r.ins("ADD $%d, %s, %s", wide*bytes, sum[i], sum[i])
			r.ins("ADD $%d, %s, %s", wide*bytes, top[i], top[i])
		}
	}
	r.countdown("two", left, 2*lanes, func() { column("two", 2, vectorBytes) })
	r.ins("ADDS $%d, %s, %s", lanes, left, left)
	r.ins("BLT few")
	column("vector", 1, vectorBytes)
	r.ins("SUB $%d, %s, %s", lanes, left, left)
	r.label("few")
	r.ins("ADDS $%d, %s, %s", lanes, left, left)
	r.ins("BEQ done")
	r.label("one")
	column("one", 1, 4)
	r.ins("SUBS $1, %s, %s", left, left)
	r.ins("BNE one")
	r.label("done")
	r.ret()
}

// sum64 emits Σ a, or with dot Σ a·b, in float64: four vectors of partial sums, added
// pairwise at the end. The caller adds the values after the last whole turn of 8.
func sum64(f *file, dot bool) {
	name, params := "sum", "a []float32"
	if dot {
		name, params = "dot", "a, b []float32"
	}
	r := f.routine(name, params, "float64")
	pointers := []gp{r.pointer("a")}
	if dot {
		pointers = append(pointers, r.pointer("b"))
	}
	n := r.length("a")
	acc := r.pinGroup(4)
	for _, v := range acc {
		r.zero(v)
	}
	r.countdown("turn", n, 2*lanes, func() {
		var wide []vectors // of each input, 8 values as float64
		for _, p := range pointers {
			x := r.group(2)
			r.load(post(p, 2*vectorBytes), x...)
			wide = append(wide, vectors{r.make(fcvtl, x[0]), r.make(fcvtl2, x[0]), r.make(fcvtl, x[1]), r.make(fcvtl2, x[1])})
		}
		for i, v := range acc {
			if dot {
				r.do(fmlaD, v, wide[0][i], wide[1][i])
			} else {
				r.do(faddD, v, v, wide[0][i])
			}
		}
	})
	total := r.make(faddD, r.make(faddD, acc[0], acc[1]), r.make(faddD, acc[2], acc[3]))
	s := r.vec()
	r.with(func(n []int) string {
		return word(0x7e70d800|bits(n[1], 5)|bits(n[0], 0), "faddp d%d, v%d.2d", n[0], n[1])
	}, s, total)
	r.give(s)
	r.ret()
}

// maximum emits the largest value of whole vectors, of which there is at least one, NaN
// where one is. The caller takes care of the rest.
func maximum(f *file) {
	r := f.routine("max", "x []float32", "float32")
	p, n := r.pointer("x"), r.length("x")
	m := r.pinGroup(4)
	r.load(at(p, 0), m[0])
	for _, v := range m[1:] {
		r.move(v, m[0])
	}
	r.countdown("four", n, 4*lanes, func() {
		x := r.group(4)
		r.load(post(p, 2*vectorBytes), x[:2]...)
		r.load(post(p, 2*vectorBytes), x[2:]...)
		for i, v := range m {
			r.do(fmax, v, v, x[i])
		}
	})
	r.ins("ADD $%d, %s, %s", 4*lanes, n, n)
	r.countdown("vector", n, lanes, func() {
		x := r.vec()
		r.load(post(p, vectorBytes), x)
		r.do(fmax, m[0], m[0], x)
	})
	all, s := r.make(fmax, r.make(fmax, m[0], m[1]), r.make(fmax, m[2], m[3])), r.vec()
	r.with(func(n []int) string {
		return word(0x6e30f800|bits(n[1], 5)|bits(n[0], 0), "fmaxv s%d, v%d.4s", n[0], n[1])
	}, s, all)
	r.give(s)
	r.ret()
}

// expSum emits dst = e^(x−shift), returning the sum: that of each lane, and of the
// values that fill no vector, added at the end.
func expSum(f *file) {
	r := f.routine("expSum", "dst, x []float32, shift float32", "float32")
	dst, x, n := r.pointer("dst"), r.pointer("x"), r.length("x")
	shift, sums, last := r.broadcast("shift")[0], r.pinGroup(2), r.pin()
	for _, v := range append(sums, last) {
		r.zero(v)
	}
	exp := func(x vectors) vectors {
		x = r.each(len(x), func(i int) *vec { return r.make(fsub, x[i], shift) })
		return r.exp(r.clamp(x, -bound, bound))
	}
	vectorsOf := func(count int) {
		v := r.group(count)
		r.load(post(x, count*vectorBytes), v...)
		e := exp(v)
		for i := range e {
			r.do(fadd, sums[i], sums[i], e[i])
		}
		r.store(post(dst, count*vectorBytes), e...)
	}
	r.countdown("two", n, 2*lanes, func() { vectorsOf(2) })
	r.ins("ADDS $%d, %s, %s", lanes, n, n)
	r.ins("BLT few")
	vectorsOf(1)
	r.ins("SUB $%d, %s, %s", lanes, n, n)
	r.label("few")
	r.ins("ADDS $%d, %s, %s", lanes, n, n)
	r.ins("BEQ end")
	r.label("one")
	v := r.group(1)
	r.loadOne(post(x, 4), v[0])
	e := exp(v)[0]
	r.do(fadd, last, last, e) // the first lane counts
	r.storeOne(post(dst, 4), e)
	r.ins("SUBS $1, %s, %s", n, n)
	r.ins("BNE one")
	r.label("end")
	s := r.make(fadd, sums[0], sums[1])
	s = r.make(faddp, s, s)
	s = r.make(faddp, s, s)
	r.give(r.make(fadd, s, last))
	r.ret()
}
