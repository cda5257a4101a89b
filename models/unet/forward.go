package unet

import (
	"fmt"
	"math"

	"innate/models/graph"
	"innate/models/nn"
)

// Forward adds F(x; c) to g: x [N R R C] to [N R R C].
func (n *Net) Forward(g *graph.Builder, x graph.Node, c nn.Cond) graph.Node {
	if s, r := x.Shape(), n.Config.Resolution; len(s) != 4 || s[1] != r || s[2] != r || s[3] != n.Config.Channels {
		panic(fmt.Sprintf("unet: input %v, want [N %d %d %d]", s, r, r, n.Config.Channels))
	}
	e := n.embed(g, c)
	h, stack := n.encode(g, x, e, c.Dropout)
	var out graph.Node
	for i, level := range n.dec {
		if i == 0 {
			h = level.in0.Forward(g, h, e, c.Dropout)
			h = level.in1.Forward(g, h, e, c.Dropout)
		} else {
			h = level.up.Forward(g, h, e, c.Dropout)
		}
		for _, b := range level.blocks {
			skip := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			h = b.ForwardSkip(g, h, skip, e, c.Dropout)
		}
		if level.auxNorm != nil {
			out = level.output(g, h, out)
		}
	}
	return out
}

// encode returns the lowest level's output, and the skip connections.
func (n *Net) encode(g *graph.Builder, x, e graph.Node, drop *nn.Dropout) (h graph.Node, stack []graph.Node) {
	h, pyramid := x, x
	for i, level := range n.enc {
		if i == 0 {
			h = level.first(g, h)
		} else {
			h = level.down.Forward(g, h, e, drop)
		}
		switch {
		case level.auxResidual != nil:
			h = g.AddScaled(h, level.auxResidual.Forward(g, pyramid), skipScale)
			pyramid = h
		case level.auxSkip != nil:
			pyramid = level.auxDown.Forward(g, pyramid)
			h = g.Add(h, level.auxSkip.Forward(g, pyramid))
		}
		stack = append(stack, h)
		for _, b := range level.blocks {
			h = b.Forward(g, h, e, drop)
			stack = append(stack, h)
		}
	}
	return h, stack
}

func (l *encoderLevel) first(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope("enc")()
	return l.conv.Forward(g, x)
}

// output is what the level gives of h, with that of the level below.
func (l *decoderLevel) output(g *graph.Builder, h, below graph.Node) graph.Node {
	defer g.Scope("dec")()
	if l.auxUp != nil {
		below = l.auxUp.Forward(g, below)
	}
	out := l.auxConv.Forward(g, l.auxNorm.SiLU(g, h))
	if below.IsZero() {
		return out
	}
	return g.Add(out, below)
}

// embed maps the noise embedding and the labels to [N E].
func (n *Net) embed(g *graph.Builder, c nn.Cond) graph.Node {
	defer g.Scope("map")()
	if s := c.Emb.Shape(); len(s) != 2 || s[1] != n.Config.noiseWidth() {
		panic(fmt.Sprintf("unet: noise embedding %v, want [N %d]", s, n.Config.noiseWidth()))
	}
	e := c.Emb
	switch {
	case n.mapLabel == nil && !c.Label.IsZero():
		panic("unet: a label for an unconditional network")
	case n.mapLabel != nil && c.Label.IsZero():
		e = g.AddPerChannel(e, g.Param(n.mapLabel.Bias)) // what a zero vector maps to
	case n.mapLabel != nil:
		scaled := g.Scale(c.Label, float32(math.Sqrt(float64(n.Config.LabelDim))))
		e = g.Add(e, n.mapLabel.Forward(g, scaled))
	}
	if !c.Augment.IsZero() {
		if n.mapAugment == nil {
			panic("unet: augmentation inputs for a network without them")
		}
		e = g.Add(e, n.mapAugment.Forward(g, c.Augment))
	}
	e = g.SiLU(n.mapLayer0.Forward(g, e))
	return g.SiLU(n.mapLayer1.Forward(g, e))
}
