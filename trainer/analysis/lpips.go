package analysis

import (
	"fmt"

	"innate/models/device"
	"innate/models/gdd"
	"innate/models/graph"
	"innate/models/weights"
	"innate/trainer/figures"
	"innate/trainer/method"
)

// Perceptual is LPIPS, and by which weights.
type Perceptual struct {
	Target *gdd.Target
	Fact   figures.Fact
}

// OpenLPIPS opens LPIPS over VGG16 by its linear weights and those of torchvision's vgg16,
// each builtin:NAME, fetch:NAME or a path.
func OpenLPIPS(linear, maps string) (*Perceptual, error) {
	l, err := weights.Open(linear)
	if err != nil {
		return nil, err
	}
	m, err := weights.Open(maps)
	if err != nil {
		return nil, err
	}
	t, err := method.OpenLPIPS(m, l)
	if err != nil {
		return nil, err
	}
	return &Perceptual{t, figures.Fact{Name: "LPIPS", Value: fmt.Sprintf(
		"mean over pairs of LPIPS-VGG (Zhang et al. 2018) of 8-bit images enlarged to %d bilinearly, as in distillation; vgg16 %.8s, linear weights %s",
		t.Path.InSize, t.Net.Fingerprint(), linear)}}, nil
}

// perceptualBatch is how many pairs are compared at once, of which each takes some 100 MB.
const perceptualBatch = 4

// pairs adds up LPIPS of pairs of images.
type pairs struct {
	program  device.Program
	g        *graph.Builder
	a, b     graph.Node // [B H W C]
	distance graph.Node
	pixels   int
	sum      float64
}

// pairs compiles LPIPS of images [H W C]; gray ones show their channel three times, as
// LPIPS's own program has it.
func (p *Perceptual) pairs(dev device.Device, image graph.Shape) (*pairs, error) {
	out := &pairs{pixels: image.Size()}
	var err error
	out.g, err = graph.Build(func(g *graph.Builder) {
		read := func(name string) (in, x graph.Node) {
			in = g.Input(name, append([]int{perceptualBatch}, image...)...)
			if p.Target.Net == nil { // pixels
				return in, in
			}
			switch channels := p.Target.Net.Channels(); {
			case image[2] == 1 && channels == 3:
				return in, g.Concat(in, in, in)
			case image[2] != channels:
				g.Failf("images %v, want %d channels for LPIPS", []int(image), channels)
			}
			return in, in
		}
		var x, y graph.Node
		out.a, x = read("a")
		out.b, y = read("b")
		out.distance = p.Target.Distance(g, x, y)
	})
	if err != nil {
		return nil, err
	}
	out.program, err = dev.Compile(out.g, device.Request{Outputs: []graph.Node{out.distance}})
	return out, err
}

// add adds the distances of 8-bit images a and b, [N H W C]. What a last batch lacks is
// the same on both sides, and at no distance.
func (p *pairs) add(a, b []uint8) error {
	each := perceptualBatch * p.pixels
	for at := 0; at < len(a); at += each {
		end := min(at+each, len(a))
		for _, side := range []struct {
			to   []float32
			from []uint8
		}{{p.g.Data(p.a), a[at:end]}, {p.g.Data(p.b), b[at:end]}} {
			clear(side.to)
			for i, v := range side.from {
				side.to[i] = float32(v)/127.5 - 1
			}
		}
		if err := p.program.Run(); err != nil {
			return err
		}
		p.sum += float64(p.program.Value(p.distance)[0])
	}
	return nil
}
