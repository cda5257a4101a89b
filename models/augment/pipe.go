package augment

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models/graph"
)

// Policy says which transforms a Pipe has.
type Policy string

const (
	// BGC are blits, geometry and colours (Karras et al. 2020, appendix B): mirror
	// images, quarter turns, whole shifts; scale, turns, aspect, shifts; brightness,
	// contrast, luma, hue, saturation.
	BGC Policy = "bgc"

	// EDM are mirror images both ways, scale, turns, aspect and shifts, of which the
	// network is told by LabelDim labels. Mirror images from left to right are always
	// drawn, unless the probability is 0.
	EDM Policy = "edm"
)

// LabelDim is how many labels EDM has: mirrored (2), scale, turn (2), aspect (2),
// shift (2); 0 each where a transform does not apply.
const LabelDim = 9

// Policies lists them.
func Policies() []string { return []string{string(BGC), string(EDM)} }

// Check refuses images that a policy cannot change.
func (p Policy) Check(image graph.Shape) error {
	switch {
	case !slices.Contains(Policies(), string(p)):
		return fmt.Errorf("augment: policy %q, want %s", string(p), strings.Join(Policies(), " | "))
	case len(image) != 3 || image[0] < 2 || image[1] < 2:
		return fmt.Errorf("augment: images %v, want at least 2x2 pixels", []int(image))
	case p == BGC && image[2] != 1 && image[2] != 3:
		return fmt.Errorf("augment: %s for images of %d channels, want 1 or 3", p, image[2])
	}
	return nil
}

// Pipe augments a batch of images in a graph.
type Pipe struct {
	policy Policy
	image  graph.Shape // [H W C]
	g      *graph.Builder

	double, halve axes
	mirror, theta graph.Node // [N 6]: of whole pixels, of EDM; of what is sampled
	colour, shift graph.Node // [N C C], [N C]: of BGC
	labels        []float32  // [N LabelDim] of the last draw
}

// NewPipe declares what is drawn for batches of n images [H W C], at first nothing.
// The policy must suit the images.
func NewPipe(g *graph.Builder, policy Policy, n int, image graph.Shape) *Pipe {
	h, w, c := image[0], image[1], image[2]
	p := &Pipe{
		policy: policy, image: image, g: g, labels: make([]float32, n*LabelDim),
		double: newAxes("double", n, c, doubling(h), doubling(w)),
		halve:  newAxes("halve", n, c, halving(h), halving(w)),
		theta:  g.Input("theta", n, 6),
	}
	if policy == EDM {
		p.mirror = g.Input("mirror", n, 6)
	} else {
		p.colour, p.shift = g.Input("colour", n, c, c), g.Input("shift", n, c)
	}
	for i := range n {
		p.Set(i, Transform{Inverse: Scale(1, 1), Colour: SameColour()})
	}
	return p
}

// Forward is the augmented x [N H W C].
func (p *Pipe) Forward(x graph.Node) graph.Node {
	g, s := p.g, x.Shape()
	if p.policy == EDM {
		x = g.Warp(x, p.mirror, s[1], s[2])
	}
	x = p.double.alongCols(g, p.double.alongRows(g, x))
	x = g.Warp(x, p.theta, sampled(s[1]), sampled(s[2]))
	x = p.halve.alongRows(g, p.halve.alongCols(g, x))
	if p.policy == BGC {
		x = g.MatMul(g.Reshape(x, s[0], s[1]*s[2], s[3]), p.colour, false, true)
		x = g.AddPerSampleChannel(g.Reshape(x, s...), p.shift)
	}
	return x
}

// Transform is what is done to one image: it is mirrored from left to right and
// upside down, sampled where Inverse says, and coloured.
type Transform struct {
	MirrorX, MirrorY bool // of EDM, whose images are mirrored before they are doubled
	Inverse          Map
	Colour           Colour
	Labels           [LabelDim]float64
}

// Draw draws a transform for every image, each of its parts with probability prob.
func (p *Pipe) Draw(rng *rand.Rand, prob float64) {
	for i := range len(p.labels) / LabelDim {
		p.Set(i, p.policy.draw(rng, prob, p.image))
	}
}

// Labels are those of the last Draw, [N LabelDim], of EDM.
func (p *Pipe) Labels() []float32 { return p.labels }

// Set fills the inputs of image i.
func (p *Pipe) Set(i int, t Transform) {
	h, w, c := p.image[0], p.image[1], p.image[2]
	fill := func(n graph.Node, m Map) {
		for k, v := range m {
			p.g.Data(n)[6*i+k] = float32(v)
		}
	}
	if p.policy == EDM {
		m := Scale(1, 1)
		if t.MirrorX {
			m[0], m[2] = -1, float64(w-1)
		}
		if t.MirrorY {
			m[4], m[5] = -1, float64(h-1)
		}
		fill(p.mirror, m)
	}
	fill(p.theta, pixels(t.Inverse, h, w))
	for k, v := range t.Labels {
		p.labels[i*LabelDim+k] = float32(v)
	}
	if p.policy != BGC {
		return
	}
	m, b := p.g.Data(p.colour)[i*c*c:][:c*c], p.g.Data(p.shift)[i*c:][:c]
	if c == 1 {
		factor, shift := t.Colour.grey()
		m[0], b[0] = float32(factor), float32(shift)
		return
	}
	for row := range c {
		for col := range c {
			m[row*c+col] = float32(t.Colour[4*row+col])
		}
		b[row] = float32(t.Colour[4*row+3])
	}
}

// pixels is an inverse map of places from an image's centre as one from the pixels
// that are sampled to those of the doubled image, counted from their corners.
func pixels(inverse Map, h, w int) Map {
	corner := func(n int) float64 { return float64(n)/2 - 0.5 }
	return product(
		Translate(corner(doubled(w)), corner(doubled(h))),
		Translate(-0.5, -0.5), Scale(2, 2), inverse, Scale(0.5, 0.5), Translate(0.5, 0.5),
		Translate(-corner(sampled(w)), -corner(sampled(h))),
	)
}
