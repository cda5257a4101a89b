package graph_test

import (
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

type (
	builder = graph.Builder
	node    = graph.Node
)

func TestAdd(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Add(x[0], x[1]) },
		graphtest.Normal(2, 3), graphtest.Normal(2, 3))
}

func TestAddSelf(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Add(x[0], x[0]) }, graphtest.Normal(3))
}

func TestAddN(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.AddN(x[0], x[1], x[2], x[1]) },
		graphtest.Normal(5), graphtest.Normal(5), graphtest.Normal(5))
}

func TestSub(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Sub(x[0], x[1]) },
		graphtest.Normal(2, 3), graphtest.Normal(2, 3))
}

func TestMul(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Mul(x[0], x[1]) },
		graphtest.Normal(2, 3), graphtest.Normal(2, 3))
}

func TestDiv(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Div(x[0], x[1]) },
		graphtest.Normal(2, 3), graphtest.Uniform(1, 2, 2, 3))
}

func TestScaleAndAddScalar(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.AddScalar(g.Scale(x[0], -1.5), 2) },
		graphtest.Normal(7))
}

func TestAddScaled(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.AddScaled(x[0], x[1], 0.5) },
		graphtest.Normal(2, 3), graphtest.Normal(2, 3))
}

func TestUnary(t *testing.T) {
	ops := []struct {
		name string
		f    func(g *builder, x node) node
		in   graphtest.Input
	}{
		{"square", (*builder).Square, graphtest.Normal(19)},
		{"sqrt", (*builder).Sqrt, graphtest.Uniform(0.7, 2, 19)},
		{"rsqrt", (*builder).Rsqrt, graphtest.Uniform(0.7, 2, 19)},
		{"exp", (*builder).Exp, graphtest.Normal(19)},
		{"log", (*builder).Log, graphtest.Uniform(0.7, 2, 19)},
		{"sigmoid", (*builder).Sigmoid, graphtest.Normal(19)},
		{"softplus", (*builder).Softplus, graphtest.Normal(19)},
		{"silu", (*builder).SiLU, graphtest.Normal(19)},
		{"relu", (*builder).ReLU, graphtest.AwayFromZero(19)},
		{"scalar", (*builder).SiLU, graphtest.Normal()},
	}
	for _, op := range ops {
		t.Run(op.name, func(t *testing.T) {
			graphtest.Check(t, func(g *builder, x ...node) node { return op.f(g, x[0]) }, op.in)
		})
	}
}

func TestLeakyReLU(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.LeakyReLU(x[0], 0.2) },
		graphtest.AwayFromZero(4, 5))
}
