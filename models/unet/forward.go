package unet

import (
	"fmt"
	"math"

	"innate/models/graph"
)

// Cond is what conditions a forward pass. Emb is required; the others are the
// zero Node where they do not apply.
type Cond struct {
	Emb     graph.Node // [N Q] from NoiseEmbedding
	Label   graph.Node // [N LabelDim] one-hot; none means the all-zero vector
	Augment graph.Node // [N AugmentDim]; none leaves the input out
	Dropout *Dropout   // nil outside training
}

// Forward adds F(x; c) to g: x [N R R C] to [N R R C].
func (n *Net) Forward(g *graph.Builder, x graph.Node, c Cond) graph.Node {
	if s, r := x.Shape(), n.Config.Resolution; len(s) != 4 || s[1] != r || s[2] != r || s[3] != n.Config.Channels {
		panic(fmt.Sprintf("unet: input %v, want [N %d %d %d]", s, r, r, n.Config.Channels))
	}
	e := n.embed(g, c)
	h, pyramid := x, x
	var stack []graph.Node
	for i, level := range n.enc {
		if i == 0 {
			h = n.firstConv(g, h)
		} else {
			h = level.down.forward(g, h, e, c.Dropout)
		}
		if level.auxResidual != nil {
			h = g.AddScaled(h, level.auxResidual.forward(g, pyramid), skipScale)
			pyramid = h
		}
		stack = append(stack, h)
		for _, b := range level.blocks {
			h = b.forward(g, h, e, c.Dropout)
			stack = append(stack, h)
		}
	}
	for i, level := range n.dec {
		if i == 0 {
			h = level.in0.forward(g, h, e, c.Dropout)
			h = level.in1.forward(g, h, e, c.Dropout)
		} else {
			h = level.up.forward(g, h, e, c.Dropout)
		}
		for _, b := range level.blocks {
			skip := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			h = b.forward(g, g.Concat(h, skip), e, c.Dropout)
		}
	}
	defer g.Scope("dec")()
	return n.auxConv.forward(g, n.auxNorm.silu(g, h))
}

func (n *Net) firstConv(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope("enc")()
	return n.enc[0].conv.forward(g, x)
}

// embed maps the noise embedding and the labels to [N E].
func (n *Net) embed(g *graph.Builder, c Cond) graph.Node {
	defer g.Scope("map")()
	if s := c.Emb.Shape(); len(s) != 2 || s[1] != n.Config.NoiseWidth() {
		panic(fmt.Sprintf("unet: noise embedding %v, want [N %d]", s, n.Config.NoiseWidth()))
	}
	e := c.Emb
	switch {
	case n.mapLabel == nil && !c.Label.IsZero():
		panic("unet: a label for an unconditional network")
	case n.mapLabel != nil && c.Label.IsZero():
		e = g.AddPerChannel(e, g.Param(n.mapLabel.bias)) // what a zero vector maps to
	case n.mapLabel != nil:
		scaled := g.Scale(c.Label, float32(math.Sqrt(float64(n.Config.LabelDim))))
		e = g.Add(e, n.mapLabel.forward(g, scaled))
	}
	if !c.Augment.IsZero() {
		if n.mapAugment == nil {
			panic("unet: augmentation inputs for a network without them")
		}
		e = g.Add(e, n.mapAugment.forward(g, c.Augment))
	}
	e = g.SiLU(n.mapLayer0.forward(g, e))
	return g.SiLU(n.mapLayer1.forward(g, e))
}

// NoiseEmbedding fills dst [len(cNoise) Q] with the embedding of each noise
// level, halves already swapped as the network wants them: the sines first,
// then the cosines. Angles are rounded to float32 as the reference's are.
func (n *Net) NoiseEmbedding(dst, cNoise []float32) {
	q := n.Config.NoiseWidth()
	if len(dst) != q*len(cNoise) {
		panic(fmt.Sprintf("unet: noise embedding of %d values, want %d", len(dst), q*len(cNoise)))
	}
	half := q / 2
	for i := range half {
		freq := n.frequency(i)
		for j, c := range cNoise {
			sin, cos := math.Sincos(float64(c * freq))
			dst[j*q+i] = float32(sin)
			dst[j*q+half+i] = float32(cos)
		}
	}
}

// frequency is the i-th angular frequency of the embedding: geometric from 1 to
// 1/10000 for DDPM++ (the end point included), 2π·freqs for NCSN++.
func (n *Net) frequency(i int) float32 {
	if n.Config.arch().Fourier {
		return float32(2*math.Pi) * n.Buffers.All()[0].Data[i]
	}
	half := n.Config.NoiseWidth() / 2
	return float32(math.Pow(10000, -float64(i)/float64(half-1)))
}
