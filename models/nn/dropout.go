package nn

import (
	"math/rand/v2"

	"innate/models/graph"
)

// Dropout zeroes activations in training. Every block it meets in Forward gets
// an input of the graph, which Fill draws anew before each run; kept values are
// scaled so that the mean stays.
type Dropout struct {
	p     float64
	masks []graph.Node
}

// NewDropout prepares dropout of probability p for one graph. It returns nil,
// which Forward takes as no dropout, where the probability is 0.
func NewDropout(p float64) *Dropout {
	if p == 0 {
		return nil
	}
	return &Dropout{p: p}
}

// Forward multiplies x [N H W C] by a fresh mask.
func (d *Dropout) Forward(g *graph.Builder, name string, x graph.Node) graph.Node {
	if d == nil {
		return x
	}
	mask := g.Input("dropout/"+name, x.Shape()...)
	d.masks = append(d.masks, mask)
	return g.Mul(x, mask)
}

// Fill draws all masks of the graph g from rng.
func (d *Dropout) Fill(g *graph.Builder, rng *rand.Rand) {
	if d == nil {
		return
	}
	kept := float32(1 / (1 - d.p))
	for _, m := range d.masks {
		data := g.Data(m)
		for i := range data {
			data[i] = 0
			if rng.Float64() >= d.p {
				data[i] = kept
			}
		}
	}
}

// Cond is what conditions a forward pass of a network that denoises. Emb is
// required; the others are the zero Node where they do not apply.
type Cond struct {
	Emb     graph.Node // [N Q], an Embedding of the noise levels
	Label   graph.Node // [N classes] one-hot; none means the all-zero vector
	Augment graph.Node // [N augmentation inputs]; none leaves the input out
	Dropout *Dropout   // nil outside training
}
