package graphtest_test

import (
	"strings"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

type (
	builder = graph.Builder
	node    = graph.Node
)

// A check that accepts everything would make all op tests worthless, so here
// are functions whose gradient the graph gets wrong on purpose, by treating a
// part of them as a constant.
func TestWrongGradientsAreFound(t *testing.T) {
	cases := []struct {
		name  string
		order int
		want  string
		f     graphtest.Func
	}{
		{"half of it", 1, "first derivative: input 0", func(g *builder, x ...node) node {
			return g.Mul(x[0], g.StopGradient(x[0]))
		}},
		{"one percent of it", 1, "first derivative: input 0", func(g *builder, x ...node) node {
			return g.Add(x[0], g.Scale(g.StopGradient(x[0]), 0.01))
		}},
		{"the second input", 1, "first derivative: input 1", func(g *builder, x ...node) node {
			return g.Mul(x[0], g.StopGradient(x[1]))
		}},
		{"one value of nine", 1, "first derivative: input 0", func(g *builder, x ...node) node {
			return g.Concat(g.Slice(x[0], 0, 2), g.StopGradient(g.Slice(x[0], 2, 3)))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := []graphtest.Input{graphtest.Normal(3, 3), graphtest.Normal(3, 3)}
			err := graphtest.Case{F: c.f, In: in}.Verify(c.order)
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s…", err, c.want)
			}
		})
	}
}

func TestRightGradientsPass(t *testing.T) {
	f := func(g *builder, x ...node) node { return g.Mul(g.SiLU(x[0]), g.Exp(x[1])) }
	in := []graphtest.Input{graphtest.Normal(3, 3), graphtest.Normal(3, 3)}
	if err := (graphtest.Case{F: f, In: in}).Verify(2, graph.TwiceDifferentiable()); err != nil {
		t.Error(err)
	}
}

// At a kink the two sides disagree: the check must not hide it.
func TestKinksAreFound(t *testing.T) {
	f := func(g *builder, x ...node) node { return g.ReLU(x[0]) }
	in := graphtest.Values([]float32{0.001, 1, -1}, 3)
	if err := (graphtest.Case{F: f, In: []graphtest.Input{in}}).Verify(1); err == nil {
		t.Error("no error across the kink of ReLU")
	}
}

func TestShapeErrorsAreReported(t *testing.T) {
	f := func(g *builder, x ...node) node { return g.Add(x[0], x[1]) }
	in := []graphtest.Input{graphtest.Normal(3), graphtest.Normal(4)}
	err := graphtest.Case{F: f, In: in}.Verify(1)
	if err == nil || err.Error() != "graph: add [3] [4]: want equal shapes" {
		t.Errorf("error %v", err)
	}
}
