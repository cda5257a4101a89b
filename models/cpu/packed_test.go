package cpu_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
)

// TestPacked keeps the weight of a convolution packed as long as nothing of the
// device changes it, notices what is uploaded, and gets the same bits as a device
// whose plans say that the weight changes.
func TestPacked(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(p *models.Param) *models.Param {
		for i := range p.Data {
			p.Data[i] = float32(rng.NormFloat64())
		}
		return p
	}
	fixed, trained := random(models.NewParam("fixed", 16, 16, 3, 3)), random(models.NewParam("trained", 16, 16, 3, 3))
	all := []*models.Param{fixed, trained}
	var x, y graph.Node
	var grads []graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 2, 9, 9, 16)
		y = g.Conv(g.SiLU(g.Conv(x, g.Param(trained), graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 1})), g.Param(fixed), graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 1})
		grads, _ = g.Grad(g.Sum(g.Square(y)), x, g.Param(fixed), g.Param(trained))
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range g.Data(x) {
		g.Data(x)[i] = v + float32(rng.NormFloat64())
	}
	// follow plans an update of parameters, and returns a program with their gradients.
	follow := func(dev *cpu.Device, params []*models.Param, grads []graph.Node) (device.Program, device.Adam) {
		t.Helper()
		p, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{y}, grads...)})
		if err != nil {
			t.Fatal(err)
		}
		var slots []device.AdamSlot
		for i, q := range params {
			slots = append(slots, device.AdamSlot{Param: q, M: models.NewParam("m", q.Shape...), V: models.NewParam("v", q.Shape...), Program: p, Grad: grads[1+i]})
		}
		adam, err := dev.PlanAdam(slots)
		if err != nil {
			t.Fatal(err)
		}
		return p, adam
	}
	dev, none := newDevice(t, 2), newDevice(t, 1)
	kept, adam := follow(dev, all[1:], []graph.Node{grads[0], grads[2]})
	packed, _ := follow(none, all, grads)
	if none.Packed() != 0 {
		t.Errorf("%d bytes packed of weights that train, want 0", none.Packed())
	}
	if size := 2 * 4 * 36 * 16 * 16; dev.Packed() <= 0 || dev.Packed() > size {
		t.Errorf("%d bytes packed, want up to %d: forward and for the input gradient", dev.Packed(), size)
	}
	same := func(when string) {
		t.Helper()
		for range 2 {
			if err := kept.Run(); err != nil {
				t.Fatal(err)
			}
		}
		if err := packed.Run(); err != nil {
			t.Fatal(err)
		}
		for _, n := range []graph.Node{y, grads[0], grads[2]} {
			if !slices.Equal(kept.Value(n), packed.Value(n)) {
				t.Errorf("%s: %v differs from that of weights that are packed in every run", when, n)
			}
		}
	}
	same("at first")
	if err := adam.Step(device.AdamStep{LR: 0.1, Eps: 1e-8, Steps: []int64{1}, Corr1: []float32{1}, Corr2: []float32{1}}); err != nil {
		t.Fatal(err)
	}
	same("after an update of what trains")
	random(fixed)
	if err := dev.Upload(all...); err != nil {
		t.Fatal(err)
	}
	same("after an upload")

	// Another freezing, in the place of the first.
	before := dev.Packed()
	kept.Release()
	kept, adam = follow(dev, all, grads)
	if dev.Packed() != 0 {
		t.Errorf("%d bytes packed when all train, want 0", dev.Packed())
	}
	same("when all train")
	if err := adam.Step(device.AdamStep{LR: 0.1, Eps: 1e-8, Steps: []int64{1, 1}, Corr1: []float32{1, 1}, Corr2: []float32{1, 1}}); err != nil {
		t.Fatal(err)
	}
	same("after an update of all")
	kept.Release()
	kept, _ = follow(dev, all[1:], []graph.Node{grads[0], grads[2]})
	if dev.Packed() != before {
		t.Errorf("%d bytes packed when it is frozen again, want %d", dev.Packed(), before)
	}
	same("when it is frozen again")
}
