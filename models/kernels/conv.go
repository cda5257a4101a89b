package kernels

import "fmt"

// ConvShape describes a convolution: x [N H W Ci], w [Co Ci K K+Wide], y [N oh ow Co],
// zero padding of Pad above and below, of Pad+Wide/2 left and right. Wide is 0 for
// square kernels, even, and negative for ones that are higher than wide.
type ConvShape struct{ N, H, W, Ci, Co, K, Stride, Pad, Wide int }

// Out is the height and width of the output.
func (s ConvShape) Out() (oh, ow int) {
	return (s.H+2*s.Pad-s.K)/s.Stride + 1, (s.W+2*s.Pad-s.K)/s.Stride + 1
}

// columns is the width of the kernel, and padColumns that of its padding on a side.
func (s ConvShape) columns() int    { return s.K + s.Wide }
func (s ConvShape) padColumns() int { return s.Pad + s.Wide/2 }

// taps is the number of values in a kernel.
func (s ConvShape) taps() int { return s.K * s.columns() }

// check panics unless the shape is one that the kernels handle.
func (s ConvShape) check() {
	switch {
	case s.N < 1 || s.H < 1 || s.W < 1 || s.Ci < 1 || s.Co < 1:
		panic(fmt.Sprintf("kernels: convolution %+v, want positive sizes", s))
	case s.K < 1 || s.K > 7 || s.columns() < 1 || s.columns() > 7 || s.Wide%2 != 0:
		panic(fmt.Sprintf("kernels: convolution %+v, want kernels of 1 to 7 rows and columns, and an even Wide", s))
	case s.Stride < 1 || s.Stride > 2 || s.Pad < 0 || s.padColumns() < 0:
		panic(fmt.Sprintf("kernels: convolution %+v, want Stride 1 or 2, Pad and Pad+Wide/2 0 or more", s))
	case s.K > s.H+2*s.Pad || s.columns() > s.W+2*s.padColumns():
		panic(fmt.Sprintf("kernels: convolution %+v, want a kernel no larger than the padded input", s))
	}
}

// sizes is the number of values in x, w and y.
func (s ConvShape) sizes() (x, w, y int) {
	oh, ow := s.Out()
	return s.N * s.H * s.W * s.Ci, s.Co * s.Ci * s.taps(), s.N * oh * ow * s.Co
}

// length panics unless tensor name of a call has the wanted number of values.
func length(call, name string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("kernels.%s: %s has %d values, want %d", call, name, got, want))
	}
}

// ConvForward is a prepared y = x ⋆ w + bias: one Run at a time.
type ConvForward struct {
	shape ConvShape
	c     correlator
}

// correlator is a prepared correlation: the general one, the narrow one or
// Winograd's.
type correlator interface {
	run(x, w, bias, y []float32)
}

// NewConvForward prepares the forward pass of one shape, with memory from m; a bad
// shape panics. Every run packs the weight, unless it is kept.
func NewConvForward(p *Pool, s ConvShape, m *Region, kept *Packed) *ConvForward {
	s.check()
	oh, ow := s.Out()
	rows, columns := s.axes()
	if tile := active.winogradTile(s); tile > 0 {
		out := extent{oh, ow, s.Co}
		y, x := rows.forward(), columns.forward()
		y.step, x.step = s.Stride, s.Stride // within a phase
		c := &winograd{
			tiling: newTiling(tile, s, out).strided(s.Stride),
			in:     extent{s.H, s.W, s.Ci}, out: out, n: s.N, columns: s.columns(), outStep: 1,
			passes:    []winogradPass{{y: y, x: x, ny: oh, nx: ow}},
			outStride: s.Ci * s.taps(), inStride: s.taps(), kept: kept,
		}
		c.plan(p, m)
		return &ConvForward{s, c}
	}
	if active.useNarrow(s, s.Ci, s.Co) {
		c := &narrow{
			in: extent{s.H, s.W, s.Ci}, out: extent{oh, ow, s.Co}, n: s.N, k: s.K, pad: s.Pad,
			outStride: s.Ci * s.K * s.K, inStride: s.K * s.K, kept: kept,
		}
		c.plan(p, m)
		return &ConvForward{s, c}
	}
	c := &correlation{
		in: extent{s.H, s.W, s.Ci}, out: extent{oh, ow, s.Co}, n: s.N,
		inStep: s.Stride, outStep: 1,
		outStride: s.Ci * s.taps(), inStride: s.taps(), columns: s.columns(), kept: kept,
	}
	c.phases = []phase{{y: rows.forward(), x: columns.forward(), ny: oh, nx: ow}}
	c.plan(p, m)
	return &ConvForward{s, c}
}

// Run computes y [N oh ow Co] from x [N H W Ci], w [Co Ci K K+Wide] and bias [Co],
// which may be nil.
func (f *ConvForward) Run(x, w, bias, y []float32) {
	nx, nw, ny := f.shape.sizes()
	length("ConvForward", "x", len(x), nx)
	length("ConvForward", "w", len(w), nw)
	length("ConvForward", "y", len(y), ny)
	if bias != nil {
		length("ConvForward", "bias", len(bias), f.shape.Co)
	}
	f.c.run(x, w, bias, y)
}

// ConvGradInput is a prepared gradient of ConvForward with respect to x: one Run
// at a time.
type ConvGradInput struct {
	shape ConvShape
	c     correlator
}

