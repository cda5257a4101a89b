package main

// Byte offsets of the fields of kernels.lines, the argument block.
const (
	linesIn      = 0  // addresses of up to six inputs
	linesOut     = 48 // address of the first output
	linesOutStep = 56 // bytes from one output to the next
	linesInNext  = 64 // bytes from one line to the next, in every input
	linesOutNext = 72 // and in every output
	linesBias    = 80
	linesLen     = 88 // bytes of a line
	linesCount   = 96
)

// lineMap is one one-dimensional transform of Winograd's algorithm: it takes in
// vectors and makes out.
type lineMap struct {
	name    string
	in, out int
	bias    bool // the outputs have a bias added to them
	body    func(r *routine, d vectors) vectors
}

// lineMaps are those of F(2×2, 3×3), then those of F(4×4, 3×3) and F(4×4, 2×2), in the
// order of kernels.lineMap; lines_generic.go has them in Go, and their constants.
var lineMaps = [3][]lineMap{
	{
		{"winogradInput2", 4, 4, false, input2},
		{"winogradOutput2", 4, 2, false, output2},
		{"winogradOutputBias2", 4, 2, true, output2},
		{"winogradGrad2", 2, 4, false, grad2},
		{"winogradWeight2", 3, 4, false, weight2},
		{"winogradWeightGrad2", 4, 3, false, weightGrad2},
	},
	{
		{"winogradInput4", 6, 6, false, input4},
		{"winogradOutput4", 6, 4, false, output4},
		{"winogradOutputBias4", 6, 4, true, output4},
		{"winogradGrad4", 4, 6, false, grad4},
		{"winogradWeight4", 3, 6, false, weight4},
		{"winogradWeightGrad4", 6, 3, false, weightGrad4},
	},
	{
		{"winogradInput42", 5, 5, false, input42},
		{"winogradOutput42", 5, 4, false, output42},
		{"winogradOutputBias42", 5, 4, true, output42},
		{"winogradGrad42", 4, 5, false, grad42},
		{"winogradWeight42", 2, 5, false, weight42},
		{"winogradWeightGrad42", 5, 2, false, weightGrad42},
	},
}

// winograd emits every transform, and a table of them by tile and map.
func winograd(f *file) {
	table := &f.stubs.tables
	table.WriteString("\nvar winogradNEON = winogradMaps{\n")
	for _, maps := range lineMaps {
		table.WriteString("\t{")
		for i, m := range maps {
			m.emit(f)
			if i > 0 {
				table.WriteString(", ")
			}
			table.WriteString(m.name + "NEON")
		}
		table.WriteString("},\n")
	}
	table.WriteString("}\n")
}

// emit writes the routine: for every line, for every vector of it, load one vector of
// each input, transform, store one of each output. The pointers run along the line.
func (m lineMap) emit(f *file) {
	r := f.routine(m.name, "t *lines", "")
	t := r.pointer("t")
	var in, out []gp
	for i := range m.in {
		in = append(in, r.field(t, linesIn+8*i))
	}
	out = append(out, r.field(t, linesOut))
	step := r.field(t, linesOutStep)
	for i := 1; i < m.out; i++ {
		out = append(out, r.reg())
		r.ins("ADD %s, %s, %s", step, out[i-1], out[i])
	}
	left, inNext, outNext, length, count := r.reg(), r.field(t, linesInNext), r.field(t, linesOutNext), r.field(t, linesLen), r.field(t, linesCount)
	// What is left to the next line from the end of one.
	r.ins("SUB %s, %s, %s", length, inNext, inNext)
	r.ins("SUB %s, %s, %s", length, outNext, outNext)
	bias := step
	if m.bias {
		r.ins("MOVD %d(%s), %s", linesBias, t, bias)
	}

	r.label("line")
	r.ins("MOVD %s, %s", length, left)
	r.label("vector")
	d := r.group(m.in)
	for i, p := range in {
		r.load(post(p, vectorBytes), d[i])
	}
	y := m.body(r, d)
	if m.bias {
		b := r.vec()
		r.load(post(bias, vectorBytes), b)
		for i := range y {
			y[i] = r.make(fadd, y[i], b)
		}
	}
	for i, p := range out {
		r.store(post(p, vectorBytes), y[i])
	}
	r.ins("SUBS $%d, %s, %s", vectorBytes, left, left)
	r.ins("BGT vector")
	if m.bias {
		r.ins("SUB %s, %s, %s", length, bias, bias)
	}
	for _, p := range in {
		r.ins("ADD %s, %s, %s", inNext, p, p)
	}
	for _, p := range out {
		r.ins("ADD %s, %s, %s", outNext, p, p)
	}
	r.ins("SUBS $1, %s, %s", count, count)
	r.ins("BNE line")
	r.ret()
}

