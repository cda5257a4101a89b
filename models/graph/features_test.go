package graph_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

func TestGELU(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.GELU(x[0]) }, graphtest.Normal(19))
	graphtest.CheckValue(t, "gelu", []float32{-0.00404969, -0.15865525, 0, 0.84134475, 2.9959503},
		func(g *builder, x ...node) node { return g.GELU(x[0]) }, graphtest.Values([]float32{-3, -1, 0, 1, 3}, 5))
}

// TestLayerNorm: rows of 1 2 3 6, scaled to a variance of 3.5 + 0.5.
func TestLayerNorm(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.LayerNorm(x[0], x[1], x[2], 1e-3) },
		graphtest.Normal(3, 8), graphtest.Normal(8), graphtest.Normal(8))
	graphtest.CheckValue(t, "row", []float32{-1, 0, 1, 4},
		func(g *builder, x ...node) node { return g.LayerNorm(x[0], g.Const(2, 4), g.Const(1, 4), 0.5) },
		graphtest.Values([]float32{1, 2, 3, 6}, 1, 4))
}

// TestReLU6 keeps clear of the kinks at 0 and 6.
func TestReLU6(t *testing.T) {
	x := graphtest.Values([]float32{-2, -0.5, 0.7, 1, 3, 5.4, 6.5, 9, 2}, 9)
	graphtest.Check(t, func(g *builder, x ...node) node { return g.ReLU6(x[0]) }, x)
	graphtest.CheckValue(t, "relu6", []float32{0, 0, 0.7, 1, 3, 5.4, 6, 6, 2},
		func(g *builder, x ...node) node { return g.ReLU6(x[0]) }, x)
	// At the bounds themselves no gradient passes.
	graphtest.CheckValue(t, "slope", []float32{0, 7, 0},
		func(g *builder, x ...node) node { return g.Apply(graph.OpReLU6Grad, nil, x[0], x[1]) },
		graphtest.Values([]float32{0, 1, 6}, 3), graphtest.Values([]float32{7, 7, 7}, 3))
}

func TestDepthwise(t *testing.T) {
	for _, c := range []struct{ n, h, w, c, k, stride int }{
		{2, 6, 6, 3, 3, 1}, {2, 6, 6, 3, 3, 2}, {1, 7, 5, 8, 3, 2}, {2, 8, 8, 5, 5, 2}, {1, 7, 9, 17, 5, 2},
		{1, 5, 4, 24, 5, 1}, {2, 1, 1, 4, 3, 2}, {1, 2, 3, 16, 5, 1}, {1, 24, 20, 40, 3, 1},
	} {
		for _, bias := range []bool{false, true} {
			t.Run(fmt.Sprintf("%+v_%v", c, bias), func(t *testing.T) {
				in := []graphtest.Input{graphtest.Normal(c.n, c.h, c.w, c.c), graphtest.Normal(c.c, 1, c.k, c.k).Constant()}
				if bias {
					in = append(in, graphtest.Normal(c.c).Constant())
				}
				graphtest.Check(t, func(g *builder, in ...node) node {
					return g.Depthwise(in[0], in[1], append(in, node{})[2], c.stride)
				}, in...)
			})
		}
	}
}

// TestDepthwiseSmooth puts a nonlinearity before the convolution, so that second
// derivatives run through its gradient.
func TestDepthwiseSmooth(t *testing.T) {
	graphtest.Check(t, func(g *builder, in ...node) node {
		return g.SiLU(g.Depthwise(g.SiLU(in[0]), in[1], node{}, 2))
	}, graphtest.Normal(2, 6, 5, 3), graphtest.Normal(3, 1, 3, 3).Constant())
}

// TestSamePad: the odd pixel of padding comes behind the image.
func TestSamePad(t *testing.T) {
	for _, c := range []struct{ n, k, stride, before, behind, out int }{
		{224, 3, 2, 0, 1, 112}, {112, 5, 2, 1, 2, 56}, {7, 3, 2, 1, 1, 4}, {14, 3, 1, 1, 1, 14}, {1, 3, 2, 1, 1, 1}, {6, 1, 2, 0, 0, 3},
	} {
		if before, behind, out := graph.SamePad(c.n, c.k, c.stride); before != c.before || behind != c.behind || out != c.out {
			t.Errorf("%+v: got %d, %d and %d", c, before, behind, out)
		}
	}
	sum := func(g *builder, in ...node) node { return g.Depthwise(in[0], in[1], node{}, 2) }
	column := graphtest.Values([]float32{0, 1, 0, 0, 10, 0, 0, 100, 0}, 1, 1, 3, 3).Constant()
	graphtest.CheckValue(t, "column", []float32{111, 11}, sum, graphtest.Uniform(1, 1, 1, 4, 1, 1).Constant(), column)
	row := graphtest.Values([]float32{1, 10, 100, 0, 0, 0, 0, 0, 0}, 1, 1, 3, 3).Constant()
	graphtest.CheckValue(t, "row", []float32{111, 11}, sum, graphtest.Uniform(1, 1, 1, 2, 4, 1).Constant(), row)
}

// distinct draws a permutation, whose order no step of a difference changes.
func distinct(shape ...int) graphtest.Input {
	rng := rand.New(rand.NewPCG(3, 4))
	data := make([]float32, graph.Shape(shape).Size())
	for i, p := range rng.Perm(len(data)) {
		data[i] = float32(p) - float32(len(data))/2
	}
	return graphtest.Values(data, shape...)
}

