package graph_test

import (
	"fmt"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

func TestConv(t *testing.T) {
	tests := []struct {
		n, h, w, ci, co, k int
		opts               graph.ConvOpts
		bias               bool
	}{
		{2, 6, 6, 3, 5, 3, graph.ConvOpts{Stride: 1, Pad: 1}, true},
		{2, 5, 7, 16, 8, 3, graph.ConvOpts{Stride: 1, Pad: 0}, false},
		{3, 4, 4, 4, 6, 1, graph.ConvOpts{Stride: 1, Pad: 0}, true},
		{2, 6, 6, 2, 3, 3, graph.ConvOpts{Stride: 1, Pad: 2}, false},
		{2, 7, 6, 3, 4, 3, graph.ConvOpts{Stride: 2, Pad: 1}, true},
		{2, 8, 8, 4, 5, 4, graph.ConvOpts{Stride: 2, Pad: 1}, true},
		{2, 7, 9, 3, 4, 4, graph.ConvOpts{Stride: 2, Pad: 1}, false},
		{2, 4, 4, 8, 1, 4, graph.ConvOpts{Stride: 1, Pad: 0}, false},
		{2, 4, 4, 3, 2, 2, graph.ConvOpts{Stride: 1, Pad: 0}, false},
		{1, 6, 5, 2, 3, 5, graph.ConvOpts{Stride: 1, Pad: 2}, true},
	}
	for _, c := range tests {
		t.Run(fmt.Sprintf("%dx%dx%d-%d_k%d_%+v", c.h, c.w, c.ci, c.co, c.k, c.opts), func(t *testing.T) {
			in := []graphtest.Input{graphtest.Normal(c.n, c.h, c.w, c.ci), graphtest.Uniform(-0.5, 0.5, c.co, c.ci, c.k, c.k)}
			if c.bias {
				in = append(in, graphtest.Normal(c.co))
			}
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
				return g.Conv(in[0], in[1], append(in, graph.Node{})[2], c.opts)
			}, in...)
		})
	}
}

// TestConvLong: kernels that are not square, both ways, keep the size of an image or
// shrink both axes alike.
func TestConvLong(t *testing.T) {
	for _, c := range []struct {
		kh, kw int
		opts   graph.ConvOpts
	}{
		{1, 7, graph.ConvOpts{Stride: 1}}, {7, 1, graph.ConvOpts{Stride: 1, Pad: 3}},
		{1, 3, graph.ConvOpts{Stride: 1, Pad: 1}}, {5, 3, graph.ConvOpts{Stride: 2, Pad: 1}},
	} {
		t.Run(fmt.Sprintf("%dx%d_%+v", c.kh, c.kw, c.opts), func(t *testing.T) {
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
				y := g.SiLU(g.Conv(in[0], in[1], in[2], c.opts))
				if s, lost := y.Shape(), c.kh-1-2*c.opts.Pad; c.opts.Stride == 1 && (s[1] != 6-lost || s[2] != 5-lost) {
					t.Errorf("a map of %v, want both axes %d smaller", s, lost)
				}
				return y
			}, graphtest.Normal(2, 6, 5, 3), graphtest.Uniform(-0.5, 0.5, 4, 3, c.kh, c.kw), graphtest.Normal(4))
		})
	}
}

// TestConvSmooth puts a nonlinearity between convolutions, so that second-order
// gradients run through all three operations of the family.
func TestConvSmooth(t *testing.T) {
	graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		h := g.SiLU(g.Conv(in[0], in[1], graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 1}))
		return g.SiLU(g.Conv(h, in[2], graph.Node{}, graph.ConvOpts{Stride: 2, Pad: 1}))
	}, graphtest.Normal(2, 6, 6, 2), graphtest.Uniform(-0.5, 0.5, 3, 2, 3, 3), graphtest.Uniform(-0.5, 0.5, 2, 3, 4, 4))
}

// failure is the message that a builder function fails with.
func failure(t *testing.T, f func(g *graph.Builder)) string {
	t.Helper()
	_, err := graph.Build(f)
	if err == nil {
		t.Fatal("got no error")
	}
	return err.Error()
}

func TestConvRefuses(t *testing.T) {
	tests := []struct {
		x, w, b []int
		opts    graph.ConvOpts
		want    string
	}{
		{[]int{1, 4, 4, 3}, []int{2, 4, 3, 3}, nil, graph.ConvOpts{Stride: 1, Pad: 1}, "weight [2 4 3 3] for 4 channels, want 3"},
		{[]int{1, 4, 4, 3}, []int{2, 3, 3, 2}, nil, graph.ConvOpts{Stride: 1, Pad: 1}, "kernel 3x2, want sides of 1 to 7, both even or both odd"},
		{[]int{1, 4, 4, 3}, []int{2, 3, 7, 1}, nil, graph.ConvOpts{Stride: 1, Pad: 2}, "padding 2, want >= 3 for a 7x1 kernel"},
		{[]int{1, 4, 4, 3}, []int{2, 3, 3, 3}, nil, graph.ConvOpts{Pad: 1}, "stride 0, want 1 or 2"},
		{[]int{1, 4, 4, 3}, []int{2, 3, 3, 3}, nil, graph.ConvOpts{Stride: 1, Pad: -1}, "padding -1, want >= 0"},
		{[]int{1, 2, 2, 3}, []int{2, 3, 3, 3}, nil, graph.ConvOpts{Stride: 1}, "input [1 2 2 3] padded by 0 is smaller than the 3x3 kernel"},
		{[]int{1, 4, 4, 3}, []int{2, 3, 3, 3}, []int{3}, graph.ConvOpts{Stride: 1}, "bias [3], want [2]"},
		{[]int{4, 4, 3}, []int{2, 3, 3, 3}, nil, graph.ConvOpts{Stride: 1}, "want four axes each"},
	}
	for _, c := range tests {
		msg := failure(t, func(g *graph.Builder) {
			defer g.Scope("enc.4x4_conv")()
			var b graph.Node
			if c.b != nil {
				b = g.Input("b", c.b...)
			}
			g.Conv(g.Input("x", c.x...), g.Input("w", c.w...), b, c.opts)
		})
		wantMessage(t, msg, "enc.4x4_conv", c.want)
	}
}
