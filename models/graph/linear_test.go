package graph_test

import (
	"fmt"
	"math"
	"testing"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/graph/graphtest"
)

func TestMatMul(t *testing.T) {
	shape := func(transposed bool, r, c int) []int {
		if transposed {
			return []int{2, c, r}
		}
		return []int{2, r, c}
	}
	for i := range 4 {
		ta, tb := i&1 == 1, i&2 == 2
		t.Run(fmt.Sprintf("%v %v", ta, tb), func(t *testing.T) {
			graphtest.Check(t, func(g *builder, x ...node) node { return g.MatMul(x[0], x[1], ta, tb) },
				graphtest.Normal(shape(ta, 3, 4)...), graphtest.Normal(shape(tb, 4, 5)...))
		})
	}
	graphtest.Check(t, func(g *builder, x ...node) node { return g.MatMul(x[0], x[1], false, false) },
		graphtest.Normal(3, 4), graphtest.Normal(4, 2))
}

func TestMatMulValues(t *testing.T) {
	a := graphtest.Values([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
	b := graphtest.Values([]float32{1, 0, 2, 0, 1, 3}, 2, 3)
	graphtest.CheckValue(t, "a·bᵀ", []float32{7, 11, 16, 23}, func(g *builder, x ...node) node {
		return g.MatMul(x[0], x[1], false, true)
	}, a, b)
	graphtest.CheckValue(t, "aᵀ·b", []float32{1, 4, 14, 2, 5, 19, 3, 6, 24}, func(g *builder, x ...node) node {
		return g.MatMul(x[0], x[1], true, false)
	}, a, b)
}

func TestLinear(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Linear(x[0], x[1], x[2]) },
		graphtest.Normal(3, 4), graphtest.Normal(5, 4), graphtest.Normal(5))
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Linear(x[0], x[1], node{}) },
		graphtest.Normal(3, 4), graphtest.Normal(5, 4))
	graphtest.CheckValue(t, "linear", []float32{15, 17, 21, 27}, func(g *builder, x ...node) node {
		return g.Linear(x[0], x[1], x[2])
	}, graphtest.Values([]float32{1, 2, 3, 4}, 2, 2), graphtest.Values([]float32{1, 2, 3, 2}, 2, 2), graphtest.Values([]float32{10, 10}, 2))
}

func TestLinearThreads(t *testing.T) {
	graphtest.CheckThreads(t, func(g *builder, x ...node) node { return g.Softmax(g.Linear(x[0], x[1], x[2])) },
		graphtest.Normal(301, 75), graphtest.Normal(133, 75), graphtest.Normal(133))
}

func TestSoftmax(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Softmax(x[0]) }, graphtest.Normal(2, 3, 5))
	graphtest.CheckValue(t, "large values", []float32{0.5, 0.5, 0, 1}, func(g *builder, x ...node) node {
		return g.Softmax(x[0])
	}, graphtest.Values([]float32{1000, 1000, -1000, 1000}, 2, 2))
}

func TestCrossEntropy(t *testing.T) {
	f := func(g *builder, x ...node) node { return g.CrossEntropy(x[0], x[1]) }
	graphtest.Check(t, f, graphtest.Normal(4, 6), graphtest.OneHot(4, 6))
	graphtest.Check(t, f, graphtest.Normal(4, 6), graphtest.Uniform(0, 1, 4, 6).Constant())
	graphtest.CheckValue(t, "large values", []float32{2000, 0.6931472}, f,
		graphtest.Values([]float32{1000, -1000, 5, 5}, 2, 2), graphtest.Values([]float32{0, 1, 1, 0}, 2, 2))
}

func TestHits(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	g := graph.NewBuilder()
	logits, target := g.Input("logits", 8, 3), g.Input("target", 8, 3)
	copy(g.Data(logits), []float32{-3, -1, -2, 7, 7, 6, 0, 0, 0, 5, 4, 5, 1, nan, 0, nan, 2, 3, inf, 0, 0, -inf, 2, 1})
	copy(g.Data(target), []float32{0, 1, 0, 0, 1, 0, 0.5, 0.25, 0.25, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0})
	want := []float32{1, 0, 0.5, 0, nan, nan, nan, 1}
	hits := g.Hits(logits, target)
	p, err := newDevice(t, 1).Compile(g, device.Request{Outputs: []graph.Node{hits}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for i, v := range p.Value(hits) {
		if v != want[i] && !(v != v && want[i] != want[i]) {
			t.Errorf("row %d: %v, want %v", i, v, want[i])
		}
	}
}
