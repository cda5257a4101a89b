package graph

import (
	"fmt"
)

var OpReshape, OpStopGradient, OpConcat, OpSlice, OpSpread *Def

func init() {
	OpReshape = register(&Def{Name: "reshape", Alias: true, Shape: reshapeShape, Grad: reshapeGrad})
	OpStopGradient = register(&Def{Name: "stop_gradient", Alias: true, Shape: sameShape, NoGrad: 1})
	OpConcat = register(&Def{Name: "concat", Shape: concatShape, Grad: concatGrad})
	OpSlice = register(&Def{Name: "slice", Shape: sliceShape, Grad: sliceGrad})
	OpSpread = register(&Def{Name: "spread", Shape: spreadShape, Grad: spreadGrad})
}

// Reshape gives x another shape of the same size, without a copy.
func (g *Builder) Reshape(x Node, shape ...int) Node {
	if x.Shape().Equal(shape) {
		return x
	}
	if len(shape) > maxRank {
		g.failf("reshape %v to %v: want at most %d axes", []int(x.Shape()), shape, maxRank)
	}
	return g.Apply(OpReshape, keyOf(shape), x)
}

// StopGradient is x as a constant: no gradient flows through it.
func (g *Builder) StopGradient(x Node) Node { return g.Apply(OpStopGradient, nil, x) }

// Concat joins nodes along their last axis; the other axes are equal.
func (g *Builder) Concat(in ...Node) Node {
	switch len(in) {
	case 0:
		g.failf("concat: no inputs")
	case 1:
		return in[0]
	}
	return g.Apply(OpConcat, nil, in...)
}

// Slice takes elements lo to hi-1 of the last axis.
func (g *Builder) Slice(x Node, lo, hi int) Node {
	return g.Apply(OpSlice, Elements{Lo: lo, Hi: hi, Step: 1, Size: x.Shape().Last()}, x)
}

// SliceStep takes elements offset, offset+step, … of the last axis.
func (g *Builder) SliceStep(x Node, offset, step int) Node {
	n := x.Shape().Last()
	return g.Apply(OpSlice, Elements{Lo: offset, Hi: n, Step: step, Size: n}, x)
}

// PadSlice is the adjoint of Slice: x becomes elements lo to lo+K-1 of a last
// axis of that size, the others are zero.
func (g *Builder) PadSlice(x Node, lo, size int) Node {
	return g.Apply(OpSpread, Elements{Lo: lo, Hi: lo + x.Shape().Last(), Step: 1, Size: size}, x)
}

// PadSliceStep is the adjoint of SliceStep.
func (g *Builder) PadSliceStep(x Node, offset, step, size int) Node {
	return g.Apply(OpSpread, Elements{Lo: offset, Hi: size, Step: step, Size: size}, x)
}

// Elements selects elements Lo, Lo+Step, … below Hi of a last axis of that size.
type Elements struct{ Lo, Hi, Step, Size int }

func (s Elements) Count() int { return (s.Hi - s.Lo + s.Step - 1) / s.Step }

func (s Elements) check() error {
	if s.Lo < 0 || s.Step < 1 || s.Hi > s.Size || s.Lo >= s.Hi {
		return fmt.Errorf("elements %d to %d step %d of %d", s.Lo, s.Hi, s.Step, s.Size)
	}
	return nil
}

func reshapeShape(attr any, in []Shape) (Shape, error) {
	s := attr.(ShapeKey).Shape()
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

func sliceShape(attr any, in []Shape) (Shape, error) {
	s := attr.(Elements)
	if err := wantAxes(in[0], 1); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return in[0].withLast(s.Count()), nil
}

func sliceGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpSpread, c.Attr, dy)}
}

func spreadShape(attr any, in []Shape) (Shape, error) {
	s := attr.(Elements)
	if err := wantAxes(in[0], 1); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.Count() != in[0].Last() {
		return nil, fmt.Errorf("want a last axis of %d", s.Count())
	}
	return in[0].withLast(s.Size), nil
}

func spreadGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpSlice, c.Attr, dy)}
}
