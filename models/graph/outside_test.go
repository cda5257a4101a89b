package graph_test

import (
	"errors"
	"slices"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	exact "innate/models/device/reference"
	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// TestOnHost: a function of the host makes a constant of a value in the midst of a run,
// and its error is that of the run, after which the next one is as any.
func TestOnHost(t *testing.T) {
	graphtest.EachImpl(t, func(t *testing.T) {
		own := devicetest.Open(t, 2)
		defer own.Close()
		for _, dev := range []device.Device{own, exact.Device{}} {
			onHost(t, dev)
		}
	})
}

func onHost(t *testing.T, dev device.Device) {
	t.Helper()
	calls, refuse := 0, errors.New("no")
	var fail error
	f := &graph.HostFunc{F: func(values []float32) error {
		calls++
		for i := range values {
			values[i] += 10
		}
		return fail
	}}
	p := models.NewParam("p", 3)
	copy(p.Data, []float32{1, 2, 3})
	var loss, grad graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x := g.Square(g.Param(p))
		loss = g.Sum(g.Mul(x, g.OnHost(x, f)))
		grads, err := g.Grad(loss, g.Param(p))
		if err != nil {
			t.Fatal(err)
		}
		grad = grads[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	program, err := dev.Compile(g, device.Request{Outputs: []graph.Node{loss, grad}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // x (x + 10), whose second factor is a constant: 2p (x + 10)
		if err := program.Run(); err != nil {
			t.Fatal(err)
		}
		if got := program.Value(loss); got[0] != 1*11+4*14+9*19 {
			t.Errorf("%s: loss %v, want 238", dev.Info().Name, got)
		}
		if got, want := program.Value(grad), []float32{22, 56, 114}; !slices.Equal(got, want) {
			t.Errorf("%s: gradient %v, want %v", dev.Info().Name, got, want)
		}
		fail = refuse
		if err := program.Run(); !errors.Is(err, refuse) {
			t.Errorf("%s: a run whose function fails: %v, want %v", dev.Info().Name, err, refuse)
		}
		fail = nil
	}
	if calls != 4 {
		t.Errorf("%s: %d calls in 4 runs", dev.Info().Name, calls)
	}
}
