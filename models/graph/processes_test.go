package graph_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	exact "innate/models/device/reference"
	"innate/models/graph"
	"innate/models/graph/graphtest"
)

// TestSumProcesses: with a second process that has the same values the sum is twice the
// value, and so are its derivatives.
func TestSumProcesses(t *testing.T) {
	graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
		return g.Mul(g.SumProcesses(g.Square(in[0]), 2), in[0])
	}, graphtest.Normal(7))
	g := graph.NewBuilder()
	if x := g.Input("x", 3); g.SumProcesses(x, 1) != x || g.SumProcesses(x, 0) != x {
		t.Error("one process adds up with others")
	}
}

// TestBatchNormAcross: with a second process that has the same images the statistics are
// those of one, and all derivatives are right.
func TestBatchNormAcross(t *testing.T) {
	shape, c := []int{3, 4, 4, 5}, []int{5}
	for _, processes := range []int{1, 2} {
		graphtest.Check(t, func(g *graph.Builder, in ...graph.Node) graph.Node {
			y, mean, variance := g.BatchNormAcross(processes, in[0], in[1], in[2], 1e-5, 1) // a difference would step over a kink
			return g.AddPerChannel(y, g.Add(mean, variance))
		}, graphtest.Normal(shape...), graphtest.Normal(c...), graphtest.Normal(c...))
	}
}

// pair is what two processes add up by, which come in turn.
type pair struct {
	turn  sync.Mutex
	first []float32
	came  chan []float32
	sums  int
}

func newPair() *pair { return &pair{came: make(chan []float32)} }

func (p *pair) Sum(values []float32) error {
	p.turn.Lock()
	p.sums++
	if p.first == nil {
		p.first = values
		p.turn.Unlock()
		<-p.came // the other has added up
		return nil
	}
	for i, v := range p.first {
		values[i] += v
	}
	copy(p.first, values)
	p.first = nil
	p.turn.Unlock()
	p.came <- nil
	return nil
}

// TestProcessesBatchNorm norms one batch in two processes that have a half each: values,
// statistics and gradients of first and second order are those of the whole batch in one
// in float64, to 1e-5 of the largest: sums of 64 values in float32.
func TestProcessesBatchNorm(t *testing.T) {
	const n, side, c = 4, 4, 6
	rng := rand.New(rand.NewPCG(5, 6))
	x, r := make([]float32, n*side*side*c), make([]float32, n*side*side*c)
	for i := range x {
		x[i], r[i] = float32(rng.NormFloat64())+3, float32(rng.NormFloat64())
	}
	// build makes the graph of a part of the batch: its value, its gradient of S = Σ r·y²
	// over all processes, that of the squared gradient's sum, and the statistics.
	build := func(processes, rank int) (g *graph.Builder, outputs []graph.Node) {
		per := len(x) / processes
		g, err := graph.Build(func(g *graph.Builder) {
			in, weights := g.Input("x", n/processes, side, side, c), g.Input("r", n/processes, side, side, c)
			copy(g.Data(in), x[rank*per:][:per])
			copy(g.Data(weights), r[rank*per:][:per])
			y, mean, variance := g.BatchNormAcross(processes, in, g.Const(1.5, c), g.Const(0.1, c), 1e-5, 0.2)
			inner := mustGrad(t, g, g.Dot(weights, g.Square(y)), in)
			outer := mustGrad(t, g, g.Sum(g.Square(inner)), in)
			outputs = []graph.Node{y, inner, outer, mean, variance}
		}, graph.TwiceDifferentiable())
		if err != nil {
			t.Fatal(err)
		}
		return g, outputs
	}
	run := func(dev device.Device, g *graph.Builder, outputs []graph.Node, sum device.Sum) (values [][]float32) {
		p, err := dev.Compile(g, device.Request{Outputs: outputs, Sum: sum})
		if err != nil {
			t.Error(err)
			return nil
		}
		defer p.Release()
		for range 2 { // the second in the first's memory
			if err := p.Run(); err != nil {
				t.Error(err)
			}
		}
		for _, o := range outputs {
			values = append(values, slices.Clone(p.Value(o)))
		}
		return values
	}
	g, outputs := build(1, 0)
	want := run(exact.Device{}, g, outputs, nil)
	var got [2][][]float32
	var all sync.WaitGroup
	sum := newPair()
	for rank := range got {
		dev := devicetest.Open(t, 1)
		defer dev.Close()
		g, outputs := build(2, rank)
		all.Go(func() { got[rank] = run(dev, g, outputs, sum) })
	}
	all.Wait()
	if t.Failed() {
		return
	}
	for i := range want {
		joint := got[0][i]
		if i < 3 { // of images
			joint = slices.Concat(joint, got[1][i])
		} else if !slices.Equal(joint, got[1][i]) {
			t.Errorf("result %d differs between the processes", i)
		}
		near(t, []string{"value", "gradient", "second gradient", "mean", "variance"}[i], joint, want[i], 1e-5)
	}
	if sum.sums == 0 || sum.sums%4 != 0 {
		t.Errorf("%d sums in two runs of two processes", sum.sums)
	}
}

// lost is a Sum over processes of which one is gone.
type lost struct{ sums int }

func (l *lost) Sum([]float32) error { l.sums++; return errors.New("rank 1 is gone") }

// TestProcessesLost: a sum that fails ends the run with its error. The run stores nothing
// and tries no other sum; so does a program that was planned without other processes.
func TestProcessesLost(t *testing.T) {
	for _, dev := range []device.Device{devicetest.Open(t, 1), exact.Device{}} {
		defer dev.Close()
		g := graph.NewBuilder()
		x, kept := g.Input("x", 2), models.NewParam("kept", 2)
		y := g.SumProcesses(g.Square(g.SumProcesses(x, 2)), 2)
		group := &lost{}
		for _, c := range []struct {
			sum  device.Sum
			want string
		}{{group, "rank 1 is gone"}, {nil, "sum over processes: got one process"}} {
			p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{y}, Assigns: []graph.Assign{{Dst: kept, Src: y}}, Sum: c.sum})
			if err != nil {
				t.Fatal(err)
			}
			g.Data(x)[0] = 3
			if err := p.Run(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if err := dev.Download(kept); err != nil {
				t.Fatal(err)
			}
			if kept.Data[0] != 0 {
				t.Errorf("stored %v", kept.Data)
			}
		}
		if group.sums != 1 {
			t.Errorf("%d sums, want one", group.sums)
		}
	}
}
