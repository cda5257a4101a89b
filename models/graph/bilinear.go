package graph

import (
	"fmt"

	"innate/models/kernels"
)

// bilinearAttr names both sizes, since the adjoint needs the one it ends at.
type bilinearAttr struct {
	ih, iw, oh, ow int
	corners        bool
}

var (
	// bilinearDef: x [N ih iw C] to [N oh ow C].
	bilinearDef = register(&Def{Name: "bilinear", Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(bilinearAttr)
		return bilinearShape(in[0], a.ih, a.iw, a.oh, a.ow)
	}}, bilinearKernel)

	// bilinearAdjointDef: dy [N oh ow C] to [N ih iw C].
	bilinearAdjointDef = register(&Def{Name: "bilinear_adjoint", Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(bilinearAttr)
		return bilinearShape(in[0], a.oh, a.ow, a.ih, a.iw)
	}}, bilinearAdjointKernel)
)

func init() { // here, since the gradients refer to each other
	bilinearDef.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		return []Node{g.Apply(bilinearAdjointDef, c.Attr, dy)}
	}
	bilinearAdjointDef.Grad = func(g *Builder, c Call, dx Node, need []bool) []Node {
		return []Node{g.Apply(bilinearDef, c.Attr, dx)}
	}
}

// Bilinear resizes x [N H W C] to [N h w C] by bilinear interpolation without
// antialiasing. Pixel centres lie at half positions, or, with alignCorners, the
// corner pixels of both sizes coincide (torch's align_corners).
func (g *Builder) Bilinear(x Node, h, w int, alignCorners bool) Node {
	s := x.Shape()
	if len(s) != 4 {
		g.failf("bilinear: input %v, want [N H W C]", []int(s))
	}
	if s[1] == h && s[2] == w {
		return x
	}
	return g.Apply(bilinearDef, bilinearAttr{s[1], s[2], h, w, alignCorners}, x)
}

func bilinearShape(x Shape, fromH, fromW, toH, toW int) (Shape, error) {
	switch {
	case len(x) != 4 || x[1] != fromH || x[2] != fromW:
		return nil, fmt.Errorf("input %v, want [N %d %d C]", x, fromH, fromW)
	case toH < 1 || toW < 1:
		return nil, fmt.Errorf("output size %dx%d, want at least 1x1", toH, toW)
	}
	return Shape{x[0], toH, toW, x[3]}, nil
}

// sample says that an output value is (1-t)·input[lo] + t·input[hi].
type sample struct {
	lo, hi int
	t      float32
}

// samples lists where the n outputs of an axis lie among its size inputs.
func samples(size, n int, corners bool) []sample {
	s := make([]sample, n)
	for i := range s {
		var pos float64
		switch {
		case !corners:
			pos = max(0, (float64(i)+0.5)*float64(size)/float64(n)-0.5)
		case n > 1:
			pos = float64(i) * float64(size-1) / float64(n-1)
		}
		lo := min(int(pos), size-1)
		s[i] = sample{lo, lo + 1, float32(pos - float64(lo))}
		if lo == size-1 {
			s[i] = sample{lo, lo, 0}
		}
	}
	return s
}

// term is one summand of the adjoint along y: weight·output row at.
type term struct {
	at     int
	weight float32
}

// terms lists for every input the outputs that it took part in.
func terms(size int, ss []sample) [][]term {
	t := make([][]term, size)
	for i, s := range ss {
		t[s.lo] = append(t[s.lo], term{i, 1 - s.t})
		if s.t != 0 {
			t[s.hi] = append(t[s.hi], term{i, s.t})
		}
	}
	return t
}

// bilinearKernel interpolates along x once for every input row, then along y
// between whole rows.
func bilinearKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a, x := attr.(bilinearAttr), in[0]
	c := x.Shape[3]
	ys, xs := samples(a.ih, a.oh, a.corners), samples(a.iw, a.ow, a.corners)
	// Neighbouring input rows differ in parity, so the two that an output row
	// needs never displace each other.
	type scratch struct {
		rows [2][]float32
		held [2]int // which input row of the batch
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i].rows = [2][]float32{make([]float32, a.ow*c), make([]float32, a.ow*c)}
	}
	row := func(s *scratch, i int) []float32 {
		if s.held[i&1] != i {
			s.held[i&1] = i
			interpolate(s.rows[i&1], x.Data[i*a.iw*c:][:a.iw*c], xs, c)
		}
		return s.rows[i&1]
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		s.held = [2]int{-1, -1} // of an earlier run
		for r := lo; r < hi; r++ {
			y, first := ys[r%a.oh], r/a.oh*a.ih
			o := out.Data[r*a.ow*c:][:a.ow*c]
			copy(o, row(s, first+y.lo))
			if y.t != 0 {
				kernels.Lerp(o, row(s, first+y.hi), y.t)
			}
		}
	}
	return rowLoop(pool, x.Shape[0]*a.oh, rowGrain(a.ow*c), body)
}

// interpolate fills a row of pixels of c channels from another.
func interpolate(dst, src []float32, xs []sample, c int) {
	for p, s := range xs {
		o, a, b := dst[p*c:][:c], src[s.lo*c:][:c], src[s.hi*c:][:c]
		if c < 8 {
			for i := range o {
				o[i] = a[i] + float32(s.t*(b[i]-a[i]))
			}
			continue
		}
		copy(o, a)
		if s.t != 0 {
			kernels.Lerp(o, b, s.t)
		}
	}
}

// bilinearAdjointKernel sums the rows of dy that each input row took part in,
// then splits that row between its pixels' two sources.
func bilinearAdjointKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a, dy := attr.(bilinearAttr), in[0]
	c := dy.Shape[3]
	ys := terms(a.ih, samples(a.ih, a.oh, a.corners))
	xs := samples(a.iw, a.ow, a.corners)
	share := make([]float32, a.ow*c) // what the right source gets
	for i := range share {
		share[i] = xs[i/c].t
	}
	type scratch struct{ row, part []float32 }
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{make([]float32, a.ow*c), make([]float32, a.ow*c)}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		for r := lo; r < hi; r++ {
			image := dy.Data[r/a.ih*a.oh*a.ow*c:]
			clear(s.row)
			for _, t := range ys[r%a.ih] {
				kernels.Scale(s.part, image[t.at*a.ow*c:][:len(s.part)], t.weight)
				kernels.Add(s.row, s.row, s.part)
			}
			kernels.Mul(s.part, s.row, share)
			kernels.Sub(s.row, s.row, s.part)
			scatter(out.Data[r*a.iw*c:][:a.iw*c], s.row, s.part, xs, c)
		}
	}
	return rowLoop(pool, dy.Shape[0]*a.ih, rowGrain(2*a.ow*c), body)
}

// scatter is the adjoint of interpolate: left and right are the shares of the
// two sources of every pixel.
func scatter(dst, left, right []float32, xs []sample, c int) {
	clear(dst)
	for p, s := range xs {
		lo, hi := dst[s.lo*c:][:c], dst[s.hi*c:][:c]
		l, r := left[p*c:][:c], right[p*c:][:c]
		if c < 8 {
			for i := range lo {
				lo[i] += l[i]
				hi[i] += r[i]
			}
			continue
		}
		kernels.Add(lo, lo, l)
		if s.t != 0 {
			kernels.Add(hi, hi, r)
		}
	}
}
