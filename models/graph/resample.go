package graph

import (
	"fmt"
	"slices"

	"innate/models/kernels"
)

// resampleAttr describes a separable two-fold resampling by a symmetric filter.
// Along each axis the weights are taps[i]·gain/Σtaps. Both directions use the
// same attribute (up also names its output size), which makes one the adjoint
// of the other for every padding and gain.
type resampleAttr struct {
	taps [4]int // filter; the first n are used
	n    int    // 2 or 4
	pad  int    // zero pixels before and after each axis of the large side
	gain int    // per axis: 1 averages, 2 keeps the mean when up-sampling
	h, w int    // up only: the large side
}

// weights are the filter along one axis.
func (a resampleAttr) weights() []float32 {
	sum := 0
	for _, t := range a.taps[:a.n] {
		sum += t
	}
	f := make([]float32, a.n)
	for i := range f {
		f[i] = float32(a.taps[i]*a.gain) / float32(sum)
	}
	return f
}

// small is the size of the small side that belongs to the large side n.
func (a resampleAttr) small(n int) int {
	if n+2*a.pad < a.n {
		return 0
	}
	return (n+2*a.pad-a.n)/2 + 1
}

var (
	// downsampleDef: x [N H W C] to [N h w C], h = (H+2·pad-n)/2+1; a depthwise
	// convolution with stride 2.
	downsampleDef = register(&Def{Name: "downsample2", Shape: downsampleShape}, downsampleKernel)

	// upsampleDef: x [N h w C] to [N H W C]; the transposed convolution.
	upsampleDef = register(&Def{Name: "upsample2", Shape: upsampleShape}, upsampleKernel)
)

func init() { // here, since the gradients refer to each other
	downsampleDef.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		a := c.Attr.(resampleAttr)
		a.h, a.w = c.In[0].Shape()[1], c.In[0].Shape()[2]
		return []Node{g.Apply(upsampleDef, a, dy)}
	}
	upsampleDef.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		a := c.Attr.(resampleAttr)
		a.h, a.w = 0, 0
		return []Node{g.Apply(downsampleDef, a, dy)}
	}
}

// Upsample2 doubles height and width of x [N H W C] by the transposed depthwise
// convolution with the filter taps⊗taps, normalised to a sum of 4 (EDM's
// resample_filter). Taps are [1 1] (nearest neighbour) or [1 3 3 1].
func (g *Builder) Upsample2(x Node, taps []int) Node {
	a := g.newResampleAttr("upsample2", taps)
	s := x.Shape()
	if len(s) != 4 {
		g.failf("upsample2: input %v, want [N H W C]", []int(s))
	}
	a.pad, a.gain, a.h, a.w = (a.n-1)/2, 2, 2*s[1], 2*s[2]
	return g.Apply(upsampleDef, a, x)
}

// Downsample2 halves height and width of x [N H W C] by the depthwise
// convolution with the filter taps⊗taps, normalised to a sum of 1, stride 2 and
// zero padding pad: (n-1)/2 to halve exactly, 0 after a convolution that was
// padded more (EDM's aux_residual). Taps are [1 1] (mean of 2x2) or [1 3 3 1].
func (g *Builder) Downsample2(x Node, taps []int, pad int) Node {
	a := g.newResampleAttr("downsample2", taps)
	a.pad, a.gain = pad, 1
	return g.Apply(downsampleDef, a, x)
}

// newResampleAttr checks the filter of operation op.
func (g *Builder) newResampleAttr(op string, taps []int) resampleAttr {
	a := resampleAttr{n: len(taps)}
	copy(a.taps[:], taps)
	if !slices.Equal(taps, []int{1, 1}) && !slices.Equal(taps, []int{1, 3, 3, 1}) {
		g.failf("%s: taps %v, want [1 1] or [1 3 3 1]", op, taps)
	}
	return a
}

func downsampleShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(resampleAttr), in[0]
	if len(x) != 4 {
		return nil, fmt.Errorf("input %v, want [N H W C]", x)
	}
	if a.pad < 0 || a.pad >= a.n {
		return nil, fmt.Errorf("padding %d, want 0 to %d", a.pad, a.n-1)
	}
	h, w := a.small(x[1]), a.small(x[2])
	if h < 1 || w < 1 {
		return nil, fmt.Errorf("input %v padded by %d is smaller than the %d taps", x, a.pad, a.n)
	}
	return Shape{x[0], h, w, x[3]}, nil
}

func upsampleShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(resampleAttr), in[0]
	if len(x) != 4 {
		return nil, fmt.Errorf("input %v, want [N H W C]", x)
	}
	if a.small(a.h) != x[1] || a.small(a.w) != x[2] {
		return nil, fmt.Errorf("input %v for output %dx%d, want %dx%d", x, a.h, a.w, a.small(a.h), a.small(a.w))
	}
	return Shape{x[0], a.h, a.w, x[3]}, nil
}

// imageRow is row y of image n of a [N H W C] buffer, or zeros beside it.
func imageRow(b Buf, n, y int, zeros []float32) []float32 {
	h, rowLen := b.Shape[1], b.Shape[2]*b.Shape[3]
	if y < 0 || y >= h {
		return zeros[:rowLen]
	}
	return b.Data[(n*h+y)*rowLen:][:rowLen]
}

// rowGrain is how many image rows of n values one job takes.
func rowGrain(n int) int { return max(1, 4*blockFloats/n) }

