package graph_test

import (
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
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

// newDevice is a device for the length of a test.
func newDevice(t *testing.T, threads int) device.Device {
	t.Helper()
	dev := devicetest.Open(t, threads)
	t.Cleanup(dev.Close)
	return dev
}

func compile(t *testing.T, g *builder, outputs ...node) device.Program {
	t.Helper()
	m, err := newDevice(t, 1).Compile(g, device.Request{Outputs: outputs})
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
