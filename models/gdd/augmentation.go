package gdd

import (
	"fmt"
	"math/rand/v2"

	"innate/models/augment"
	"innate/models/graph"
)

// Augmentation is what happens to real and to generated images before the
// discriminators see them, but for the gradient penalty. The zero value is nothing.
type Augmentation struct {
	Pipe augment.Policy // the same for all discriminators; "" for none
	Diff []string       // parts of DiffAugment, which is drawn for each of them
}

// None reports whether nothing happens.
func (a Augmentation) None() bool { return a.Pipe == "" && len(a.Diff) == 0 }

// check refuses images that cannot be augmented.
func (a Augmentation) check(image graph.Shape) error {
	if a.Pipe != "" {
		if err := a.Pipe.Check(image); err != nil {
			return err
		}
	}
	return augment.CheckDiff(a.Diff)
}

// pass is one batch of images on its way to all discriminators.
type pass struct {
	pipe  *augment.Pipe   // nil for none
	diffs []*augment.Diff // of each discriminator; none
}

// newPass declares what is drawn for a batch, under a scope.
func (n Nets) newPass(g *graph.Builder, scope string, batch int) *pass {
	p, image := &pass{}, n.Gen.Net.Shape().Image()
	if n.Augment.None() {
		return p
	}
	defer g.Scope(scope)()
	if n.Augment.Pipe != "" {
		p.pipe = augment.NewPipe(g, n.Augment.Pipe, batch, image)
	}
	if len(n.Augment.Diff) > 0 {
		for k := range n.Discs {
			p.diffs = append(p.diffs, newDiff(g, fmt.Sprint("diff", k), n.Augment.Diff, batch, image))
		}
	}
	return p
}

func newDiff(g *graph.Builder, scope string, policy []string, batch int, image graph.Shape) *augment.Diff {
	defer g.Scope(scope)()
	return augment.NewDiff(g, policy, batch, image)
}

// forward is what all discriminators see of the images x.
func (p *pass) forward(x graph.Node) graph.Node {
	if p.pipe == nil {
		return x
	}
	return p.pipe.Forward(x)
}

// each is what discriminator k sees of that.
func (p *pass) each(k int, x graph.Node) graph.Node {
	if p.diffs == nil {
		return x
	}
	return p.diffs[k].Forward(x)
}

// draw draws for the next run.
func (p *pass) draw(rng *rand.Rand, prob float64) {
	if p.pipe != nil {
		p.pipe.Draw(rng, prob)
	}
	for _, d := range p.diffs {
		d.Draw(rng)
	}
}