// downsampleKernel filters along y into one row, parts its pixels by parity
// into two planes and filters along x with long vectors.
func downsampleKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a, x := attr.(resampleAttr), in[0]
	f := a.weights()
	w, c := x.Shape[2], x.Shape[3]
	oh, ow := out.Shape[1], out.Shape[2]
	zeros := make([]float32, w*c)
	type scratch struct {
		row, sum  []float32
		even, odd []float32 // pixels of the padded row by parity; the padding stays zero
	}
	workers := make([]scratch, pool.Threads())
	plane := (ow + 1) * c
	for i := range workers {
		workers[i] = scratch{make([]float32, w*c), make([]float32, max(w, ow)*c), make([]float32, plane), make([]float32, plane)}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		for r := lo; r < hi; r++ {
			n, y := r/oh, r%oh*2-a.pad
			o := out.Data[r*ow*c:][:ow*c]
			if a.n == 2 {
				kernels.AddScaled(s.row, imageRow(x, n, y, zeros), imageRow(x, n, y+1, zeros), f[0])
			} else {
				kernels.AddScaled(s.row, imageRow(x, n, y+1, zeros), imageRow(x, n, y+2, zeros), f[1])
				kernels.AddScaled(s.sum, imageRow(x, n, y, zeros), imageRow(x, n, y+3, zeros), f[0])
				kernels.Add(s.row, s.row, s.sum)
			}
			for p := a.pad; p < min(w+a.pad, 2*(ow+1)); p++ {
				half := s.even
				if p&1 == 1 {
					half = s.odd
				}
				copy(half[p/2*c:][:c], s.row[(p-a.pad)*c:])
			}
			if a.n == 2 {
				kernels.AddScaled(o, s.even[:ow*c], s.odd[:ow*c], f[0])
			} else {
				kernels.AddScaled(o, s.odd[:ow*c], s.even[c:], f[1])
				kernels.AddScaled(s.sum[:ow*c], s.even[:ow*c], s.odd[c:], f[0])
				kernels.Add(o, o, s.sum[:ow*c])
			}
		}
	}
	return rowLoop(pool, x.Shape[0]*oh, rowGrain(2*w*c), body)
}

// upsampleKernel handles two taps by copying pixels, four taps as
// downsampleKernel does, in reverse.
func upsampleKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a := attr.(resampleAttr)
	if a.n == 2 && a.pad == 0 {
		return upsampleNearest(pool, a, out, in[0])
	}
	return upsampleFiltered(pool, a, out, in[0])
}

func upsampleNearest(pool *kernels.Pool, a resampleAttr, out, x Buf) func() {
	f := a.weights()[0]
	w, c := x.Shape[2], x.Shape[3]
	oh, ow := out.Shape[1], out.Shape[2]
	scaled := make([][]float32, pool.Threads())
	for i := range scaled {
		scaled[i] = make([]float32, w*c)
	}
	zeros := make([]float32, w*c)
	body := func(worker, lo, hi int) {
		for r := lo; r < hi; r++ {
			row := imageRow(x, r/oh, r%oh/2, zeros) // an odd last row gets zeros
			if f != 1 {
				kernels.Scale(scaled[worker], row, f*f)
				row = scaled[worker]
			}
			o := out.Data[r*ow*c:][:ow*c]
			for p := 0; p < ow; p++ {
				if p/2 < w {
					copy(o[p*c:][:c], row[p/2*c:])
				} else {
					clear(o[p*c:])
				}
			}
		}
	}
	return rowLoop(pool, x.Shape[0]*oh, rowGrain(ow*c), body)
}

func upsampleFiltered(pool *kernels.Pool, a resampleAttr, out, x Buf) func() {
	f := append(a.weights(), 0, 0) // two taps: the second of each pair is zero
	w, c := x.Shape[2], x.Shape[3]
	oh, ow := out.Shape[1], out.Shape[2]
	plane := ((ow-1+a.pad)/2 + 1) * c
	zeros := make([]float32, w*c)
	type scratch struct {
		row    []float32 // filtered along y, a zero pixel in front, zeros behind
		sum    []float32
		planes [2][]float32 // output pixels by parity of their padded position
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{
			row: make([]float32, max(plane, w*c)+c), sum: make([]float32, max(plane, w*c)),
			planes: [2][]float32{make([]float32, plane), make([]float32, plane)},
		}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		for r := lo; r < hi; r++ {
			n, q := r/oh, r%oh+a.pad
			row, sum := s.row[c:][:w*c], s.sum[:w*c]
			kernels.Scale(row, imageRow(x, n, q/2, zeros), f[q&1])
			kernels.Scale(sum, imageRow(x, n, q/2-1, zeros), f[q&1+2])
			kernels.Add(row, row, sum)
			for parity, o := range s.planes {
				kernels.Scale(o, s.row[c:][:plane], f[parity])
				kernels.Scale(s.sum[:plane], s.row[:plane], f[parity+2])
				kernels.Add(o, o, s.sum[:plane])
			}
			o := out.Data[r*ow*c:][:ow*c]
			for p := 0; p < ow; p++ {
				q := p + a.pad
				copy(o[p*c:][:c], s.planes[q&1][q/2*c:])
			}
		}
	}
	return rowLoop(pool, x.Shape[0]*oh, rowGrain(ow*c), body)
}
