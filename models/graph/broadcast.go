package graph

import (
	"fmt"
)

// Over names the axes that a small operand e lacks and a large one x has: e is
// repeated along them, and sums run along them. In each case x can be viewed as
// [A P C] and e as [A C].
type Over int

const (
	OverAll     Over = iota // e is a scalar
	OverRows                // e [C]: one value per channel, the last axis of x
	OverSpatial             // e [N C]: one value per sample and channel
	OverSample              // e [N]: one value per sample, the first axis of x
	OverLast                // e has the shape of x without the last axis
	overCount
)

// Overs lists them.
func Overs() []Over {
	return []Over{OverAll, OverRows, OverSpatial, OverSample, OverLast}
}

// suffix completes the names of the operations over each kind of axes.
var suffix = [overCount]string{"", "_per_channel", "_per_sample_channel", "_per_sample", "_last"}

// small is the shape of e for a given x.
func (v Over) small(x Shape) Shape {
	switch v {
	case OverRows:
		return Shape{x.Last()}
	case OverSpatial:
		return Shape{x[0], x.Last()}
	case OverSample:
		return Shape{x[0]}
	case OverLast:
		return x[:len(x)-1]
	}
	return Shape{}
}

// rank is the fewest axes that x must have.
func (v Over) rank() int {
	switch v {
	case OverAll:
		return 0
	case OverSpatial:
		return 2
	}
	return 1
}

// View gives A, P and C for x.
func (v Over) View(x Shape) (a, p, c int) {
	switch v {
	case OverRows:
		return 1, x.Size() / x.Last(), x.Last()
	case OverSpatial:
		return x[0], x.Size() / x[0] / x.Last(), x.Last()
	case OverSample:
		return x[0], x.Size() / x[0], 1
	case OverLast:
		return x.Size() / x.Last(), x.Last(), 1
	}
	return 1, x.Size(), 1
}

// check reports whether x has the axes and e the shape that goes with it.
func (v Over) check(x, e Shape) error {
	if err := wantAxes(x, v.rank()); err != nil {
		return err
	}
	if !e.Equal(v.small(x)) {
		return fmt.Errorf("want the second %v", []int(v.small(x)))
	}
	return nil
}

var OpAddOver, OpMulOver, OpBroadcastOver [overCount]*Def

func init() {
	for v := range overCount {
		shape := func(_ any, in []Shape) (Shape, error) { return in[0], v.check(in[0], in[1]) }
		OpAddOver[v] = register(&Def{Name: "add" + suffix[v], Shape: shape, InPlace: 1,
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node {
					if i == 1 {
						return g.sum(v, dy)
					}
					return dy
				})
			}})
		OpMulOver[v] = register(&Def{Name: "mul" + suffix[v], Shape: shape, InPlace: 1,
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node {
					if i == 1 {
						return g.dot(v, dy, c.In[0])
					}
					return g.mul(v, dy, c.In[1])
				})
			}})
		OpBroadcastOver[v] = register(&Def{Name: "broadcast" + suffix[v],
			Shape: func(attr any, in []Shape) (Shape, error) {
				s := attr.(ShapeKey).Shape()
				if len(s) < v.rank() || !in[0].Equal(v.small(s)) {
					return nil, fmt.Errorf("to %v: sizes do not fit", []int(s))
				}
				return s, nil
			},
			Grad: func(g *Builder, _ Call, dy Node, _ []bool) []Node { return []Node{g.sum(v, dy)} },
		})
	}
}

// AddPerChannel is x[... C] + b[C].
func (g *Builder) AddPerChannel(x, b Node) Node { return g.add(OverRows, x, b) }

// MulPerChannel is x[... C] * s[C].
func (g *Builder) MulPerChannel(x, s Node) Node { return g.mul(OverRows, x, s) }

// AddPerSampleChannel is x[N ... C] + e[N C].
func (g *Builder) AddPerSampleChannel(x, e Node) Node { return g.add(OverSpatial, x, e) }

// MulPerSampleChannel is x[N ... C] * e[N C].
func (g *Builder) MulPerSampleChannel(x, e Node) Node { return g.mul(OverSpatial, x, e) }

// AddPerSample is x[N ...] + s[N].
func (g *Builder) AddPerSample(x, s Node) Node { return g.add(OverSample, x, s) }

// MulPerSample is x[N ...] * s[N].
func (g *Builder) MulPerSample(x, s Node) Node { return g.mul(OverSample, x, s) }

// AddLast is x[... K] + s[...]: one value per row of the last axis.
func (g *Builder) AddLast(x, s Node) Node { return g.add(OverLast, x, s) }

// MulLast is x[... K] * s[...].
func (g *Builder) MulLast(x, s Node) Node { return g.mul(OverLast, x, s) }

// MulScalar is x times a scalar node.
func (g *Builder) MulScalar(x, s Node) Node { return g.mul(OverAll, x, s) }

// Broadcast repeats a scalar.
func (g *Builder) Broadcast(s Node, shape ...int) Node { return g.broadcast(OverAll, s, shape) }

// BroadcastPerChannel repeats b[C] to shape [... C].
func (g *Builder) BroadcastPerChannel(b Node, shape ...int) Node {
	return g.broadcast(OverRows, b, shape)
}

// BroadcastSpatial repeats e[N C] to shape [N ... C].
func (g *Builder) BroadcastSpatial(e Node, shape ...int) Node {
	return g.broadcast(OverSpatial, e, shape)
}

// BroadcastPerSample repeats s[N] to shape [N ...].
func (g *Builder) BroadcastPerSample(s Node, shape ...int) Node {
	return g.broadcast(OverSample, s, shape)
}

// BroadcastLast repeats s[...] to shape [... K].
func (g *Builder) BroadcastLast(s Node, shape ...int) Node { return g.broadcast(OverLast, s, shape) }

func (g *Builder) add(v Over, x, e Node) Node { return g.Apply(OpAddOver[v], nil, x, e) }
func (g *Builder) mul(v Over, x, e Node) Node { return g.Apply(OpMulOver[v], nil, x, e) }

func (g *Builder) broadcast(v Over, e Node, shape []int) Node {
	if len(shape) > maxRank {
		g.failf("broadcast%s to %v: want at most %d axes", suffix[v], shape, maxRank)
	}
	return g.Apply(OpBroadcastOver[v], keyOf(shape), e)
}
