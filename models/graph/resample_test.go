package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// wantMessage checks that a message contains all parts.
func wantMessage(t *testing.T, msg string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(msg, p) {
			t.Errorf("got %q, want it to contain %q", msg, p)
		}
	}
}

func TestResample(t *testing.T) {
	box, tent := []int{1, 1}, []int{1, 3, 3, 1}
	tests := []struct {
		name  string
		shape []int
		op    func(g *graph.Builder, x graph.Node) graph.Node
	}{
		{"up", []int{2, 3, 5, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Upsample2(x, box) }},
		{"up_tent", []int{2, 3, 5, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Upsample2(x, tent) }},
		{"up_tent_16", []int{1, 1, 2, 16}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Upsample2(x, tent) }},
		{"down", []int{2, 6, 4, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, box, 0) }},
		{"down_odd", []int{2, 7, 5, 16}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, box, 0) }},
		{"down_pad", []int{2, 7, 4, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, box, 1) }},
		{"down_tent", []int{2, 6, 4, 16}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, tent, 1) }},
		{"down_tent_odd", []int{2, 7, 5, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, tent, 1) }},
		{"down_tent_unpadded", []int{2, 8, 5, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, tent, 0) }},
		{"down_tent_padded", []int{2, 1, 4, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Downsample2(x, tent, 3) }},
		{"bilinear_up", []int{2, 3, 4, 3}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Bilinear(x, 7, 9, false) }},
		{"bilinear_down", []int{2, 9, 8, 16}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Bilinear(x, 4, 3, false) }},
		{"bilinear_corners", []int{2, 4, 3, 16}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Bilinear(x, 8, 6, true) }},
		{"bilinear_corners_one", []int{2, 4, 3, 2}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Bilinear(x, 1, 1, true) }},
		{"bilinear_from_one", []int{2, 1, 1, 9}, func(g *graph.Builder, x graph.Node) graph.Node { return g.Bilinear(x, 3, 2, true) }},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node { return c.op(g, in[0]) }, graphtest.Normal(c.shape...))
		})
	}
}

// reference is the 2x2-strided depthwise convolution of one channel, straight
// from its definition.
func reference(x []float32, h, w int, taps []int, pad int) []float32 {
	sum := 0
	for _, t := range taps {
		sum += t
	}
	n := len(taps)
	var out []float32
	for oy := 0; oy <= (h+2*pad-n)/2; oy++ {
		for ox := 0; ox <= (w+2*pad-n)/2; ox++ {
			var v float64
			for i, a := range taps {
				for j, b := range taps {
					y, x0 := 2*oy-pad+i, 2*ox-pad+j
					if y >= 0 && y < h && x0 >= 0 && x0 < w {
						v += float64(a*b) / float64(sum*sum) * float64(x[y*w+x0])
					}
				}
			}
			out = append(out, float32(v))
		}
	}
	return out
}

func TestDownsampleAgainstDefinition(t *testing.T) {
	for _, taps := range [][]int{{1, 1}, {1, 3, 3, 1}} {
		for pad := range len(taps) {
			for _, size := range [][2]int{{4, 6}, {5, 7}, {8, 5}} {
				t.Run(fmt.Sprint(taps, pad, size), func(t *testing.T) {
					g := graph.NewBuilder()
					x := g.Input("x", 1, size[0], size[1], 1)
					for i := range g.Data(x) {
						g.Data(x)[i] = float32(i*i%17) - 5
					}
					got := evaluate(t, g, g.Downsample2(x, taps, pad))
					near(t, "output", got[0], reference(g.Data(x), size[0], size[1], taps, pad), 1e-6)
				})
			}
		}
	}
}

func TestResampleRefuses(t *testing.T) {
	tests := []struct {
		build func(g *graph.Builder, x graph.Node)
		want  string
	}{
		{func(g *graph.Builder, x graph.Node) { g.Upsample2(x, []int{1, 2, 1}) }, "taps [1 2 1], want [1 1] or [1 3 3 1]"},
		{func(g *graph.Builder, x graph.Node) { g.Downsample2(x, []int{1, 3, 3, 1}, 4) }, "padding 4, want 0 to 3"},
		{func(g *graph.Builder, x graph.Node) { g.Downsample2(x, []int{1, 3, 3, 1}, 0) }, "smaller than the 4 taps"},
		{func(g *graph.Builder, x graph.Node) { g.Bilinear(x, 0, 4, false) }, "output size 0x4, want at least 1x1"},
	}
	for _, c := range tests {
		wantMessage(t, failure(t, func(g *graph.Builder) { c.build(g, g.Input("x", 1, 3, 3, 2)) }), c.want)
	}
	flat := []func(g *graph.Builder, x graph.Node){
		func(g *graph.Builder, x graph.Node) { g.Upsample2(x, []int{1, 1}) },
		func(g *graph.Builder, x graph.Node) { g.Downsample2(x, []int{1, 1}, 0) },
		func(g *graph.Builder, x graph.Node) { g.Bilinear(x, 2, 2, true) },
	}
	for _, build := range flat {
		wantMessage(t, failure(t, func(g *graph.Builder) { build(g, g.Input("x", 3, 2)) }), "input [3 2], want [N H W C]")
	}
}

func TestBilinearSameSizeIsIdentity(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 1, 4, 4, 2)
	if y := g.Bilinear(x, 4, 4, false); y != x {
		t.Errorf("got %v, want the input itself", y)
	}
}
