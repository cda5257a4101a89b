package graph_test

import (
	"testing"

	"innate/models/graph"
	"innate/models/kernels"
)

// scalarGraph is a graph with one scalar input of that value.
func scalarGraph(t *testing.T, v float32) (*builder, node) {
	t.Helper()
	g := graph.NewBuilder()
	x := g.Input("x")
	g.Data(x)[0] = v
	return g, x
}

func mustGrad(t *testing.T, g *builder, cost, wrt node) node {
	t.Helper()
	grads, err := g.Grad(cost, wrt)
	if err != nil {
		t.Fatal(err)
	}
	return grads[0]
}

// newPool is a pool for the length of a test.
func newPool(t *testing.T, threads int) *kernels.Pool {
	t.Helper()
	pool := kernels.NewPool(threads)
	t.Cleanup(pool.Close)
	return pool
}

func compile(t *testing.T, g *builder, outputs ...node) *graph.Machine {
	t.Helper()
	m, err := graph.Compile(g, newPool(t, 1), outputs)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// run computes one node.
func run(t *testing.T, g *builder, n node) []float32 {
	t.Helper()
	m := compile(t, g, n)
	m.Run()
	return m.Value(n)
}
