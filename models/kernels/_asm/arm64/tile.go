package main

import "fmt"

// Byte offsets of the fields of kernels.tile, the argument block.
const (
	tileA    = 8 * iota // first value of the first pixel, or of the first row of x
	tileAPix            // bytes from one pixel to the next
	tileARow            // bytes from one segment, or row of pixels, to the next
	tileB               // packed weights, or dy
	tileBPix
	tileBRow
	tileC // result
	tileCPix
	tileInit // starting values, one panel wide; 0 for zeros
	tileRows // segments, or rows of pixels
	tileLen  // values in a segment, or pixels in a row
	tileAImage
	tileBImage
	tileImages
)

// maxRows is the rows of a tile of two vectors: 16 sums, enough to hide the latency of
// four pipelines of additions, leave as many registers to what is multiplied.
const maxRows = 8

// tiles emits every register tile: 1 to 8 rows by one or two vectors.
func tiles(f *file) {
	for nv := 1; nv <= 2; nv++ {
		for mr := 1; mr <= maxRows; mr++ {
			dotTile(f, mr, nv)
			outerTile(f, mr, nv)
		}
	}
	f.stubs.tileTable("dot")
	f.stubs.tileTable("outer")
}

// field loads a field of the argument block.
func (r *routine) field(block gp, offset int) gp {
	dst := r.reg()
	r.ins("MOVD %d(%s), %s", offset, block, dst)
	return dst
}

// dotTile emits C[i][j] = init[j] + Σ A[i][k]·B[k][j] for mr pixels i and nv vectors of
// output channels j. The values k of a pixel lie in tileRows contiguous segments of
// tileLen floats each; B is packed [k][nv vectors]. Four k are taken at a time: one load
// for each pixel, of which every product takes a lane.
func dotTile(f *file, mr, nv int) {
	r := f.routine(fmt.Sprintf("dotTile%dx%d", mr, nv), "t *tile", "")
	t := r.pointer("t")
	pitch, b, segment, rows, init := r.field(t, tileAPix), r.field(t, tileB), r.field(t, tileA), r.field(t, tileRows), r.field(t, tileInit)
	count := r.reg()
	acc := r.tileSums(mr, nv)
	var pixels []gp
	for range mr {
		pixels = append(pixels, r.reg())
	}
	r.ins("CBZ %s, zero", init)
	r.load(at(init, 0), acc[0]...)
	for _, row := range acc[1:] {
		for j, v := range row {
			r.move(v, acc[0][j])
		}
	}
	r.ins("B segment")
	r.clearSums(acc)

	// step multiplies the lane k of every pixel's values.
	step := func(a vectors, k int) {
		w := r.group(nv)
		r.load(post(b, nv*vectorBytes), w...)
		for i := range acc {
			for j := range w {
				r.with(func(n []int) string { return fmlaLane(n[0], n[1], n[2], k) }, acc[i][j], w[j], a[i])
			}
		}
	}
	r.label("segment")
	r.ins("MOVD %s, %s", segment, pixels[0])
	for i := 1; i < mr; i++ {
		r.ins("ADD %s, %s, %s", pitch, pixels[i-1], pixels[i])
	}
	r.ins("MOVD %d(%s), %s", tileLen, t, count)
	r.countdown("four", count, 4, func() {
		a := r.group(mr)
		for i, p := range pixels {
			r.load(post(p, vectorBytes), a[i])
		}
		for k := range 4 {
			step(a, k)
		}
	})
	r.ins("ADDS $4, %s, %s", count, count)
	r.ins("BEQ next")
	r.label("one")
	a := r.group(mr)
	for i, p := range pixels {
		r.loadOne(post(p, 4), a[i])
	}
	step(a, 0)
	r.ins("SUBS $1, %s, %s", count, count)
	r.ins("BNE one")
	r.label("next")
	r.ins("MOVD %d(%s), %s", tileARow, t, count)
	r.ins("ADD %s, %s, %s", count, segment, segment)
	r.ins("SUBS $1, %s, %s", rows, rows)
	r.ins("BNE segment")
	r.storeSums(t, acc, init, count)
}

// tileSums are the registers of vector j of row i of C.
func (r *routine) tileSums(mr, nv int) (acc []vectors) {
	for range mr {
		acc = append(acc, r.pinGroup(nv))
	}
	return acc
}

// clearSums sets the sums to zero; routines jump to it by the label "zero".
func (r *routine) clearSums(acc []vectors) {
	r.label("zero")
	for _, row := range acc {
		for _, v := range row {
			r.zero(v)
		}
	}
}

// storeSums writes the sums to C and returns. It overwrites two registers.
func (r *routine) storeSums(t gp, acc []vectors, c, pitch gp) {
	r.ins("MOVD %d(%s), %s", tileC, t, c)
	r.ins("MOVD %d(%s), %s", tileCPix, t, pitch)
	r.eachRow(acc, c, pitch, r.store)
	r.ret()
}

