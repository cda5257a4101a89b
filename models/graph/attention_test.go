package graph_test

import (
	"fmt"
	"math"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

func TestAttention(t *testing.T) {
	for _, c := range []struct{ n, h, w, c, Heads int }{{2, 3, 2, 4, 1}, {2, 2, 3, 6, 3}, {1, 1, 1, 2, 2}, {3, 4, 4, 16, 2}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
				return g.Attention(in[0], c.Heads)
			}, graphtest.Normal(c.n, c.h, c.w, 3*c.c))
		})
	}
}

// TestAttentionBatches uses so many scores that they are computed in several
// batches.
func TestAttentionBatches(t *testing.T) {
	bothForms(t, func(g *graph.Builder, in ...graph.Node) graph.Node { return g.Attention(in[0], 2) }, []int{6, 18, 18, 24})
}

// TestAttentionDefinition computes one head from the formula.
func TestAttentionDefinition(t *testing.T) {
	g := graph.NewBuilder()
	qkv := g.Input("qkv", 1, 1, 2, 6) // two pixels, two channels
	// Per pixel q0 k0 v0 q1 k1 v1.
	copy(g.Data(qkv), []float32{1, 2, 10, 0, 1, 20, 0, 3, 30, 1, -1, 40})
	got := evaluate(t, g, g.Attention(qkv, 1))[0]
	// Pixel 0: q·k = 2, 3; pixel 1: 1, -1; both divided by √2.
	a := 1 / (1 + math.Exp(1/math.Sqrt2))
	b := 1 / (1 + math.Exp(-2/math.Sqrt2))
	want := []float32{float32(10*a + 30*(1-a)), float32(20*a + 40*(1-a)), float32(10*b + 30*(1-b)), float32(20*b + 40*(1-b))}
	near(t, "output", got, want, 1e-6)
}

func TestAttentionRefuses(t *testing.T) {
	for _, Heads := range []int{0, 2} {
		msg := failure(t, func(g *graph.Builder) { g.Attention(g.Input("qkv", 1, 2, 2, 9), Heads) })
		wantMessage(t, msg, fmt.Sprintf("qkv [1 2 2 9] with %d Heads", Heads))
	}
}
