package graphtest

import (
	"fmt"
	"math"
	"math/rand/v2"

	"innate/models/cpu"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/device/reference"
	"innate/models/graph"
)

// trial is one graph under test. With random weights r and s, it holds
//
//	first  = gradient of Σ r·y
//	slope  = gradient of Σ r·(y + y²/2), so that it is not linear even where f is
//	second = gradient of Σ s·slope
type trial struct {
	c   Case
	g   *graph.Builder
	rng *rand.Rand
	dev device.Device

	in   []graph.Node // all inputs
	wrt  []int        // indices of those that have a gradient
	y    graph.Node
	r    []float32
	s    [][]float32 // by wrt
	step float64

	first, slope, second []graph.Node // by wrt
	valueM, slopeM       device.Program
}

func newTrial(c Case, order int, opts ...graph.Option) (*trial, error) {
	tr := &trial{c: c, rng: rand.New(rand.NewPCG(1, 2)), step: c.Step}
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) { gradErr = tr.build(g, order) }, opts...)
	if err != nil {
		return nil, err
	}
	if gradErr != nil {
		return nil, gradErr
	}
	tr.g = g
	if tr.dev, err = devicetest.New(1); err != nil {
		return nil, err
	}
	if tr.valueM, err = tr.compile(tr.dev, tr.y); err != nil {
		return nil, err
	}
	if order >= 2 {
		tr.slopeM, err = tr.compile(tr.dev, tr.slope...)
	}
	return tr, err
}

// compile plans a program for some nodes of the graph.
func (tr *trial) compile(dev device.Device, outputs ...graph.Node) (device.Program, error) {
	return dev.Compile(tr.g, device.Request{Outputs: outputs, Sum: device.Twins{}})
}

func (tr *trial) build(g *graph.Builder, order int) error {
	for i, in := range tr.c.In {
		n := g.Input(fmt.Sprintf("x%d", i), in.Shape...)
		in.fill(tr.rng, g.Data(n))
		tr.in = append(tr.in, n)
		if !in.Fixed {
			tr.wrt = append(tr.wrt, i)
		}
	}
	tr.y = tr.c.F(g, tr.in...)
	random := func(name string, like graph.Node) (graph.Node, []float32) {
		n := g.Input(name, like.Shape()...)
		Normal().fill(tr.rng, g.Data(n))
		return n, g.Data(n)
	}
	var r graph.Node
	r, tr.r = random("r", tr.y)
	var wrt []graph.Node
	for _, i := range tr.wrt {
		wrt = append(wrt, tr.in[i])
	}
	if len(wrt) == 0 {
		return nil
	}
	var err error
	if tr.first, err = g.Grad(g.Sum(g.Mul(tr.y, r)), wrt...); err != nil {
		return fmt.Errorf("first derivative: %w", err)
	}
	if order < 2 {
		return nil
	}
	bent := g.Add(tr.y, g.Scale(g.Square(tr.y), 0.5))
	if tr.slope, err = g.Grad(g.Sum(g.Mul(bent, r)), wrt...); err != nil {
		return fmt.Errorf("first derivative: %w", err)
	}
	var parts []graph.Node
	for k, d := range tr.slope {
		s, data := random(fmt.Sprintf("s%d", k), d)
		tr.s = append(tr.s, data)
		parts = append(parts, g.Sum(g.Mul(d, s)))
	}
	if tr.second, err = g.Grad(g.AddN(parts...), wrt...); err != nil {
		return fmt.Errorf("second derivative: %w", err)
	}
	return nil
}

// results lists everything whose bits are compared between numbers of threads.
func (tr *trial) results() []graph.Node {
	all := append([]graph.Node{tr.y}, tr.first...)
	return append(all, tr.second...)
}

// referenceTol bounds how far a value may be from the reference's, relative to
// the largest of its tensor: sums of a few thousand products in float32, of
// terms that cancel in second derivatives.
const referenceTol = 5e-5

// sameAsReference compares all results with those of the reference, which
// computes in float64 and shares no code with the device.
func (tr *trial) sameAsReference() error {
	var programs [2]device.Program
	for i, dev := range []device.Device{tr.dev, reference.Device{}} {
		p, err := tr.compile(dev, tr.results()...)
		if err != nil {
			return err
		}
		if err := p.Run(); err != nil {
			return err
		}
		programs[i] = p
	}
	for i, n := range tr.results() {
		got, want := programs[0].Value(n), programs[1].Value(n)
		top := 0.0
		for _, v := range want {
			top = max(top, math.Abs(float64(v)))
		}
		for j, v := range want {
			if d := math.Abs(float64(got[j]) - float64(v)); !(d <= referenceTol*top) {
				return fmt.Errorf("result %d, %v, value %d: %v, the reference has %v (difference %.2g of %.2g)", i, n, j, got[j], v, d, top)
			}
		}
	}
	return nil
}

// value runs the graph once and returns the value of f.
func (tr *trial) value() ([]float32, error) {
	if devicetest.OnCPU() {
		return tr.sameForThreads()
	}
	if err := tr.valueM.Run(); err != nil {
		return nil, err
	}
	return append([]float32(nil), tr.valueM.Value(tr.y)...), nil
}

// sameForThreads runs the graph with one to three threads, twice each, since a
// second run finds its storage used, and returns the value of f.
func (tr *trial) sameForThreads() ([]float32, error) {
	var want [][]float32
	for threads := 1; threads <= 3; threads++ {
		dev := cpu.New(threads)
		defer dev.Close()
		m, err := tr.compile(dev, tr.results()...)
		if err != nil {
			return nil, err
		}
		for run := range 2 {
			if err := m.Run(); err != nil {
				return nil, err
			}
			for i, n := range tr.results() {
				got := m.Value(n)
				if len(want) <= i {
					want = append(want, append([]float32(nil), got...))
				}
				for j := range got {
					if math.Float32bits(got[j]) != math.Float32bits(want[i][j]) {
						return nil, fmt.Errorf("result %d, %v, value %d: %v in run %d with %d threads, %v before", i, n, j, got[j], run, threads, want[i][j])
					}
				}
			}
		}
	}
	return want[0], nil
}
