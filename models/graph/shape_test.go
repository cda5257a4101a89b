package graph_test

import (
	"testing"

	"innate/models/graph/graphtest"
)

func TestReshape(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.MulPerChannel(g.Reshape(x[0], 3, 4), x[1]) },
		graphtest.Normal(2, 6), graphtest.Normal(4))
}

func TestConcat(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Concat(x[0], x[1], x[2]) },
		graphtest.Normal(2, 3, 1), graphtest.Normal(2, 3, 4), graphtest.Normal(2, 3, 2))
}

func TestSlice(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Slice(x[0], 1, 4) }, graphtest.Normal(2, 3, 5))
}

func TestSliceStep(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.SliceStep(x[0], 2, 3) }, graphtest.Normal(2, 10))
	graphtest.Check(t, func(g *builder, x ...node) node { return g.SliceStep(x[0], 1, 3) }, graphtest.Normal(2, 9))
}

func TestPadSlice(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.PadSlice(x[0], 2, 7) }, graphtest.Normal(3, 4))
	graphtest.Check(t, func(g *builder, x ...node) node { return g.PadSliceStep(x[0], 1, 3, 9) }, graphtest.Normal(2, 3))
}

func TestShapeValues(t *testing.T) {
	x := graphtest.Values([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2, 5)
	check := func(name string, f graphtest.Func, want ...float32) {
		graphtest.CheckValue(t, name, want, f, x)
	}
	check("slice", func(g *builder, x ...node) node { return g.Slice(x[0], 1, 3) }, 1, 2, 6, 7)
	check("slice step", func(g *builder, x ...node) node { return g.SliceStep(x[0], 1, 3) }, 1, 4, 6, 9)
	check("concat", func(g *builder, x ...node) node { return g.Concat(g.Slice(x[0], 4, 5), g.Slice(x[0], 0, 2)) }, 4, 0, 1, 9, 5, 6)
	check("pad", func(g *builder, x ...node) node { return g.PadSlice(g.Slice(x[0], 3, 5), 1, 4) }, 0, 3, 4, 0, 0, 8, 9, 0)
	check("pad step", func(g *builder, x ...node) node { return g.PadSliceStep(g.Slice(x[0], 0, 2), 1, 2, 4) }, 0, 0, 0, 1, 0, 5, 0, 6)
}

// The gradient of x·stop(x) is x, not 2x.
func TestStopGradient(t *testing.T) {
	g, x := scalarGraph(t, 3)
	dx := mustGrad(t, g, g.Mul(x, g.StopGradient(x)), x)
	if got := run(t, g, dx)[0]; got != 3 {
		t.Errorf("gradient %v, want 3", got)
	}
}
