package gdd

import (
	"fmt"

	"innate/models/graph"
)

// Loss names an adversarial loss.
type Loss string

// NonSaturating is the published choice, Hinge the alternative.
const (
	NonSaturating Loss = "ns"
	Hinge         Loss = "hinge"
)

// Check reports an unknown name.
func (l Loss) Check() error {
	if l != NonSaturating && l != Hinge {
		return fmt.Errorf("gdd: loss %q, want %q or %q", string(l), NonSaturating, Hinge)
	}
	return nil
}

// gen is the generator's loss for the logits [N L] of its images.
func (l Loss) gen(g *graph.Builder, fake graph.Node) graph.Node {
	if l == Hinge {
		return batchSum(g, g.Scale(fake, -1))
	}
	return batchSum(g, g.Softplus(g.Scale(fake, -1)))
}

// disc is the discriminator's loss for both kinds of logits [N L].
func (l Loss) disc(g *graph.Builder, fake, real graph.Node) graph.Node {
	if l == Hinge {
		return g.Add(
			batchSum(g, g.ReLU(g.AddScalar(fake, 1))),
			batchSum(g, g.ReLU(g.AddScalar(g.Scale(real, -1), 1))))
	}
	return g.Add(batchSum(g, g.Softplus(fake)), batchSum(g, g.Softplus(g.Scale(real, -1))))
}

// batchSum is the mean over the logits of each image, summed over images.
func batchSum(g *graph.Builder, v graph.Node) graph.Node {
	return g.Scale(g.Sum(v), 1/float32(v.Shape()[1]))
}
