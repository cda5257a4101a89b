package graph_test

import (
	"math"
	"strings"
	"testing"

	"innate/models"
	"innate/models/graph"
)

// gorgonia.Grad gets the second of two costs over shared nodes wrong.
func TestGradTwiceOnOneGraph(t *testing.T) {
	g, x := scalarGraph(t, 3)
	shared := g.Square(x)
	first := mustGrad(t, g, g.Scale(shared, 5), x)  // 10x
	second := mustGrad(t, g, g.Mul(shared, x), x)   // 3x²
	again := mustGrad(t, g, g.Scale(shared, 5), x)  // 10x
	both := mustGrad(t, g, g.Add(first, second), x) // 10 + 6x
	third := mustGrad(t, g, both, x)                // 6
	m := compile(t, g, first, second, again, both, third)
	m.Run()
	for i, want := range []float32{30, 27, 30, 28, 6} {
		if got := m.Value([]node{first, second, again, both, third}[i])[0]; got != want {
			t.Errorf("gradient %d: %v, want %v", i, got, want)
		}
	}
}

func TestGradWithoutPath(t *testing.T) {
	g := graph.NewBuilder()
	x, other := g.Input("x", 2), g.Input("other", 2, 3)
	grads, err := g.Grad(g.Sum(x), other, x, x)
	if err != nil {
		t.Fatal(err)
	}
	m := compile(t, g, grads...)
	m.Run()
	if got := m.Value(grads[0]); len(got) != 6 || got[0] != 0 || got[5] != 0 {
		t.Errorf("gradient of what the cost does not use: %v, want six zeros", got)
	}
	if got := m.Value(grads[2]); got[0] != 1 || got[1] != 1 {
		t.Errorf("gradient of x: %v, want ones", got)
	}
}

func TestGradOfCostAndOfResults(t *testing.T) {
	g, x := scalarGraph(t, 2)
	y := g.Square(x)
	cost := g.Mul(y, x)
	grads, err := g.Grad(cost, cost, y, x)
	if err != nil {
		t.Fatal(err)
	}
	m := compile(t, g, grads...)
	m.Run()
	for i, want := range []float32{1, 2, 12} {
		if got := m.Value(grads[i])[0]; got != want {
			t.Errorf("gradient %d: %v, want %v", i, got, want)
		}
	}
}

// A cost that is not a scalar counts as its sum.
func TestGradOfTensor(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 3)
	copy(g.Data(x), []float32{1, 2, 3})
	got := run(t, g, mustGrad(t, g, g.Square(x), x))
	if got[0] != 2 || got[2] != 6 {
		t.Errorf("gradient %v, want [2 4 6]", got)
	}
}

func TestGradOfOpWithoutGradient(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 3)
	end := g.Scope("disc.block1")
	y := g.Apply(graph.BareDef, nil, x)
	end()
	_, err := g.Grad(g.Sum(y), x)
	want := "graph: disc.block1: bare [3]: bare has no gradient; a graph whose gradients are differentiated again must be built with TwiceDifferentiable"
	if err == nil || err.Error() != want {
		t.Errorf("error %v\n want %s", err, want)
	}
	// Off the path, or behind a constant, it does not matter.
	if _, err := g.Grad(g.Sum(g.Mul(x, g.StopGradient(y))), x); err != nil {
		t.Errorf("behind stop_gradient: %v", err)
	}
}

func TestGradOfForeignNode(t *testing.T) {
	g, x := scalarGraph(t, 1)
	h, z := scalarGraph(t, 1)
	if _, err := g.Grad(x, z); err == nil || !strings.Contains(err.Error(), "does not belong to this graph") {
		t.Errorf("gradient for a node of another graph: %v", err)
	}
	if _, err := h.Grad(node{}, z); err == nil {
		t.Error("gradient of nothing: no error")
	}
}

// What is not asked for is not built: the gradient of a frozen weight leaves no
// nodes behind.
func TestGradBuildsOnlyWhatIsNeeded(t *testing.T) {
	nodes := func(wrt ...int) int {
		g := graph.NewBuilder()
		x, w0, w1 := g.Input("x", 4, 3), g.Input("w0", 5, 3), g.Input("w1", 2, 5)
		y := g.Linear(g.SiLU(g.Linear(x, w0, node{})), w1, node{})
		before := g.GorgoniaNodes()
		var of []node
		for _, i := range wrt {
			of = append(of, []node{x, w0, w1}[i])
		}
		if _, err := g.Grad(g.Sum(y), of...); err != nil {
			t.Fatal(err)
		}
		return g.GorgoniaNodes() - before
	}
	// A sum's node is built for the cost, then the seed and its broadcast.
	last, first, all := nodes(2), nodes(1), nodes(0, 1, 2)
	if last != 4 {
		t.Errorf("last weight: %d nodes, want 4: sum, one, its broadcast, one product", last)
	}
	if first != last+2 || all != first+2 {
		t.Errorf("first weight %d, everything %d nodes, want %d and %d", first, all, last+2, last+4)
	}
}

// Nothing is built towards a constant either.
func TestGradBuildsNothingTowardsConstants(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 3)
	y := g.Mul(x, g.StopGradient(g.Exp(x)))
	before := g.GorgoniaNodes()
	mustGrad(t, g, y, x)
	if got := g.GorgoniaNodes() - before; got != 3 {
		t.Errorf("%d nodes, want 3: one, its broadcast, the product", got)
	}
}

// A penalty on the gradient, as R1 is: d/dw of |d/dx w·x²|² with a second use
// of w beside it.
func TestGradientPenalty(t *testing.T) {
	w := models.NewParam("w")
	w.Data[0] = 0.5
	g := graph.NewBuilder(graph.TwiceDifferentiable())
	x := g.Input("x")
	g.Data(x)[0] = 1.5
	y := g.SiLU(g.Mul(g.Param(w), g.Square(x)))
	dx := mustGrad(t, g, y, x)
	cost := g.Add(g.Square(dx), y)
	dw := run(t, g, mustGrad(t, g, cost, g.Param(w)))[0]

	at := func(w float64) float64 {
		u := w * 1.5 * 1.5
		s := 1 / (1 + math.Exp(-u))
		slope := s * (1 + u*(1-s)) * 2 * w * 1.5
		return slope*slope + u*s
	}
	want := (at(0.5+1e-5) - at(0.5-1e-5)) / 2e-5
	if math.Abs(float64(dw)-want) > 1e-5*math.Abs(want) {
		t.Errorf("dw %v, want %v", dw, want)
	}
}
