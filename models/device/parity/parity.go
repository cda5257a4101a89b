// Package parity holds a device against another: every operation of the graph with
// its derivatives, on small inputs. It is what a person runs where nobody has run a
// device before.
package parity

import (
	"fmt"
	"math"
	"math/rand/v2"

	"innate/models/device"
	"innate/models/graph"
)

// Row is what one group of operations gave.
type Row struct {
	Name string
	// Worst is the largest difference of a value, relative to the largest value of
	// its tensor: of the outcome and its first derivatives, and of the second ones.
	Worst, Second float64
	Err           error
}

// Tolerance is how large a difference may be: sums of a few thousand products in
// float32, in another order, of terms that cancel.
const Tolerance = 2e-4

// OK reports whether the devices agree.
func (r Row) OK() bool { return r.Err == nil && r.Worst <= Tolerance && r.Second <= Tolerance }

// expression is a group of operations: a function of some inputs.
type expression struct {
	name string
	in   [][]int
	f    func(g *graph.Builder, x ...graph.Node) graph.Node
}

// Run computes all expressions on both devices.
func Run(dev, ref device.Device) []Row {
	rows := make([]Row, len(expressions))
	for i, e := range expressions {
		r := &rows[i]
		r.Name = e.name
		if r.Worst, r.Err = e.compare(dev, ref, false); r.Err == nil {
			r.Second, r.Err = e.compare(dev, ref, true)
		}
	}
	return rows
}

// compare returns the largest relative difference of the values of one graph.
func (e expression) compare(dev, ref device.Device, twice bool) (worst float64, err error) {
	g, outputs, err := e.build(twice)
	if err != nil {
		return 0, err
	}
	var values [2][][]float32
	for i, d := range []device.Device{dev, ref} {
		p, err := d.Compile(g, device.Request{Outputs: outputs, Sum: device.Twins{}})
		if err != nil {
			return 0, err
		}
		defer p.Release()
		if err := p.Run(); err != nil {
			return 0, err
		}
		for _, n := range outputs {
			values[i] = append(values[i], p.Value(n))
		}
	}
	for k := range outputs {
		top, far := 0.0, 0.0
		for j, want := range values[1][k] {
			top = max(top, math.Abs(float64(want)))
			far = max(far, math.Abs(float64(values[0][k][j])-float64(want)))
			if math.IsNaN(float64(values[0][k][j])) {
				return math.Inf(1), nil
			}
		}
		if top > 1e-6 { // below, a value is zero but for rounding
			worst = max(worst, far/top)
		}
	}
	return worst, nil
}

// build makes the graph: the value and its gradients, or, twice, the gradients of
// what the gradients are weighted by.
func (e expression) build(twice bool) (g *graph.Builder, outputs []graph.Node, err error) {
	var opts []graph.Option
	if twice {
		opts = append(opts, graph.TwiceDifferentiable())
	}
	var gradErr error
	g, err = graph.Build(func(g *graph.Builder) { outputs, gradErr = e.outputs(g, twice) }, opts...)
	if err == nil {
		err = gradErr
	}
	return g, outputs, err
}

func (e expression) outputs(g *graph.Builder, twice bool) ([]graph.Node, error) {
	rng := rand.New(rand.NewPCG(1, uint64(len(e.name))))
	input := func(name string, shape []int) graph.Node {
		n := g.Input(name, shape...)
		for i := range g.Data(n) {
			g.Data(n)[i] = float32(rng.NormFloat64())
		}
		return n
	}
	var wrt []graph.Node
	for i, shape := range e.in {
		wrt = append(wrt, input(fmt.Sprint("x", i), shape))
	}
	y := e.f(g, wrt...)
	first, err := g.Grad(g.Sum(g.Mul(g.Add(y, g.Square(y)), input("r", y.Shape()))), wrt...)
	if err != nil || !twice {
		return append([]graph.Node{y}, first...), err
	}
	var parts []graph.Node
	for i, d := range first {
		parts = append(parts, g.Sum(g.Mul(d, input(fmt.Sprint("s", i), d.Shape()))))
	}
	return g.Grad(g.AddN(parts...), wrt...)
}
