package unet

import (
	"math"
	"strings"

	"innate/models"
	"innate/models/graph"
)

// skipScale keeps the variance of a sum of two branches.
const skipScale = float32(math.Sqrt2 / 2)

const normEps = 1e-6

// linear is y = x·Wᵀ + b.
type linear struct {
	weight, bias *models.Param // [out in], [out] or nil
}

// forward maps x [N in] to [N out].
func (l *linear) forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(unitOf(l.weight))()
	return g.Linear(x, g.Param(l.weight), param(g, l.bias))
}

type resample int

const (
	keep resample = iota
	up            // doubles the image before the convolution
	down          // halves it before the convolution
	fusedDown
)

// conv is a square convolution, padded to keep the size, with resampling by 2.
// fusedDown convolves first and lets the filter's taps take the place of its
// padding (EDM's fused_resample).
type conv struct {
	weight, bias *models.Param // [out in k k], [out]
	resample     resample
	taps         []int
}

// forward maps x [N H W in] to [N H' W' out].
func (c *conv) forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(unitOf(c.weight))()
	half := c.weight.Shape[2] / 2
	pad := (len(c.taps) - 1) / 2
	switch c.resample {
	case up:
		if half == 0 && len(c.taps) == 2 {
			// A 1x1 convolution and pixel doubling commute exactly; this
			// order convolves a quarter of the pixels.
			return g.Upsample2(g.Conv(x, g.Param(c.weight), g.Param(c.bias), graph.ConvOpts{Stride: 1}), c.taps)
		}
		x = g.Upsample2(x, c.taps)
	case down:
		x = g.Downsample2(x, c.taps, pad)
	case fusedDown:
		y := g.Conv(x, g.Param(c.weight), graph.Node{}, graph.ConvOpts{Stride: 1, Pad: half + pad})
		return g.AddPerChannel(g.Downsample2(y, c.taps, 0), g.Param(c.bias))
	}
	return g.Conv(x, g.Param(c.weight), g.Param(c.bias), graph.ConvOpts{Stride: 1, Pad: half})
}

// norm is a group norm with a weight and bias per channel.
type norm struct {
	weight, bias *models.Param
}

func (n *norm) groups() int { return groupCount(n.weight.Shape[0]) }

func (n *norm) forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(unitOf(n.weight))()
	return g.GroupNorm(x, g.Param(n.weight), g.Param(n.bias), n.groups(), normEps)
}

// silu is forward followed by x·sigmoid(x), as one operation.
func (n *norm) silu(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(unitOf(n.weight))()
	return g.GroupNormSiLU(x, g.Param(n.weight), g.Param(n.bias), n.groups(), normEps)
}

// block is the residual block of EDM's appendix; norm2, qkv and proj are nil
// without attention, skip is nil where the shortcut is the identity.
type block struct {
	name               string
	norm0, norm1       *norm
	conv0, conv1, skip *conv
	affine             *linear
	norm2              *norm
	qkv, proj          *conv
}

// forward maps x [N H W in] under the embedding emb [N E] to [N H' W' out].
func (b *block) forward(g *graph.Builder, x, emb graph.Node, drop *Dropout) graph.Node {
	defer g.Scope(b.name)()
	h := b.conv0.forward(g, b.norm0.silu(g, x))
	h = g.AddPerSampleChannel(h, b.affine.forward(g, emb))
	h = drop.forward(g, b.name, b.norm1.silu(g, h))
	h = b.conv1.forward(g, h)
	if b.skip != nil {
		x = b.skip.forward(g, x)
	}
	x = g.AddScaled(h, x, skipScale)
	if b.qkv == nil {
		return x
	}
	a := b.attention(g, b.qkv.forward(g, b.norm2.forward(g, x)))
	return g.AddScaled(b.proj.forward(g, a), x, skipScale)
}

// attention is the block's self-attention, with one head.
func (b *block) attention(g *graph.Builder, qkv graph.Node) graph.Node {
	defer g.Scope("attention")()
	return g.Attention(qkv, 1)
}

// unitOf is the last part of a layer's name, conv0 for
// enc.28x28_block0.conv0.weight: its scope within the block.
func unitOf(weight *models.Param) string {
	unit := weight.Name[:strings.LastIndexByte(weight.Name, '.')]
	return unit[strings.LastIndexByte(unit, '.')+1:]
}

// param is the node of p, or no node for nil.
func param(g *graph.Builder, p *models.Param) graph.Node {
	if p == nil {
		return graph.Node{}
	}
	return g.Param(p)
}