// sum is a + b, diff a − b, times k·x.
func (r *routine) sum(a, b *vec) *vec  { return r.make(fadd, a, b) }
func (r *routine) diff(a, b *vec) *vec { return r.make(fsub, a, b) }

func (r *routine) times(k float64, x *vec) *vec { return r.make(fmul, x, r.constant(k)) }

// plus is y + k·x with one rounding.
func (r *routine) plus(y *vec, k float64, x *vec) *vec {
	dst := r.copyOf(y)
	r.do(fmla, dst, x, r.constant(k))
	return dst
}

// both is y + k·x and y − k·x.
func (r *routine) both(y *vec, k float64, x *vec) (_, _ *vec) {
	less := r.copyOf(y)
	r.do(fmls, less, x, r.constant(k))
	return r.plus(y, k, x), less
}

func input2(r *routine, d vectors) vectors {
	return vectors{r.diff(d[0], d[2]), r.sum(d[1], d[2]), r.diff(d[2], d[1]), r.diff(d[1], d[3])}
}

func output2(r *routine, m vectors) vectors {
	return vectors{r.sum(r.sum(m[0], m[1]), m[2]), r.diff(r.diff(m[1], m[2]), m[3])}
}

func grad2(r *routine, y vectors) vectors {
	zero := r.vec()
	r.zero(zero)
	return vectors{y[0], r.sum(y[0], y[1]), r.diff(y[0], y[1]), r.diff(zero, y[1])}
}

func weight2(r *routine, g vectors) vectors {
	ends := r.sum(g[0], g[2])
	return vectors{g[0], r.times(0.5, r.sum(ends, g[1])), r.times(0.5, r.diff(ends, g[1])), g[2]}
}

func weightGrad2(r *routine, u vectors) vectors {
	sum, diff := r.times(0.5, r.sum(u[1], u[2])), r.times(0.5, r.diff(u[1], u[2]))
	return vectors{r.sum(u[0], sum), diff, r.sum(u[3], sum)}
}

// F(4, 3) evaluates polynomials at 0, ±near, ±far and infinity.
const (
	near, far   = 5. / 8, 3. / 2
	near2, far2 = near * near, far * far

	// What G divides by: the derivative of x·(x²−near²)·(x²−far²) at the points.
	zeroScale = 1 / (near2 * far2)
	nearScale = 1 / (2 * near2 * (near2 - far2))
	farScale  = 1 / (2 * far2 * (far2 - near2))
)

func input4(r *routine, d vectors) vectors {
	n1, n2 := r.both(r.plus(d[4], -far2, d[2]), near, r.plus(d[3], -far2, d[1]))
	f1, f2 := r.both(r.plus(d[4], -near2, d[2]), far, r.plus(d[3], -near2, d[1]))
	return vectors{
		r.plus(r.plus(d[4], near2*far2, d[0]), -near2-far2, d[2]), n1, n2, f1, f2,
		r.plus(r.plus(d[5], near2*far2, d[1]), -near2-far2, d[3]),
	}
}

func output4(r *routine, m vectors) vectors {
	evenNear, oddNear := r.sum(m[1], m[2]), r.diff(m[1], m[2])
	evenFar, oddFar := r.sum(m[3], m[4]), r.diff(m[3], m[4])
	return vectors{
		r.sum(r.sum(m[0], evenNear), evenFar), r.plus(r.times(near, oddNear), far, oddFar),
		r.plus(r.times(near2, evenNear), far2, evenFar), r.plus(r.plus(m[5], near*near2, oddNear), far*far2, oddFar),
	}
}

