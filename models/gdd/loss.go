package gdd

import (
	"fmt"

	"innate/models/graph"
	"innate/models/registry"
)

// Loss names an adversarial loss.
type Loss string

// NonSaturating is the published choice, Hinge the alternative.
const (
	NonSaturating Loss = "ns"
	Hinge         Loss = "hinge"
)

// Adversarial is what a loss makes of logits, element by element: of those of
// generated images for the generator, and of both kinds for the discriminator.
type Adversarial struct {
	Gen, Fake, Real func(g *graph.Builder, logits graph.Node) graph.Node
}

// Losses are the adversarial losses that disc.loss may name.
var Losses = registry.New[Adversarial]("loss")

func init() {
	minus := func(g *graph.Builder, l graph.Node) graph.Node { return g.Scale(l, -1) }
	Losses.Add(string(NonSaturating), Adversarial{
		Gen:  func(g *graph.Builder, l graph.Node) graph.Node { return g.Softplus(minus(g, l)) },
		Fake: func(g *graph.Builder, l graph.Node) graph.Node { return g.Softplus(l) },
		Real: func(g *graph.Builder, l graph.Node) graph.Node { return g.Softplus(minus(g, l)) },
	})
	Losses.Add(string(Hinge), Adversarial{
		Gen:  minus,
		Fake: func(g *graph.Builder, l graph.Node) graph.Node { return g.ReLU(g.AddScalar(l, 1)) },
		Real: func(g *graph.Builder, l graph.Node) graph.Node { return g.ReLU(g.AddScalar(minus(g, l), 1)) },
	})
}

// of looks the loss up.
func (l Loss) of() (Adversarial, error) {
	a, err := Losses.Get(string(l))
	if err != nil {
		return a, fmt.Errorf("gdd: %w", err)
	}
	return a, nil
}

// batchSum is the mean over the logits of each image, summed over images.
func batchSum(g *graph.Builder, v graph.Node) graph.Node {
	return g.Scale(g.Sum(v), 1/float32(v.Shape()[1]))
}
