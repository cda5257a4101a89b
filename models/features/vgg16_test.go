package features_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nettest"
)

// TestVGG16 gives VGG16 the convolutions of one with batch norms that change nothing but
// for their epsilon, which is compared with PyTorch elsewhere: the maps that both have are
// the same to 1e-3 of the largest. It is known by torchvision's names.
func TestVGG16(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	file := features.VGGWeights(rng)
	set, plain, normed := models.NewParamSet(), 0, 0
	for _, convs := range []int{2, 2, 3, 3, 3} {
		for range convs {
			for _, part := range []string{"weight", "bias"} {
				from := file.Get(fmt.Sprintf("features.%d.%s", normed, part))
				own := models.NewParam(fmt.Sprintf("features.%d.%s", plain, part), from.Shape...)
				copy(own.Data, from.Data)
				set.Add(own)
			}
			plain, normed = plain+2, normed+3
		}
		plain, normed = plain+1, normed+1
	}
	bn := features.FromVGG(file)
	f := checkpoint.New()
	if err := f.AddParams("", set); err != nil {
		t.Fatal(err)
	}
	net, err := features.OpenBackbone(f, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := net.(*features.VGG16); !ok {
		t.Fatalf("opened as %T", net)
	}
	const side = 32
	var got, want []graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x := g.Input("x", 1, side, side, 3)
		for i := range g.Data(x) {
			g.Data(x)[i] = float32(rng.NormFloat64())
		}
		got, want = net.Maps(g, x), bn.Maps(g, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	taps, err := net.Taps(side)
	if err != nil || len(taps) != features.VGG16Maps || len(got) != len(taps) {
		t.Fatalf("%d maps, taps %v, %v", len(got), taps, err)
	}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	p, err := dev.Compile(g, device.Request{Outputs: append(append([]graph.Node{}, got...), want...)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for i, tap := range taps {
		if s := got[i].Shape(); s[1] != tap.Side || s[3] != tap.Channels {
			t.Errorf("map %d is %v, want %+v", i, s, tap)
		}
		if i > 0 {
			nettest.Near(t, fmt.Sprint("map ", i), p.Value(got[i]), p.Value(want[i-1]), 1e-3)
		}
	}
}