func TestMaxPool(t *testing.T) {
	for _, shape := range [][]int{{2, 4, 4, 3}, {1, 5, 7, 2}, {3, 2, 2, 9}} {
		graphtest.Check(t, func(g *builder, x ...node) node { return g.MaxPool2(x[0]) }, distinct(shape...))
	}
	for _, w := range []graph.Window{{Side: 3, Stride: 2}, {Side: 3, Stride: 1, Pad: 1}, {Side: 2, Stride: 1}, {Side: 5, Stride: 3, Pad: 2}} {
		graphtest.Check(t, func(g *builder, x ...node) node { return g.MaxPool(x[0], w) }, distinct(2, 6, 7, 3))
	}
	// Of equal values the first gets the gradient, from every window.
	graphtest.CheckValue(t, "overlapping", []float32{1, 0, 0, 0, 30, 0, 0, 500, 0, 0, 7000, 0},
		func(g *builder, x ...node) node {
			return g.Apply(graph.OpMaxPoolGrad, graph.Window{Side: 3, Stride: 1, Pad: 1}, x[0], x[1])
		}, graphtest.Values([]float32{4, 4, 1, 1, 5, 2, 2, 6, 3, 3, 8, 3}, 1, 1, 12, 1),
		graphtest.Values([]float32{1, 0, 0, 10, 10, 10, 100, 200, 200, 1000, 3000, 3000}, 1, 1, 12, 1))
	// Of equal values the first gets the gradient.
	graphtest.CheckValue(t, "ties", []float32{0, 5, 0, 0, 0, 0, 0, 7},
		func(g *builder, x ...node) node {
			return g.Apply(graph.OpMaxPoolGrad, graph.Window{Side: 2, Stride: 2}, x[0], x[1])
		},
		graphtest.Values([]float32{1, 2, 0, 0, 2, 2, 1, 3}, 1, 2, 4, 1), graphtest.Values([]float32{5, 7}, 1, 1, 2, 1))
}

// TestAvgPool: padding is not counted, so that a constant stays one.
func TestAvgPool(t *testing.T) {
	for _, w := range []graph.Window{{Side: 3, Stride: 1, Pad: 1}, {Side: 3, Stride: 2}, {Side: 4, Stride: 3, Pad: 2}, {Side: 1, Stride: 1}} {
		graphtest.Check(t, func(g *builder, x ...node) node { return g.AvgPool(x[0], w) }, graphtest.Normal(2, 6, 7, 3))
	}
	same := graph.Window{Side: 3, Stride: 1, Pad: 1}
	graphtest.CheckValue(t, "corners", []float32{3, 3, 3, 3, 3, 3}, func(g *builder, x ...node) node { return g.AvgPool(x[0], same) },
		graphtest.Values([]float32{3, 3, 3, 3, 3, 3}, 1, 2, 3, 1))
	graphtest.CheckValue(t, "row", []float32{1.5, 2, 3, 3.5}, func(g *builder, x ...node) node { return g.AvgPool(x[0], same) },
		graphtest.Values([]float32{1, 2, 3, 4}, 1, 1, 4, 1))
}

func TestSpaceToDepth(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.SpaceToDepth(x[0], 2) }, graphtest.Normal(2, 4, 6, 3))
	graphtest.Check(t, func(g *builder, x ...node) node { return g.DepthToSpace(x[0], 3) }, graphtest.Normal(2, 2, 1, 18))
	x := graphtest.Values([]float32{0, 1, 2, 3, 4, 5, 6, 7}, 1, 2, 4, 1)
	graphtest.CheckValue(t, "squares", []float32{0, 1, 4, 5, 2, 3, 6, 7}, func(g *builder, x ...node) node { return g.SpaceToDepth(x[0], 2) }, x)
	graphtest.CheckValue(t, "back", []float32{0, 1, 2, 3, 4, 5, 6, 7}, func(g *builder, x ...node) node { return g.DepthToSpace(g.SpaceToDepth(x[0], 2), 2) }, x)
}

func TestFeatureOpsRefuse(t *testing.T) {
	for _, c := range []struct {
		build func(g *builder)
		want  string
	}{
		{func(g *builder) { g.Depthwise(g.Input("x", 1, 4, 4, 3), g.Input("w", 3, 2, 3, 3), node{}, 1) }, "weight [3 2 3 3], want [N H W C] and [C 1 K K]"},
		{func(g *builder) { g.Depthwise(g.Input("x", 1, 4, 4, 3), g.Input("w", 3, 1, 3, 3), node{}, 3) }, "stride 3, want 1 or 2"},
		{func(g *builder) {
			g.Depthwise(g.Input("x", 1, 4, 4, 3), g.Input("w", 3, 1, 3, 3), g.Input("b", 4), 1)
		}, "bias [4], want [3]"},
		{func(g *builder) { g.MaxPool2(g.Input("x", 1, 1, 4, 3)) }, "input [1 1 4 3], want [N H W C] of at least 2x2 pixels"},
		{func(g *builder) { g.AvgPool(g.Input("x", 1, 4, 4, 3), graph.Window{Side: 3, Stride: 1, Pad: 2}) }, "window {Side:3 Stride:1 Pad:2}, want a side and a stride of at least 1, and padding of at most half the side"},
		{func(g *builder) { g.SpaceToDepth(g.Input("x", 1, 4, 6, 3), 4) }, "input [1 4 6 3], want [N H W C] in squares of 4 pixels"},
		{func(g *builder) { g.DepthToSpace(g.Input("x", 1, 4, 6, 3), 2) }, "input [1 4 6 3], want [N H W C], C a multiple of 4"},
	} {
		wantMessage(t, failure(t, c.build), c.want)
	}
}
