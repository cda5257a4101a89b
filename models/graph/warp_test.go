package graph_test

import (
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// maps are a turn about a point, a mirror image and a shift by whole pixels.
var maps = []float32{0.8, -0.6, 1.3, 0.6, 0.8, -0.7, -1, 0, 4, 0, 1, 0, 1, 0, -2, 0, 1, 1}

func TestWarp(t *testing.T) {
	for name, shape := range map[string][]int{"few": {3, 4, 5, 3}, "many": {3, 4, 5, 16}, "one": {3, 1, 1, 2}} {
		t.Run(name, func(t *testing.T) {
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Warp(in[0], in[1], 6, 5) },
				graphtest.Normal(shape...), graphtest.Values(maps, 3, 6).Constant())
		})
	}
}

// TestWarpWholePixels: what lies on pixels is taken over as it is, and what lies
// outside is zero.
func TestWarpWholePixels(t *testing.T) {
	g := graph.NewBuilder()
	x, theta := g.Input("x", 3, 4, 5, 1), g.Input("theta", 3, 6)
	for i := range g.Data(x) {
		g.Data(x)[i] = float32(i + 1)
	}
	copy(g.Data(theta), maps)
	got := evaluate(t, g, g.Warp(x, theta, 4, 5))[0]
	mirrored := []float32{25, 24, 23, 22, 21, 30, 29, 28, 27, 26, 35, 34, 33, 32, 31, 40, 39, 38, 37, 36}
	shifted := []float32{0, 0, 46, 47, 48, 0, 0, 51, 52, 53, 0, 0, 56, 57, 58, 0, 0, 0, 0, 0}
	near(t, "mirrored", got[20:40], mirrored, 1e-6)
	near(t, "shifted", got[40:], shifted, 1e-6)
}

func TestWarpRefuses(t *testing.T) {
	for _, c := range []struct {
		build func(g *graph.Builder)
		want  string
	}{
		{func(g *graph.Builder) { g.Warp(g.Input("x", 3, 2), g.Input("t", 3, 6), 2, 2) }, "warp: input [3 2], want [N H W C]"},
		{func(g *graph.Builder) { g.Warp(g.Input("x", 3, 2, 2, 1), g.Input("t", 3, 5), 2, 2) }, "maps [3 5], want [3 6]"},
		{func(g *graph.Builder) { g.Warp(g.Input("x", 3, 2, 2, 1), g.Input("t", 3, 6), 0, 2) }, "output size 0x2, want at least 1x1"},
	} {
		wantMessage(t, failure(t, c.build), c.want)
	}
}
