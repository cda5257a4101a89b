package disc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nettest"
)

// mapsOnly is a network of which nothing but its maps' sizes is known.
type mapsOnly struct {
	features.Backbone
	taps []features.Tap
}

func (m mapsOnly) Channels() int                    { return 3 }
func (m mapsOnly) Taps(int) ([]features.Tap, error) { return m.taps, nil }
func tap(channels, side int, into features.Map) features.Tap {
	return features.Tap{Map: features.Map{Channels: channels, Side: side}, Into: into}
}

// deitBase has the maps of DeiT-base at 224 pixels.
var deitBase = mapsOnly{taps: []features.Tap{
	tap(768, 14, features.Map{Channels: 96, Side: 56}), tap(768, 14, features.Map{Channels: 192, Side: 28}),
	tap(768, 14, features.Map{Channels: 384, Side: 14}), tap(768, 14, features.Map{Channels: 768, Side: 7}),
}}

// paper is the projection of the published runs.
var paper = disc.ProjectorConfig{InSize: 224, CMix: 64, Expand: true, Mean: []float32{0.5}, Std: []float32{0.5}}

// TestPaper: projections and heads over the published networks are of the published
// sizes.
func TestPaper(t *testing.T) {
	for _, c := range []struct {
		name       string
		net        features.Backbone
		mix        int // random parameters
		reassembly int
		sizes      []int
		logits     int
	}{
		{"VGG16-BN", features.NewVGG(nil), 611_776, 0, []int{224, 112, 56, 28}, 484},
		{"EfficientNet-Lite0", features.NewLite(nil), 376_768, 0, []int{112, 56, 28, 14}, 64},
		{"DeiT-base", deitBase, 699_840, 94_049_936 - 87_338_192, []int{112, 56, 28, 14}, 64},
	} {
		p, err := disc.NewProjector(paper, c.net, nil)
		if err != nil {
			t.Fatal(err)
		}
		mix, reassembly := 0, 0
		for _, q := range p.Mix.All() {
			if strings.HasPrefix(q.Name, "reassemble.") {
				reassembly += len(q.Data)
			} else {
				mix += len(q.Data)
			}
		}
		if mix != c.mix || reassembly != c.reassembly {
			t.Errorf("%s: %d random values and %d that reassemble, want %d and %d", c.name, mix, reassembly, c.mix, c.reassembly)
		}
		if !slices.Equal(p.Channels, []int{64, 64, 128, 256}) || !slices.Equal(p.Sizes, c.sizes) {
			t.Errorf("%s: %v channels at %v", c.name, p.Channels, p.Sizes)
		}
		cfg := disc.NewConfig(p, 0, 0)
		d, err := disc.New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		if n, tensors := d.Params.Count(), len(d.Params.All()); n != 10_331_328 || tensors != 44 {
			t.Errorf("%s: heads of %d values in %d tensors, want 10331328 in 44", c.name, n, tensors)
		}
		if cfg.Logits() != c.logits {
			t.Errorf("%s: %d logits, want %d", c.name, cfg.Logits(), c.logits)
		}
		cfg.LabelDim = 1000
		if d, err = disc.New(cfg, nil); err != nil {
			t.Fatal(err)
		}
		if n := d.Params.Count(); n != 13_757_888 {
			t.Errorf("%s: conditional heads of %d values, want 13757888", c.name, n)
		}
	}
}

// TestReassemble holds each kind of layers against its definition.
func TestReassemble(t *testing.T) {
	net := mapsOnly{taps: []features.Tap{
		tap(3, 2, features.Map{Channels: 2, Side: 4}), tap(3, 2, features.Map{Channels: 4, Side: 2}), tap(3, 2, features.Map{Channels: 5, Side: 1}),
	}}
	p, err := disc.NewProjector(paper, net, rng())
	if err != nil {
		t.Fatal(err)
	}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	x := make([]float32, 2*2*3)
	for i := range x {
		x[i] = float32(i*i%7) - 2.5
	}
	weight := func(name string) []float32 { return p.Mix.Get("reassemble." + name).Data }
	// first is the 1x1 convolution of a pixel.
	first := func(i, pixel, channel int) float32 {
		sum := weight(fmt.Sprintf("%d.0.bias", i))[channel]
		for c := range 3 {
			sum += x[pixel*3+c] * weight(fmt.Sprintf("%d.0.weight", i))[channel*3+c]
		}
		return sum
	}
	for i, tap := range net.taps {
		var in, out graph.Node
		g, err := graph.Build(func(g *graph.Builder) {
			in = g.Input("x", 1, 2, 2, 3)
			out = disc.Reassemble(p, g, i, in)
		})
		if err != nil {
			t.Fatal(err)
		}
		copy(g.Data(in), x)
		m, err := dev.Compile(g, device.Request{Outputs: []graph.Node{out}})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(); err != nil {
			t.Fatal(err)
		}
		side, channels := tap.Into.Side, tap.Into.Channels
		want := make([]float32, side*side*channels)
		for at := range want {
			c, col, row := at%channels, at/channels%side, at/channels/side
			switch i {
			case 0: // every pixel makes 2x2 of them
				want[at] = weight("0.1.bias")[c]
				for k := range channels {
					want[at] += first(0, row/2*2+col/2, k) * weight("0.1.weight")[((row%2*2+col%2)*channels+c)*channels+k]
				}
			case 1:
				want[at] = first(1, row*2+col, c)
			case 2: // a 3x3 kernel whose upper left pixels are padding
				want[at] = weight("2.1.bias")[c]
				for k := range channels {
					for pixel := range 4 {
						want[at] += first(2, pixel, k) * weight("2.1.weight")[((c*channels+k)*3+pixel/2+1)*3+pixel%2+1]
					}
				}
			}
		}
		nettest.Near(t, fmt.Sprint("map ", i), m.Value(out), want, 1e-5)
	}
}

// TestSizesThatDoNotFit: maps that fusing cannot double are refused.
func TestSizesThatDoNotFit(t *testing.T) {
	net := mapsOnly{taps: []features.Tap{tap(3, 14, features.Map{}), tap(3, 8, features.Map{})}}
	if _, err := disc.NewProjector(paper, net, nil); err == nil || err.Error() != "disc: in_size: 224 makes maps of sides 14 and 8, want each twice the next" {
		t.Errorf("error %v", err)
	}
}
