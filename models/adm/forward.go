package adm

import (
	"fmt"

	"innate/models/graph"
	"innate/models/nn"
)

// Forward adds F(x; c) to g: x [N R R C] to [N R R OutChannels].
func (n *Net) Forward(g *graph.Builder, x graph.Node, c nn.Cond) graph.Node {
	if s, r := x.Shape(), n.Config.Resolution; len(s) != 4 || s[1] != r || s[2] != r || s[3] != n.Config.Channels {
		panic(fmt.Sprintf("adm: input %v, want [N %d %d %d]", s, r, r, n.Config.Channels))
	}
	e := n.embed(g, c)
	h := n.firstConv(g, x)
	stack := []graph.Node{h}
	for _, l := range n.enc {
		for _, b := range l.opening {
			h = b.Forward(g, h, e, c.Dropout)
			stack = append(stack, h)
		}
		for _, b := range l.blocks {
			h = b.Forward(g, h, e, c.Dropout)
			stack = append(stack, h)
		}
	}
	for _, l := range n.dec {
		for _, b := range l.opening {
			h = b.Forward(g, h, e, c.Dropout)
		}
		for _, b := range l.blocks {
			skip := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			h = b.ForwardSkip(g, h, skip, e, c.Dropout)
		}
	}
	return n.outConv.Forward(g, n.outNorm.SiLU(g, h))
}

func (n *Net) firstConv(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope("enc")()
	return n.first.Forward(g, x)
}

// embed maps the noise embedding and the labels to [N E].
func (n *Net) embed(g *graph.Builder, c nn.Cond) graph.Node {
	defer g.Scope("map")()
	if s := c.Emb.Shape(); len(s) != 2 || s[1] != n.embedding.Width {
		panic(fmt.Sprintf("adm: noise embedding %v, want [N %d]", s, n.embedding.Width))
	}
	e := c.Emb
	if !c.Augment.IsZero() {
		if n.mapAugment == nil {
			panic("adm: augmentation inputs for a network without them")
		}
		e = g.Add(e, n.mapAugment.Forward(g, c.Augment))
	}
	e = n.mapLayer1.Forward(g, g.SiLU(n.mapLayer0.Forward(g, e)))
	if !c.Label.IsZero() { // a zero vector maps to zero
		if n.mapLabel == nil {
			panic("adm: a label for an unconditional network")
		}
		e = g.Add(e, n.mapLabel.Forward(g, c.Label))
	}
	return g.SiLU(e)
}
