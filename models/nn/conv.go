package nn

import (
	"innate/models"
	"innate/models/graph"
)

// Resample says what becomes of the size of an image.
type Resample int

// Up doubles the image before the convolution and Down halves it. FusedDown
// convolves first and lets the filter's taps take the place of its padding (EDM's
// fused_resample).
const (
	Keep Resample = iota
	Up
	Down
	FusedDown
)

// Conv is a square convolution, padded to keep the size, with resampling by 2. A
// kernel of size 0 is the resampling alone and has no parameters.
type Conv struct {
	Weight, Bias *models.Param // [out in k k], [out]; nil of a kernel of size 0
	Resample     Resample
	Taps         []int // of the resampling filter in one dimension

	name string
}

// Conv makes a convolution with kernels of k x k.
func (b *Builder) Conv(unit string, in, out, k int, r Resample, taps []int, s Scheme) *Conv {
	c := &Conv{Resample: r, Taps: taps, name: unit}
	if k > 0 {
		weight, bias := s(in*k*k, out*k*k)
		c.Weight = b.Param(KindConv, unit, "weight", weight, out, in, k, k)
		c.Bias = b.Param(KindConv, unit, "bias", bias, out)
	}
	return c
}

// Forward maps x [N H W in] to [N H' W' out].
func (c *Conv) Forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(lastPart(c.name))()
	return g.TapOf(c.name, TapOutput, c.forward(g, x))
}

func (c *Conv) forward(g *graph.Builder, x graph.Node) graph.Node {
	half := 0
	if c.Weight != nil {
		half = c.Weight.Shape[2] / 2
	}
	pad := (len(c.Taps) - 1) / 2
	switch c.Resample {
	case Up:
		if half == 0 && len(c.Taps) == 2 {
			// A 1x1 convolution and pixel doubling commute exactly; this
			// order convolves a quarter of the pixels.
			return g.Upsample2(c.convolve(g, x, 0), c.Taps)
		}
		x = g.Upsample2(x, c.Taps)
	case Down:
		x = g.Downsample2(x, c.Taps, pad)
	case FusedDown:
		y := g.Conv(x, g.Param(c.Weight), graph.Node{}, graph.ConvOpts{Stride: 1, Pad: half + pad})
		return g.AddPerChannel(g.Downsample2(y, c.Taps, 0), g.Param(c.Bias))
	}
	return c.convolve(g, x, half)
}

// convolve leaves x as it is where there is no kernel.
func (c *Conv) convolve(g *graph.Builder, x graph.Node, pad int) graph.Node {
	if c.Weight == nil {
		return x
	}
	return g.Conv(x, g.Param(c.Weight), g.Param(c.Bias), graph.ConvOpts{Stride: 1, Pad: pad})
}
