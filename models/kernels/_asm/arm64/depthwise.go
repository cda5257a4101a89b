package main

import "fmt"

// Byte offsets of the fields of kernels.depthTile, the argument block.
const (
	depthX     = 8 * iota // first pixel's first channel, where the first tap meets it
	depthXPix             // bytes from what one output pixel reads to what the next does
	depthW                // weights, channels innermost
	depthInit             // starting values of the channels
	depthTaps             // pairs of bytes from X and from W
	depthCount            // how many taps
	depthY
	depthYPix
	depthVectors // of channels
)

// depthRows is how many pixels a tile has at most.
const depthRows = 4

// depthwise emits y[i][c] = init[c] + Σ_tap x[i][tap][c]·w[tap][c] for 1 to 4 pixels i
// and whole vectors of channels c, of which two are taken at a time, then one.
func depthwise(f *file) {
	for rows := 1; rows <= depthRows; rows++ {
		depthTile(f, rows)
	}
}

func depthTile(f *file, rows int) {
	r := f.routine(fmt.Sprintf("depthTile%d", rows), "t *depthTile", "")
	t := r.pointer("t")
	x, xPix, w, init := r.field(t, depthX), r.field(t, depthXPix), r.field(t, depthW), r.field(t, depthInit)
	y, yPix, left := r.field(t, depthY), r.field(t, depthYPix), r.field(t, depthVectors)
	taps, count, px, pw := r.reg(), r.reg(), r.reg(), r.reg()
	acc := r.tileSums(rows, 2)

	block := func(name string, nv int) {
		for i, row := range acc {
			if i == 0 {
				r.load(post(init, nv*vectorBytes), row[:nv]...)
				continue
			}
			for j := range nv {
				r.move(row[j], acc[0][j])
			}
		}
		r.ins("MOVD %d(%s), %s", depthTaps, t, taps)
		r.ins("MOVD %d(%s), %s", depthCount, t, count)
		r.label(name)
		r.ins("LDP.P 16(%s), (%s, %s)", taps, px, pw)
		r.ins("ADD %s, %s, %s", x, px, px)
		r.ins("ADD %s, %s, %s", w, pw, pw)
		weights := r.group(nv)
		r.load(at(pw, 0), weights...)
		for i, row := range acc {
			a := r.group(nv)
			r.load(at(px, 0), a...)
			if i < len(acc)-1 {
				r.ins("ADD %s, %s, %s", xPix, px, px)
			}
			for j := range nv {
				r.do(fmla, row[j], a[j], weights[j])
			}
		}
		r.ins("SUBS $1, %s, %s", count, count)
		r.ins("BNE %s", name)
		r.ins("MOVD %s, %s", y, px)
		for i, row := range acc {
			r.store(at(px, 0), row[:nv]...)
			if i < len(acc)-1 {
				r.ins("ADD %s, %s, %s", yPix, px, px)
			}
		}
		for _, p := range []gp{x, w, y} {
			r.ins("ADD $%d, %s, %s", nv*vectorBytes, p, p)
		}
	}
	r.countdown("two", left, 2, func() { block("tap2", 2) })
	r.ins("ADDS $2, %s, %s", left, left)
	r.ins("BEQ done")
	block("tap1", 1)
	r.label("done")
	r.ret()
}
