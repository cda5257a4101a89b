package graph

import (
	"fmt"
)

var OpSumOver, OpDotOver [overCount]*Def

func init() {
	for v := range overCount {
		OpSumOver[v] = register(&Def{Name: "sum" + suffix[v],
			Shape: func(_ any, in []Shape) (Shape, error) {
				if err := wantAxes(in[0], v.rank()); err != nil {
					return nil, err
				}
				return v.small(in[0]), nil
			},
			Grad: func(g *Builder, c Call, dy Node, _ []bool) []Node {
				return []Node{g.broadcast(v, dy, c.In[0].Shape())}
			}})
		OpDotOver[v] = register(&Def{Name: "dot" + suffix[v],
			Shape: func(_ any, in []Shape) (Shape, error) {
				if err := wantAxes(in[0], v.rank()); err != nil {
					return nil, err
				}
				if !in[0].Equal(in[1]) {
					return nil, fmt.Errorf("want equal shapes")
				}
				return v.small(in[0]), nil
			},
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node { return g.mul(v, c.In[1-i], dy) })
			}})
	}
}

// Sum is the sum of all values, a scalar.
func (g *Builder) Sum(x Node) Node { return g.sum(OverAll, x) }

// Mean is the mean of all values, a scalar.
func (g *Builder) Mean(x Node) Node { return g.Scale(g.Sum(x), 1/float32(x.Shape().Size())) }

// SumPerChannel sums x[... C] over all but the last axis: [C].
func (g *Builder) SumPerChannel(x Node) Node { return g.sum(OverRows, x) }

// SumPerSample sums x[N ...] over all but the first axis: [N].
func (g *Builder) SumPerSample(x Node) Node { return g.sum(OverSample, x) }

// SumSpatial sums x[N H W C] over all but the first and last axes: [N C].
func (g *Builder) SumSpatial(x Node) Node { return g.sum(OverSpatial, x) }

// MeanSpatial is the mean over all but the first and last axes: [N C].
func (g *Builder) MeanSpatial(x Node) Node {
	e := g.SumSpatial(x)
	return g.Scale(e, float32(e.Shape().Size())/float32(x.Shape().Size()))
}

// SumLast sums x[... K] over the last axis: [...].
func (g *Builder) SumLast(x Node) Node { return g.sum(OverLast, x) }

// Dot is the sum of all products a*b, a scalar.
func (g *Builder) Dot(a, b Node) Node { return g.dot(OverAll, a, b) }

// DotPerChannel sums a*b over all but the last axis: [C].
func (g *Builder) DotPerChannel(a, b Node) Node { return g.dot(OverRows, a, b) }

// DotPerSample sums a*b over all but the first axis: [N].
func (g *Builder) DotPerSample(a, b Node) Node { return g.dot(OverSample, a, b) }

// DotSpatial sums a*b over all but the first and last axes: [N C].
func (g *Builder) DotSpatial(a, b Node) Node { return g.dot(OverSpatial, a, b) }

// DotLast sums a*b over the last axis.
func (g *Builder) DotLast(a, b Node) Node { return g.dot(OverLast, a, b) }

func (g *Builder) sum(v Over, x Node) Node    { return g.Apply(OpSumOver[v], nil, x) }
func (g *Builder) dot(v Over, a, b Node) Node { return g.Apply(OpDotOver[v], nil, a, b) }