// NewConvGradInput prepares the input gradient of one shape, with memory from m;
// a bad shape panics. Every run packs the weight, unless it is kept.
//
// Pixels h of dx fall into phases by (h+Pad) mod Stride. Within a phase only
// every Stride-th kernel row meets dy, and dx is a dense correlation of dy with
// those rows in reverse: h = Stride·u + phase − Pad collects
// dy[u−j]·w[phase+Stride·j] over j. No product with an inserted zero is made.
func NewConvGradInput(p *Pool, s ConvShape, m *Region, kept *Packed) *ConvGradInput {
	s.check()
	oh, ow := s.Out()
	phases := s.gradPhases()
	if tile := active.winogradTile(s); tile > 0 {
		// Phases differ by a row or a column at most: tiles are those of the largest.
		c := &winograd{
			tiling: newTiling(tile, s, extent{ceilDiv(s.H, s.Stride), ceilDiv(s.W, s.Stride), s.Ci}),
			in:     extent{oh, ow, s.Co}, out: extent{s.H, s.W, s.Ci}, n: s.N, columns: s.columns(), outStep: s.Stride,
			outStride: s.taps(), inStride: s.Ci * s.taps(), kept: kept,
		}
		for _, f := range phases {
			c.passes = append(c.passes, winogradPass{y: f.y, x: f.x, y0: f.y0, x0: f.x0, ny: f.ny, nx: f.nx})
		}
		c.plan(p, m)
		return &ConvGradInput{s, c}
	}
	if active.useNarrow(s, s.Co, s.Ci) {
		c := &narrow{
			in: extent{oh, ow, s.Co}, out: extent{s.H, s.W, s.Ci}, n: s.N, k: s.K, pad: s.K - 1 - s.Pad,
			reverse: true, outStride: s.K * s.K, inStride: s.Ci * s.K * s.K, kept: kept,
		}
		c.plan(p, m)
		return &ConvGradInput{s, c}
	}
	c := &correlation{
		in: extent{oh, ow, s.Co}, out: extent{s.H, s.W, s.Ci}, n: s.N,
		inStep: 1, outStep: s.Stride,
		outStride: s.taps(), inStride: s.Ci * s.taps(), columns: s.columns(), kept: kept,
	}
	c.phases = phases
	c.plan(p, m)
	return &ConvGradInput{s, c}
}

// gradPhases are the phases of dx.
func (s ConvShape) gradPhases() (phases []phase) {
	rows, columns := s.axes()
	for py := range s.Stride {
		for px := range s.Stride {
			f := phase{y: rows.gradTaps(py), x: columns.gradTaps(px)}
			f.y0, f.x0 = rows.gradStart(py), columns.gradStart(px)
			f.ny = ceilDiv(max(s.H-f.y0, 0), s.Stride)
			f.nx = ceilDiv(max(s.W-f.x0, 0), s.Stride)
			if f.ny > 0 && f.nx > 0 {
				phases = append(phases, f)
			}
		}
	}
	return phases
}

// convAxis is a convolution along the rows or the columns of images.
type convAxis struct{ k, pad, stride int }

func (s ConvShape) axes() (rows, columns convAxis) {
	return convAxis{s.K, s.Pad, s.Stride}, convAxis{s.columns(), s.padColumns(), s.Stride}
}

// forward is the kernel rows, or columns, that y collects from.
func (a convAxis) forward() axisTaps { return axisTaps{count: a.k, first: 0, step: 1, origin: -a.pad} }

// gradStart is the first row or column of dx in a phase.
func (a convAxis) gradStart(phase int) int {
	return ((phase-a.pad)%a.stride + a.stride) % a.stride
}

// gradTaps is the kernel rows, or columns, that a phase of dx collects from.
func (a convAxis) gradTaps(phase int) axisTaps {
	count := ceilDiv(max(a.k-phase, 0), a.stride)
	u := (a.gradStart(phase) + a.pad - phase) / a.stride
	return axisTaps{
		count: count, first: phase + a.stride*(count-1), step: -a.stride,
		origin: u - (count - 1),
	}
}

// Run computes dx [N H W Ci] from dy [N oh ow Co] and w [Co Ci K K+Wide].
func (g *ConvGradInput) Run(dy, w, dx []float32) {
	nx, nw, ny := g.shape.sizes()
	length("ConvGradInput", "dy", len(dy), ny)
	length("ConvGradInput", "w", len(w), nw)
	length("ConvGradInput", "dx", len(dx), nx)
	g.c.run(dy, w, nil, dx)
}

// ConvGradWeight is a prepared gradient of ConvForward with respect to w: one Run
// at a time.
type ConvGradWeight struct {
	shape ConvShape
	g     interface{ run(x, dy, dw []float32) }
}

// NewConvGradWeight prepares the weight gradient of one shape, with memory from
// m; a bad shape panics.
func NewConvGradWeight(p *Pool, s ConvShape, m *Region) *ConvGradWeight {
	s.check()
	if tile := active.winogradTile(s); tile > 0 {
		oh, ow := s.Out()
		out := extent{oh, ow, s.Co}
		g := &winogradGradWeight{tiling: newTiling(tile, s, out).strided(s.Stride), n: s.N, in: extent{s.H, s.W, s.Ci}, out: out, pad: s.Pad}
		g.plan(p, m)
		return &ConvGradWeight{s, g}
	}
	return &ConvGradWeight{s, newGradWeight(p, s, m)}
}

// Run computes dw [Co Ci K K+Wide] from x [N H W Ci] and dy [N oh ow Co].
func (g *ConvGradWeight) Run(x, dy, dw []float32) {
	nx, nw, ny := g.shape.sizes()
	length("ConvGradWeight", "x", len(x), nx)
	length("ConvGradWeight", "dy", len(dy), ny)
	length("ConvGradWeight", "dw", len(dw), nw)
	g.g.run(x, dy, dw)
}