func grad4(r *routine, y vectors) vectors {
	n1, n2 := r.both(r.plus(y[0], near2, y[2]), near, r.plus(y[1], near2, y[3]))
	f1, f2 := r.both(r.plus(y[0], far2, y[2]), far, r.plus(y[1], far2, y[3]))
	return vectors{y[0], n1, n2, f1, f2, y[3]}
}

func weight4(r *routine, g vectors) vectors {
	n1, n2 := r.both(r.plus(r.times(nearScale, g[0]), near2*nearScale, g[2]), near*nearScale, g[1])
	f1, f2 := r.both(r.plus(r.times(farScale, g[0]), far2*farScale, g[2]), far*farScale, g[1])
	return vectors{r.times(zeroScale, g[0]), n1, n2, f1, f2, g[2]}
}

func weightGrad4(r *routine, u vectors) vectors {
	evenNear, oddNear := r.sum(u[1], u[2]), r.diff(u[1], u[2])
	evenFar, oddFar := r.sum(u[3], u[4]), r.diff(u[3], u[4])
	return vectors{
		r.plus(r.plus(r.times(zeroScale, u[0]), nearScale, evenNear), farScale, evenFar),
		r.plus(r.times(near*nearScale, oddNear), far*farScale, oddFar),
		r.plus(r.plus(u[5], near2*nearScale, evenNear), far2*farScale, evenFar),
	}
}

// F(4, 2) evaluates polynomials at ±low, ±high and infinity.
const (
	low, high   = 1. / 2, 5. / 4
	low2, high2 = low * low, high * high

	// What G divides by: the derivative of (x²−low²)·(x²−high²) at low and high.
	lowScale  = 1 / (2 * low * (low2 - high2))
	highScale = 1 / (2 * high * (high2 - low2))
)

func input42(r *routine, d vectors) vectors {
	l1, l2 := r.both(r.plus(d[3], -high2, d[1]), low, r.plus(d[2], -high2, d[0]))
	h1, h2 := r.both(r.plus(d[3], -low2, d[1]), high, r.plus(d[2], -low2, d[0]))
	return vectors{l1, l2, h1, h2, r.plus(r.plus(d[4], low2*high2, d[0]), -low2-high2, d[2])}
}

func output42(r *routine, m vectors) vectors {
	evenLow, oddLow := r.sum(m[0], m[1]), r.diff(m[0], m[1])
	evenHigh, oddHigh := r.sum(m[2], m[3]), r.diff(m[2], m[3])
	return vectors{
		r.sum(evenLow, evenHigh), r.plus(r.times(low, oddLow), high, oddHigh),
		r.plus(r.times(low2, evenLow), high2, evenHigh), r.plus(r.plus(m[4], low*low2, oddLow), high*high2, oddHigh),
	}
}

func grad42(r *routine, y vectors) vectors {
	l1, l2 := r.both(r.plus(y[0], low2, y[2]), low, r.plus(y[1], low2, y[3]))
	h1, h2 := r.both(r.plus(y[0], high2, y[2]), high, r.plus(y[1], high2, y[3]))
	return vectors{l1, l2, h1, h2, y[3]}
}

func weight42(r *routine, g vectors) vectors {
	l1, l2 := r.both(r.times(low*lowScale, g[1]), lowScale, g[0])
	h1, h2 := r.both(r.times(high*highScale, g[1]), highScale, g[0])
	return vectors{l1, l2, h1, h2, g[1]}
}

func weightGrad42(r *routine, u vectors) vectors {
	evenLow, oddLow := r.sum(u[0], u[1]), r.diff(u[0], u[1])
	evenHigh, oddHigh := r.sum(u[2], u[3]), r.diff(u[2], u[3])
	return vectors{
		r.plus(r.times(lowScale, oddLow), highScale, oddHigh),
		r.plus(r.plus(u[4], low*lowScale, evenLow), high*highScale, evenHigh),
	}
}
