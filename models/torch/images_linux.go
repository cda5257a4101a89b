//go:build (amd64 || arm64) && !static

package torch

import (
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// weight is input i, a convolution's weight, in its own order.
func (c *call) weight(i int) tensor {
	if p := c.from[i].param; p != nil {
		return p.read(c.dtype, true)
	}
	return inGraph(c.Lib, c.in[i], 4)
}

// convOptions are the arguments of a convolution with weights of a shape behind its
// tensors.
func (c *call) convOptions(o graph.ConvOpts, w graph.Shape, groups int) *libtorch.Lib {
	return c.Ints(o.Stride, o.Stride).Ints(o.Pad, o.Pad+(w[3]-w[2])/2).Ints(1, 1).Bool(false).Ints(0, 0).Int(groups)
}

func conv(c *call) tensor {
	bias := tensor(0)
	if len(c.in) == 3 {
		bias = c.in[2]
	}
	x, w := c.in[0], c.weight(1)
	c.Call(opConv).T(x).T(w).OptT(bias)
	return c.convOptions(c.attr.(graph.ConvOpts), c.shapes[1], 1).One()
}

// convBackward calls the gradient of a convolution for its input or its weight.
func (c *call) convBackward(dy, x, w tensor, o graph.ConvOpts, weight graph.Shape, wantX bool) tensor {
	c.Call(opConvB).T(dy).T(x).T(w).None()
	dx, dw, _ := c.convOptions(o, weight, 1).Bools(wantX, !wantX, false).Three()
	if wantX {
		return dx
	}
	return dw
}

// convGradInput takes an input for its shape alone.
func convGradInput(c *call) tensor {
	x := c.Empty(c.dtype, c.like, c.likeStrides)
	return c.convBackward(c.in[0], x, c.weight(1), c.attr.(graph.ConvInputAttr).ConvOpts, c.shapes[1], true)
}

// convGradWeight takes a weight for its shape alone.
func convGradWeight(c *call) tensor {
	if c.view == nil {
		c.view = libtorch.RowMajor(c.shape)
	}
	w := c.Empty(c.dtype, c.shape, c.view)
	return inOrder(c.Lib, c.convBackward(c.in[1], c.in[0], w, c.attr.(graph.ConvWeightAttr).ConvOpts, c.shape, false), 4)
}

// halves reports whether a resampling averages or repeats squares of 2x2 pixels.
func halves(a graph.ResampleAttr, large graph.Shape) bool {
	return a.N == 2 && a.Pad == 0 && large[1]%2 == 0 && large[2]%2 == 0
}

func downsample(c *call) tensor {
	a, channels := c.attr.(graph.ResampleAttr), c.shape[3]
	if halves(a, c.shapes[0]) {
		y := c.Call(opAvgPool).T(c.in[0]).Ints(2, 2).Ints(2, 2).Ints(0, 0).Bool(false).Bool(true).None().One()
		return c.scaled(y, float64(a.Gain*a.Gain))
	}
	c.Call(opConv).T(c.in[0]).T(c.dev.filter(a, channels, c.dtype)).None()
	return c.convOptions(graph.ConvOpts{Stride: 2, Pad: a.Pad}, graph.Shape{channels, 1, a.N, a.N}, channels).One()
}

func upsample(c *call) tensor {
	a, x := c.attr.(graph.ResampleAttr), c.shapes[0]
	if halves(a, c.shape) {
		y := c.Call(opNearest).T(c.in[0]).Ints(c.shape[1], c.shape[2]).None().None().One()
		return c.scaled(y, float64(a.Gain*a.Gain)/4)
	}
	rest := func(in, out int) int { return out - ((in-1)*2 - 2*a.Pad + a.N) }
	h, w := rest(x[1], a.H), rest(x[2], a.W)
	return c.Call(opConv).T(c.in[0]).T(c.dev.filter(a, x[3], c.dtype)).None().Ints(2, 2).Ints(a.Pad, a.Pad).Ints(1, 1).Bool(true).Ints(h, w).Int(x[3]).One()
}

// scaled is t·s, or t itself.
func (c *call) scaled(t tensor, s float64) tensor {
	if s == 1 {
		return t
	}
	return c.Scale(t, s)
}

func bilinear(c *call) tensor {
	a := c.attr.(graph.BilinearAttr)
	return c.Call(opBilinear).T(c.in[0]).Ints(a.OH, a.OW).Bool(a.Corners).None().None().One()
}

func bilinearAdjoint(c *call) tensor {
	a, s := c.attr.(graph.BilinearAttr), c.shape
	return c.Call(opBilinearB).T(c.in[0]).Ints(a.OH, a.OW).Ints(s[0], s[3], a.IH, a.IW).Bool(a.Corners).None().None().One()
}
