package graph_test

import (
	"math"
	"testing"

	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// TestSpectralNormGradients holds u and v fixed, as the gradient does.
func TestSpectralNormGradients(t *testing.T) {
	graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		return g.SpectralNormEval(in[0], in[1], in[2])
	}, shifted(1, 0.5, 3, 2, 2, 2), graphtest.Uniform(0.2, 1, 3).Constant(), graphtest.Uniform(0.2, 1, 8).Constant())
}

// TestSpectralNormTrainingGradient: the gradient of the training form is that of
// the other form with the new vectors.
func TestSpectralNormTrainingGradient(t *testing.T) {
	graphtest.EachImpl(t, func(t *testing.T) {
		g, outputs := withGradients(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
			wn, _, _ := g.SpectralNorm(in[0], in[1], in[2])
			return wn
		}, [][]int{{4, 3, 2, 2}, {4}, {12}})
		training := evaluate(t, g, outputs...)
		g, outputs = withGradients(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
			_, u, v := g.SpectralNorm(in[0], in[1], in[2])
			return g.SpectralNormEval(in[0], g.StopGradient(u), g.StopGradient(v))
		}, [][]int{{4, 3, 2, 2}, {4}, {12}})
		for i, want := range evaluate(t, g, outputs...) {
			near(t, "output", training[i], want, 1e-6)
		}
		for _, v := range append(training[2], training[3]...) {
			if v != 0 {
				t.Fatalf("gradient of u or v is %v, want 0", v)
			}
		}
	})
}

// TestSpectralNormConverges: iterated, the estimate becomes the largest singular
// value, so the largest singular value of the result becomes 1. The rows of w are
// orthogonal with norms 5, 2 and 1.
func TestSpectralNormConverges(t *testing.T) {
	g := graph.NewBuilder()
	w, u, v := g.Input("w", 3, 4), g.Input("u", 3), g.Input("v", 4)
	copy(g.Data(w), []float32{3, 4, 0, 0, 0, 0, 2, 0, 0, 0, 0, -1})
	copy(g.Data(u), []float32{0.1, 0.7, 0.7})
	wn := w
	for range 12 {
		wn, u, v = g.SpectralNorm(w, u, v)
	}
	got := evaluate(t, g, wn, u, v)
	near(t, "weight", got[0], []float32{0.6, 0.8, 0, 0, 0, 0, 0.4, 0, 0, 0, 0, -0.2}, 1e-6)
	for i, x := range got[1:] {
		var norm float64
		for _, a := range x {
			norm += float64(a) * float64(a)
		}
		if math.Abs(norm-1) > 1e-6 {
			t.Errorf("vector %d has squared norm %v, want 1", i, norm)
		}
	}
}

// TestSpectralNormZeroVector: max(|a|, 1e-12) keeps a zero u at zero, without NaN.
func TestSpectralNormZeroVector(t *testing.T) {
	g := graph.NewBuilder()
	w, u, v := g.Input("w", 2, 2), g.Input("u", 2), g.Input("v", 2)
	copy(g.Data(w), []float32{1, 2, 3, 4})
	_, u, v = g.SpectralNorm(w, u, v)
	for _, x := range evaluate(t, g, u, v) {
		if x[0] != 0 || x[1] != 0 {
			t.Errorf("got %v, want zeros", x)
		}
	}
}

func TestSpectralNormRefuses(t *testing.T) {
	msg := failure(t, func(g *graph.Builder) { g.SpectralNorm(g.Input("w", 2, 3, 3), g.Input("u", 3), g.Input("v", 9)) })
	wantMessage(t, msg, "u [3] and v [9] for weight [2 3 3], want [2] and [9]")
	msg = failure(t, func(g *graph.Builder) { g.SpectralNormEval(g.Input("w", 2), g.Input("u", 2), g.Input("v", 1)) })
	wantMessage(t, msg, "weight [2], want [O ...]")
}