// eachRow loads or stores the rows of a tile.
func (r *routine) eachRow(acc []vectors, c, pitch gp, access func(memory, ...*vec)) {
	for i, row := range acc {
		access(at(c, 0), row...)
		if i < len(acc)-1 {
			r.ins("ADD %s, %s, %s", pitch, c, c)
		}
	}
}

// outerTile emits C[i][j] = init[i][j] + Σ A[pixel][i]·B[pixel][j] over tileImages
// images of tileRows rows of tileLen pixels, for mr values i and nv vectors j, both
// contiguous in their pixel.
func outerTile(f *file, mr, nv int) {
	r := f.routine(fmt.Sprintf("outerTile%dx%d", mr, nv), "t *tile", "")
	t := r.pointer("t")
	imageA, imageB, pitchA, pitchB, images := r.field(t, tileA), r.field(t, tileB), r.field(t, tileAPix), r.field(t, tileBPix), r.field(t, tileImages)
	rowA, rowB, rows, a, b, count, scratch := r.reg(), r.reg(), r.reg(), r.reg(), r.reg(), r.reg(), r.reg()
	acc := r.tileSums(mr, nv)
	r.ins("MOVD %d(%s), %s", tileInit, t, a)
	r.ins("CBZ %s, zero", a)
	r.ins("MOVD %d(%s), %s", tileCPix, t, b)
	r.eachRow(acc, a, b, r.load)
	r.ins("B image")
	r.clearSums(acc)
	r.label("image")
	r.ins("MOVD %s, %s", imageA, rowA)
	r.ins("MOVD %s, %s", imageB, rowB)
	r.ins("MOVD %d(%s), %s", tileRows, t, rows)
	r.label("row")
	r.ins("MOVD %s, %s", rowA, a)
	r.ins("MOVD %s, %s", rowB, b)
	r.ins("MOVD %d(%s), %s", tileLen, t, count)
	step := func() {
		w := r.group(nv)
		lane := r.valuesOf(a, mr)
		r.load(at(b, 0), w...)
		for i := range acc {
			v, l := lane(i)
			for j := range w {
				r.with(func(n []int) string { return fmlaLane(n[0], n[1], n[2], l) }, acc[i][j], w[j], v)
			}
		}
		r.ins("ADD %s, %s, %s", pitchA, a, a)
		r.ins("ADD %s, %s, %s", pitchB, b, b)
	}
	r.countdown("two", count, 2, func() {
		step()
		step()
	})
	r.ins("ADDS $2, %s, %s", count, count)
	r.ins("BEQ next")
	step()
	r.label("next")
	for _, move := range []struct {
		field int
		p     gp
	}{{tileARow, rowA}, {tileBRow, rowB}} {
		r.ins("MOVD %d(%s), %s", move.field, t, scratch)
		r.ins("ADD %s, %s, %s", scratch, move.p, move.p)
	}
	r.ins("SUBS $1, %s, %s", rows, rows)
	r.ins("BNE row")
	for _, move := range []struct {
		field int
		p     gp
	}{{tileAImage, imageA}, {tileBImage, imageB}} {
		r.ins("MOVD %d(%s), %s", move.field, t, scratch)
		r.ins("ADD %s, %s, %s", scratch, move.p, move.p)
	}
	r.ins("SUBS $1, %s, %s", images, images)
	r.ins("BNE image")
	r.storeSums(t, acc, a, b)
}

// valuesOf loads n contiguous floats, and none beyond, and says which lane of which
// register has the i-th: two vectors overlap where n is no multiple of 4.
func (r *routine) valuesOf(base gp, n int) func(i int) (*vec, int) {
	low := r.vec()
	switch n {
	case 1:
		r.loadOne(at(base, 0), low)
		return func(int) (*vec, int) { return low, 0 }
	case 2, 3:
		high := r.vec()
		r.access("FMOVD", at(base, 0), false, low)
		if n == 3 {
			r.loadOne(at(base, 8), high)
		}
		return func(i int) (*vec, int) {
			if i == 2 {
				return high, 0
			}
			return low, i
		}
	}
	r.load(at(base, 0), low)
	if n == 4 {
		return func(i int) (*vec, int) { return low, i }
	}
	high := r.vec()
	r.load(at(base, 4*(n-4)), high)
	return func(i int) (*vec, int) {
		if i < 4 {
			return low, i
		}
		return high, i - (n - 4)
	}
}

// tileTable adds a table of the tiles of a kind, by vectors and rows.
func (s *stubs) tileTable(kind string) {
	fmt.Fprintf(&s.tables, "\nvar %sTilesNEON = [3][%d]func(*tile){\n", kind, maxRows+1)
	for nv := 1; nv <= 2; nv++ {
		fmt.Fprintf(&s.tables, "\t%d: {", nv)
		for mr := 1; mr <= maxRows; mr++ {
			if mr > 1 {
				s.tables.WriteString(", ")
			}
			fmt.Fprintf(&s.tables, "%d: %sTile%dx%dNEON", mr, kind, mr, nv)
		}
		s.tables.WriteString("},\n")
	}
	s.tables.WriteString("}\n")
}
