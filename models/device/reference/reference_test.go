package reference_test

import (
	"math"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/device/reference"
	"innate/models/graph"
)

// Every operation has a definition, or is another shape of its input.
func TestEveryOperation(t *testing.T) {
	for _, op := range graph.Ops() {
		if !op.Alias && !reference.Knows(op) {
			t.Errorf("%s: no reference", op.Name)
		}
	}
}

// TestUpdates holds the tested device's optimizer step, average and distance against the
// reference's, with gradients that are not finite among them.
func TestUpdates(t *testing.T) {
	var results [2][]float32
	for i, dev := range []device.Device{devicetest.Open(t, 2), reference.Device{}} {
		defer dev.Close()
		const n = 40000
		p, m, v, avg := models.NewParam("p", n), models.NewParam("m", n), models.NewParam("v", n), models.NewParam("avg", n)
		g := graph.NewBuilder()
		x := g.Input("x", n)
		grad, total := g.Scale(x, 2), g.Sum(g.Slice(x, 0, 5))
		for j := range n {
			p.Data[j] = float32(j%13) - 6
			g.Data(x)[j] = float32(j%7) - 3
		}
		start := p.Clone()
		program, err := dev.Compile(g, device.Request{Outputs: []graph.Node{grad, total}, Record: []graph.Node{total}})
		must(t, err)
		adam, err := dev.PlanAdam([]device.AdamSlot{{Param: p, M: m, V: v, Program: program, Grad: grad}})
		must(t, err)
		average, err := dev.PlanAverage([]*models.Param{avg}, []*models.Param{p})
		must(t, err)
		distance, err := dev.PlanDistance([]*models.Param{p}, []*models.Param{start})
		must(t, err)
		for step := 1; step <= 3; step++ {
			x5, xn := g.Data(x)[5], g.Data(x)[n-1]
			if step == 2 {
				adam.Measure()
				g.Data(x)[5], g.Data(x)[n-1] = float32(math.NaN()), float32(math.Inf(1))
			}
			must(t, program.Run())
			g.Data(x)[5], g.Data(x)[n-1] = x5, xn
			c1, c2 := []float32{float32(1 - math.Pow(0.9, float64(step)))}, []float32{float32(1 - math.Pow(0.99, float64(step)))}
			must(t, adam.Step(device.AdamStep{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Steps: []int64{int64(step)}, Corr1: c1, Corr2: c2}))
			must(t, average.Update(0.5))
		}
		sums, err := distance.Measure()
		must(t, err)
		must(t, dev.Download(p, m, v, avg))
		sq := adam.Squares(0)
		results[i] = []float32{float32(sq.Grad), float32(sq.Update), float32(sq.Weight), float32(sums[0].Update), float32(sums[0].Weight), float32(sums[0].Value)}
		for step, r := range adam.Records() {
			bad := 0
			if step == 1 {
				bad = 2
			}
			if r.NonFinite != bad {
				t.Errorf("device %d, step %d: %d gradients were not finite, want %d", i, step, r.NonFinite, bad)
			}
			results[i] = append(results[i], float32(r.GradSquares))
		}
		// the loss, not the last one alone
		results[i] = append(results[i], program.Records()...)
		results[i] = append(append(append(append(results[i], p.Data...), m.Data...), v.Data...), avg.Data...)
	}
	for j, want := range results[1] {
		got := results[0][j]
		if d := float64(got - want); !(d*d <= 1e-10*(1+float64(want)*float64(want))) { // 1e-5, of float32 over three steps
			t.Fatalf("value %d: %v, the reference has %v", j, got, want)
		}
	}
	if n := 6 + 3 + 3 + 4*40000; len(results[0]) != n {
		t.Errorf("%d results, want %d", len(results[0]), n)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRecords asks for recorded numbers seldom and twice, more runs apart than a
// device keeps by itself.
func TestRecords(t *testing.T) {
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	g := graph.NewBuilder()
	x := g.Input("x", 2)
	sum, squares := g.Sum(x), g.Sum(g.Square(x))
	p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{sum, squares}, Record: []graph.Node{squares, sum}})
	must(t, err)
	at := 0
	for _, runs := range []int{600, 1, 0, 3} {
		first := at
		for range runs {
			g.Data(x)[0], g.Data(x)[1] = float32(at), 1
			must(t, p.Run())
			at++
		}
		got := p.Records()
		if len(got) != 2*runs {
			t.Fatalf("%d numbers of %d runs, want 2 each", len(got), runs)
		}
		for i := range runs {
			v := float32(first + i)
			if got[2*i] != v*v+1 || got[2*i+1] != v+1 {
				t.Fatalf("run %d: recorded %v, want %v", first+i, got[2*i:2*i+2], []float32{v*v + 1, v + 1})
			}
		}
	}
}
