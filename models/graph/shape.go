package graph

import (
	"fmt"

	"innate/models/kernels"
)

var reshapeDef, stopGradientDef, concatDef, sliceDef, spreadDef *Def

func init() {
	reshapeDef = register(&Def{Name: "reshape", Alias: true, Shape: reshapeShape, Grad: reshapeGrad}, nil)
	stopGradientDef = register(&Def{Name: "stop_gradient", Alias: true, Shape: sameShape, NoGrad: 1}, nil)
	concatDef = register(&Def{Name: "concat", Shape: concatShape, Grad: concatGrad}, concatKernel)
	sliceDef = register(&Def{Name: "slice", Shape: sliceShape, Grad: sliceGrad}, sliceKernel)
	spreadDef = register(&Def{Name: "spread", Shape: spreadShape, Grad: spreadGrad}, spreadKernel)
}

// Reshape gives x another shape of the same size, without a copy.
func (g *Builder) Reshape(x Node, shape ...int) Node {
	if x.Shape().Equal(shape) {
		return x
	}
	if len(shape) > maxRank {
		g.failf("reshape %v to %v: want at most %d axes", []int(x.Shape()), shape, maxRank)
	}
	return g.Apply(reshapeDef, keyOf(shape), x)
}

// StopGradient is x as a constant: no gradient flows through it.
func (g *Builder) StopGradient(x Node) Node { return g.Apply(stopGradientDef, nil, x) }

// Concat joins nodes along their last axis; the other axes are equal.
func (g *Builder) Concat(in ...Node) Node {
	switch len(in) {
	case 0:
		g.failf("concat: no inputs")
	case 1:
		return in[0]
	}
	return g.Apply(concatDef, nil, in...)
}

// Slice takes elements lo to hi-1 of the last axis.
func (g *Builder) Slice(x Node, lo, hi int) Node {
	return g.Apply(sliceDef, stride{lo: lo, hi: hi, step: 1, size: x.Shape().Last()}, x)
}

// SliceStep takes elements offset, offset+step, … of the last axis.
func (g *Builder) SliceStep(x Node, offset, step int) Node {
	n := x.Shape().Last()
	return g.Apply(sliceDef, stride{lo: offset, hi: n, step: step, size: n}, x)
}

// PadSlice is the adjoint of Slice: x becomes elements lo to lo+K-1 of a last
// axis of that size, the others are zero.
func (g *Builder) PadSlice(x Node, lo, size int) Node {
	return g.Apply(spreadDef, stride{lo: lo, hi: lo + x.Shape().Last(), step: 1, size: size}, x)
}

// PadSliceStep is the adjoint of SliceStep.
func (g *Builder) PadSliceStep(x Node, offset, step, size int) Node {
	return g.Apply(spreadDef, stride{lo: offset, hi: size, step: step, size: size}, x)
}

// stride selects elements lo, lo+step, … below hi of a last axis of that size.
type stride struct{ lo, hi, step, size int }

func (s stride) count() int { return (s.hi - s.lo + s.step - 1) / s.step }

func (s stride) check() error {
	if s.lo < 0 || s.step < 1 || s.hi > s.size || s.lo >= s.hi {
		return fmt.Errorf("elements %d to %d step %d of %d", s.lo, s.hi, s.step, s.size)
	}
	return nil
}

func reshapeShape(attr any, in []Shape) (Shape, error) {
	s := attr.(shapeKey).shape()
	for _, d := range s {
		if d <= 0 {
			return nil, fmt.Errorf("to %v: want positive sizes", []int(s))
		}
	}
	if s.Size() != in[0].Size() {
		return nil, fmt.Errorf("to %v: %d values, want %d", []int(s), in[0].Size(), s.Size())
	}
	return s, nil
}

func reshapeGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Reshape(dy, c.In[0].Shape()...)}
}

func concatShape(_ any, in []Shape) (Shape, error) {
	total := 0
	for _, s := range in {
		if len(s) == 0 || !s.withLast(1).Equal(in[0].withLast(1)) {
			return nil, fmt.Errorf("want equal shapes but for the last axis")
		}
		total += s.Last()
	}
	return in[0].withLast(total), nil
}

func concatGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	lo := 0
	grads := make([]Node, len(need))
	for i, x := range c.In {
		hi := lo + x.Shape().Last()
		if need[i] {
			grads[i] = g.Slice(dy, lo, hi)
		}
		lo = hi
	}
	return grads
}

func concatKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	y, c := out.Data, out.Shape.Last()
	return parallel(pool, len(y)/c, grainFor(c), func(lo, hi int) {
		at := 0
		for _, x := range in {
			n := x.Shape.Last()
			for r := lo; r < hi; r++ {
				copy(y[r*c+at:r*c+at+n], x.Data[r*n:(r+1)*n])
			}
			at += n
		}
	})
}

func sliceShape(attr any, in []Shape) (Shape, error) {
	s := attr.(stride)
	if err := wantAxes(in[0], 1); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return in[0].withLast(s.count()), nil
}

func sliceGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(spreadDef, c.Attr, dy)}
}

func sliceKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	s := attr.(stride)
	y, x, n := out.Data, in[0].Data, s.count()
	return parallel(pool, len(y)/n, grainFor(n), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			dst, src := y[r*n:(r+1)*n], x[r*s.size+s.lo:(r+1)*s.size]
			if s.step == 1 {
				copy(dst, src)
				continue
			}
			for i := range dst {
				dst[i] = src[i*s.step]
			}
		}
	})
}

func spreadShape(attr any, in []Shape) (Shape, error) {
	s := attr.(stride)
	if err := wantAxes(in[0], 1); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.count() != in[0].Last() {
		return nil, fmt.Errorf("want a last axis of %d", s.count())
	}
	return in[0].withLast(s.size), nil
}

func spreadGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(sliceDef, c.Attr, dy)}
}

func spreadKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	s := attr.(stride)
	y, x, n := out.Data, in[0].Data, s.count()
	return parallel(pool, len(x)/n, grainFor(s.size), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row, src := y[r*s.size:(r+1)*s.size], x[r*n:(r+1)*n]
			clear(row)
			for i, v := range src {
				row[s.lo+i*s.step] = v
			}
		}
	})
}
