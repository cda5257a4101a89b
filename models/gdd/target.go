package gdd

import (
	"fmt"

	"innate/models"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/graph"
)

// Target is how single images are compared with what they should be. The zero Target
// compares their pixels, by the mean of squares.
type Target struct {
	Net  features.Backbone    // whose maps are compared; nil for pixels
	Path disc.ProjectorConfig // from an image to them

	// Linear are the weights of the channels of each map, as LPIPS learns them (Zhang et
	// al. 2018); nil where all count alike, which no paper's numbers do.
	Linear [][]float32
}

// check reports what does not fit images of so many channels.
func (t *Target) check(channels int) error {
	if t.Net == nil {
		return nil
	}
	if c := t.Net.Channels(); c != channels {
		return fmt.Errorf("gdd: network of the target takes %d channels, want the generator's %d", c, channels)
	}
	taps, err := t.Net.Taps(t.Path.InSize)
	if err != nil {
		return err
	}
	if t.Linear != nil && len(t.Linear) != len(taps) {
		return fmt.Errorf("gdd: linear weights of %d maps, want those of %d", len(t.Linear), len(taps))
	}
	for i, w := range t.Linear {
		if len(w) != taps[i].Channels {
			return fmt.Errorf("gdd: linear weights of map %d: %d, want one for each of %d channels", i, len(w), taps[i].Channels)
		}
	}
	return nil
}

// unitEps keeps the length of a position's channels from 0, as LPIPS has it, but below
// the root.
const unitEps = 1e-20

// Distance adds the sum over images of how far x is from y, both [N H W C] in [-1, 1]:
// over all maps the mean over positions of the squared difference of channels, of unit
// length each and weighted (LPIPS), or the mean squared difference of pixels.
func (t *Target) Distance(g *graph.Builder, x, y graph.Node) graph.Node {
	defer g.Scope("target")()
	if t.Net == nil {
		return g.Scale(g.Sum(g.Square(g.Sub(x, y))), 1/float32(x.Shape().Size()/x.Shape()[0]))
	}
	theirs := t.Path.Maps(g, t.Net, y)
	var sums []graph.Node
	for i, a := range t.Path.Maps(g, t.Net, x) {
		square := g.Square(g.Sub(unit(g, a), unit(g, theirs[i])))
		if t.Linear != nil {
			w := models.NewParam(fmt.Sprintf("lin%d", i), len(t.Linear[i]))
			copy(w.Data, t.Linear[i])
			square = g.MulPerChannel(square, g.Param(w))
		}
		s := a.Shape()
		sums = append(sums, g.Scale(g.Sum(square), 1/float32(s[1]*s[2])))
	}
	return g.AddN(sums...)
}

// unit scales the channels of every position to unit length.
func unit(g *graph.Builder, x graph.Node) graph.Node {
	return g.MulLast(x, g.Rsqrt(g.AddScalar(g.SumLast(g.Square(x)), unitEps)))
}
