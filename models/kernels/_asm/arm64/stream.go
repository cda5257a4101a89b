package main

import "strings"

// stream describes an elementwise routine: at every position it loads one value of each
// of the in slices, computes, and stores to each of the out slices.
type stream struct {
	name   string
	params string // Go parameters; the length is that of the first of out
	in     string // slices read, by a blank
	coefs  string // slices read that start over at every row
	out    string // slices written
	fixed  string // float parameters
	unroll int    // vectors in a turn of the main loop, at least 2

	// body computes the outputs from the inputs, the coefficients and the float
	// parameters, each in all lanes. Every input and output is a group: the vectors of
	// one turn, which long computations take step by step together, so that one's
	// latency hides behind the others. Inputs may be overwritten.
	body func(r *routine, in, coefs []vectors, fixed vectors) []vectors
}

// oneByOne makes a body of a function that takes a single vector of each input and
// returns one of each output.
func oneByOne(f func(r *routine, in, coefs, fixed vectors) vectors) func(*routine, []vectors, []vectors, vectors) []vectors {
	return func(r *routine, in, coefs []vectors, fixed vectors) []vectors {
		var out []vectors
		for u := range in[0] {
			for i, v := range f(r, column(in, u), column(coefs, u), fixed) {
				if i == len(out) {
					out = append(out, nil)
				}
				out[i] = append(out[i], v)
			}
		}
		return out
	}
}

// column is the u-th element of every list.
func column(lists []vectors, u int) (c vectors) {
	for _, list := range lists {
		c = append(c, list[u])
	}
	return c
}

// emit writes the routine. With coefficients it has the form
//
//	for every row of len(coefs[0]) values: for every vector of the row
//
// and without them the whole slice is one row. The last values of a row, fewer than a
// vector, are taken one by one, each in the first lane and with the same arithmetic, so
// that a value's result does not depend on its position.
func (s stream) emit(f *file) {
	r := f.routine(s.name, s.params, "")
	in, out, coefs := strings.Fields(s.in), strings.Fields(s.out), strings.Fields(s.coefs)
	ptr := map[string]gp{}
	var moving []gp // pointers that advance
	point := func(names []string) {
		for _, name := range names {
			if ptr[name] == "" {
				ptr[name] = r.pointer(name)
				moving = append(moving, ptr[name])
			}
		}
	}
	point(in)
	point(out)
	n := r.length(out[0]) // values left in the row
	fixed := r.broadcast(strings.Fields(s.fixed)...)
	if len(coefs) > 0 {
		left, row, rowPtr := n, r.length(coefs[0]), map[string]gp{}
		n = r.reg()
		for _, name := range coefs {
			ptr[name], rowPtr[name] = r.reg(), r.pointer(name)
			moving = append(moving, ptr[name])
		}
		r.ins("CBZ %s, done", left)
		r.label("row")
		r.ins("CMP %s, %s", row, left) // the last row may be shorter
		r.ins("CSEL LT, %s, %s, %s", left, row, n)
		r.ins("SUB %s, %s, %s", n, left, left)
		for _, name := range coefs {
			r.ins("MOVD %s, %s", rowPtr[name], ptr[name])
		}
		defer func() {
			r.ins("CBNZ %s, row", left)
			r.label("done")
			r.ret()
		}()
	} else {
		defer r.ret()
	}

	// turn takes n vectors, or with one set a single value.
	turn := func(n int, one bool) {
		load, store := r.load, r.store
		if one {
			load = func(m memory, list ...*vec) { r.loadOne(m, list[0]) }
			store = func(m memory, list ...*vec) { r.storeOne(m, list[0]) }
		}
		each := func(names []string, access func(memory, ...*vec), groups []vectors) {
			for i, name := range names {
				for u := 0; u < n; u++ {
					list := groups[i][u : u+1]
					if u+1 < n {
						list = groups[i][u : u+2] // by a pair
					}
					access(at(ptr[name], u*vectorBytes), list...)
					u += len(list) - 1
				}
			}
		}
		read := func(names []string) (groups []vectors) {
			for range names {
				groups = append(groups, r.group(n))
			}
			each(names, load, groups)
			return groups
		}
		each(out, store, s.body(r, read(in), read(coefs), fixed))
		step := n * vectorBytes
		if one {
			step = 4
		}
		for _, p := range moving {
			r.ins("ADD $%d, %s, %s", step, p, p)
		}
	}
	r.countdown("many", n, s.unroll*lanes, func() { turn(s.unroll, false) })
	r.ins("ADDS $%d, %s, %s", (s.unroll-1)*lanes, n, n)
	r.ins("BLT few")
	r.label("vector")
	turn(1, false)
	r.ins("SUBS $%d, %s, %s", lanes, n, n)
	r.ins("BGE vector")
	r.label("few")
	r.ins("ADDS $%d, %s, %s", lanes, n, n)
	r.ins("BEQ end")
	r.label("one")
	turn(1, true)
	r.ins("SUBS $1, %s, %s", n, n)
	r.ins("BNE one")
	r.label("end")
}
