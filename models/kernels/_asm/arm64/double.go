package main

// Byte offsets of the fields of kernels.doubleTile, the argument block.
const (
	doubleA = 8 * iota // packed rows, [depth][rows]
	doubleB            // packed columns, [depth][two vectors]
	doubleC
	doubleCRow // bytes from one row of C to the next
	doubleNext // C of the tile after this one
	doubleDepth
)

// doubles emits what works on float64, whose vectors have two lanes.
func doubles(f *file) {
	doubleTile(f)
	symmetricRows(f)
}

// doubleTile emits C[i][j] += Σ_k A[k][i]·B[k][j] for 8 rows by two vectors. The sums
// begin with C and grow in the order of k.
func doubleTile(f *file) {
	const nv = 2
	r := f.routine("doubleTile", "t *doubleTile", "")
	t := r.pointer("t")
	a, b, pitch, depth, c := r.field(t, doubleA), r.field(t, doubleB), r.field(t, doubleCRow), r.field(t, doubleDepth), r.reg()
	acc := r.tileSums(maxRows, nv)
	r.ins("MOVD %d(%s), %s", doubleC, t, c)
	r.eachRow(acc, c, pitch, r.load)
	// C lies in no cache: what the next tile begins with comes while this one is busy.
	r.ins("MOVD %d(%s), %s", doubleNext, t, c)
	for range maxRows {
		r.ins("PRFM (%s), PLDL1KEEP", c)
		r.ins("ADD %s, %s, %s", pitch, c, c)
	}
	step := func() {
		w, rows := r.group(nv), r.group(maxRows/2)
		r.load(post(b, nv*vectorBytes), w...)
		for i := 0; i < len(rows); i += 2 {
			r.load(post(a, 2*vectorBytes), rows[i], rows[i+1])
		}
		for i := range acc {
			for j := range w {
				r.with(func(n []int) string { return fmlaLaneD(n[0], n[1], n[2], i%2) }, acc[i][j], w[j], rows[i/2])
			}
		}
	}
	r.countdown("two", depth, 2, func() {
		step()
		step()
	})
	r.ins("ADDS $2, %s, %s", depth, depth)
	r.ins("BEQ done")
	step()
	r.label("done")
	r.ins("MOVD %d(%s), %s", doubleC, t, c)
	r.eachRow(acc, c, pitch, r.store)
	r.ret()
}

// Byte offsets of the fields of kernels.symmetricRows, the argument block.
const (
	symmetricA    = 8 * iota // the first of four rows
	symmetricARow            // bytes from one row to the next
	symmetricX
	symmetricY
	symmetricVectors // in a row, at least 1
	symmetricAlpha   // four values
	symmetricDots    // four vectors
)

// symmetricRows emits y[j] += Σ_i alpha[i]·A[i][j] and dots[i] = Σ_j A[i][j]·x[j] for
// four rows i, of which each value is read once: what a product with a symmetric matrix
// that is stored by half needs. The dots are left as sums of each lane.
func symmetricRows(f *file) {
	const rows = 4
	r := f.routine("symmetricRows", "t *symmetricRows", "")
	t := r.pointer("t")
	first, pitch, x, y := r.field(t, symmetricA), r.field(t, symmetricARow), r.field(t, symmetricX), r.field(t, symmetricY)
	count, scratch := r.field(t, symmetricVectors), r.field(t, symmetricAlpha)
	a := []gp{first}
	for i := 1; i < rows; i++ {
		a = append(a, r.reg())
		r.ins("ADD %s, %s, %s", pitch, a[i-1], a[i])
	}
	alpha, dots := r.pinGroup(rows), r.pinGroup(rows)
	for i := range rows {
		r.access("FMOVD", at(scratch, 8*i), false, alpha[i])
		r.with(func(n []int) string { return dupD(n[0], n[0]) }, alpha[i])
		r.zero(dots[i])
	}
	r.label("vector")
	vx, vy, va := r.vec(), r.vec(), r.group(rows)
	r.load(post(x, vectorBytes), vx)
	r.load(at(y, 0), vy)
	for i, p := range a {
		r.load(post(p, vectorBytes), va[i])
	}
	for i := range rows {
		r.do(fmlaD, dots[i], va[i], vx)
		r.do(fmlaD, vy, va[i], alpha[i])
	}
	r.store(post(y, vectorBytes), vy)
	r.ins("SUBS $1, %s, %s", count, count)
	r.ins("BNE vector")
	// The lanes of each sum go to memory as [4][lanes], where the caller adds them up.
	r.ins("MOVD %d(%s), %s", symmetricDots, t, scratch)
	for i := 0; i < rows; i += 2 {
		r.store(at(scratch, i*vectorBytes), dots[i], dots[i+1])
	}
	r.ret()
}
