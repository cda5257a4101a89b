//go:build (amd64 || arm64) && !static

package torch

import (
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// What feature networks are made of.
var (
	opClampMin   = libtorch.NewOp("clamp_min.Tensor")
	opClampMax   = libtorch.NewOp("clamp_max.Tensor")
	opErf        = libtorch.NewOp("erf")
	opExp        = libtorch.NewOp("exp")
	opGather     = libtorch.NewOp("gather")
	opAvgPoolB   = libtorch.NewOp("avg_pool2d_backward")
	opMaxPool    = libtorch.NewOp("max_pool2d_with_indices")
	opMaxPoolB   = libtorch.NewOp("max_pool2d_with_indices_backward")
	gaussianRoot = float64(0.3989422804014327) // 1/√(2π)
)

func init() {
	table[graph.OpReLU6], table[graph.OpReLU6Grad] = relu6, relu6Grad
	table[graph.OpGELU], table[graph.OpGELUGrad] = gelu, geluGrad
	table[graph.OpDepthwise], table[graph.OpDepthwiseGradInput] = depthwise, depthwiseGradInput
	table[graph.OpMaxPool], table[graph.OpMaxPoolGrad], table[graph.OpMaxPoolPick] = maxPool, maxPoolGrad, maxPoolPick
	table[graph.OpAvgPool], table[graph.OpAvgPoolAdjoint] = avgPool, avgPoolAdjoint
	table[graph.OpSpaceToDepth], table[graph.OpDepthToSpace] = spaceToDepth, depthToSpace
}

func relu6(c *call) tensor {
	low := c.Call(opClampMin).T(c.in[0]).T(c.dev.value(0, 0)).One()
	return c.Call(opClampMax).T(low).T(c.dev.value(6, 0)).One()
}

// relu6Grad lets the gradient through where the output is above 0 and below 6.
func relu6Grad(c *call) tensor {
	y, axes := c.in[0], len(c.shape)
	above := c.leakyGrad(y, c.in[1], 0, axes)
	return c.leakyGrad(c.AddScalar(c.Scale(y, -1), 6), above, 0, axes)
}

// normal is the distribution function of the standard normal.
func (c *call) normal(x tensor) tensor {
	erf := c.Call(opErf).T(c.Scale(x, 0.7071067811865476)).One()
	return c.AddScalar(c.Scale(erf, 0.5), 0.5)
}

func gelu(c *call) tensor { return c.mul(c.in[0], c.normal(c.in[0])) }

func geluGrad(c *call) tensor {
	x := c.in[0]
	density := c.Scale(c.Call(opExp).T(c.Scale(c.mul(x, x), -0.5)).One(), gaussianRoot)
	return c.mul(c.in[1], c.AddScaled(c.normal(x), c.mul(x, density), 1))
}

// depthwisePad is padding of equal width on all sides, of which PyTorch knows no
// other, and the output pixels that it makes before those that are wanted.
func depthwisePad(before, n, out int, a graph.DepthwiseAttr) (pad, skip, all int) {
	for pad = before; ; pad += a.Stride {
		skip, all = (pad-before)/a.Stride, (n+2*pad-a.K)/a.Stride+1
		if n+2*pad >= a.K && all-skip >= out {
			return pad, skip, all
		}
	}
}

// depthwiseOptions are the arguments of the convolution behind its tensors.
func (c *call) depthwiseOptions(a graph.DepthwiseAttr, channels int) *libtorch.Lib {
	top, _, _ := depthwisePad(a.Top, a.H, a.OH, a)
	left, _, _ := depthwisePad(a.Left, a.W, a.OW, a)
	return c.Ints(a.Stride, a.Stride).Ints(top, left).Ints(1, 1).Bool(false).Ints(0, 0).Int(channels)
}

func depthwise(c *call) tensor {
	a, bias := c.attr.(graph.DepthwiseAttr), tensor(0)
	if len(c.in) == 3 {
		bias = c.in[2]
	}
	c.Call(opConv).T(c.in[0]).T(c.weight(1)).OptT(bias)
	y := c.depthwiseOptions(a, c.shape[3]).One()
	_, up, rows := depthwisePad(a.Top, a.H, a.OH, a)
	_, left, cols := depthwisePad(a.Left, a.W, a.OW, a)
	if up > 0 || rows > a.OH {
		y = c.part(y, 2, up, up+a.OH, 1)
	}
	if left > 0 || cols > a.OW {
		y = c.part(y, 3, left, left+a.OW, 1)
	}
	return y
}

func depthwiseGradInput(c *call) tensor {
	a, dy := c.attr.(graph.DepthwiseAttr), c.in[0]
	n, channels := c.shape[0], c.shape[3]
	_, up, rows := depthwisePad(a.Top, a.H, a.OH, a)
	_, left, cols := depthwisePad(a.Left, a.W, a.OW, a)
	if left > 0 || cols > a.OW {
		dy = c.Call(opSliceB).T(dy).Ints(n, channels, a.OH, cols).Int(3).Int(left).Int(left + a.OW).Int(1).One()
	}
	if up > 0 || rows > a.OH {
		dy = c.Call(opSliceB).T(dy).Ints(n, channels, rows, cols).Int(2).Int(up).Int(up + a.OH).Int(1).One()
	}
	x := c.Empty(c.dtype, c.like, c.likeStrides) // for its shape alone
	c.Call(opConvB).T(dy).T(x).T(c.weight(1)).None()
	dx, _, _ := c.depthwiseOptions(a, channels).Bools(true, false, false).Three()
	return dx
}

// window are the arguments of a pooling behind its tensors.
func (c *call) window(w graph.Window) *libtorch.Lib {
	return c.Ints(w.Side, w.Side).Ints(w.Stride, w.Stride).Ints(w.Pad, w.Pad)
}

// pooled is the largest value of every window, and where it is.
func (c *call) pooled(x tensor) (y, where tensor) {
	c.Call(opMaxPool).T(x)
	return c.window(c.attr.(graph.Window)).Ints(1, 1).Bool(false).Two()
}

func maxPool(c *call) tensor {
	y, _ := c.pooled(c.in[0])
	return y
}

func maxPoolGrad(c *call) tensor {
	_, where := c.pooled(c.in[0])
	c.Call(opMaxPoolB).T(c.in[1]).T(c.in[0])
	return c.window(c.attr.(graph.Window)).Ints(1, 1).Bool(false).T(where).One()
}

// avgPool divides by the pixels that lie in the image.
func avgPool(c *call) tensor {
	c.Call(opAvgPool).T(c.in[0])
	return c.window(c.attr.(graph.Window)).Bool(false).Bool(false).None().One()
}

// avgPoolAdjoint takes an input for its shape alone.
func avgPoolAdjoint(c *call) tensor {
	x := c.Empty(c.dtype, c.like, c.likeStrides)
	c.Call(opAvgPoolB).T(c.in[0]).T(x)
	return c.window(c.attr.(graph.AvgPoolAttr).Window).Bool(false).Bool(false).None().One()
}

// maxPoolPick gathers by the index of a pixel in its image.
func maxPoolPick(c *call) tensor {
	_, where := c.pooled(c.in[0])
	s, x := c.shape, c.shapes[0]
	from := c.Call(opReshape).T(c.in[1]).Ints(s[0], s[3], x[1]*x[2]).One()
	where = c.Call(opReshape).T(where).Ints(s[0], s[3], s[1]*s[2]).One()
	y := c.Call(opGather).T(from).Int(2).T(where).Bool(false).One()
	return c.Call(opReshape).T(y).Ints(s[0], s[3], s[1], s[2]).One()
}

func spaceToDepth(c *call) tensor {
	b, s := int(c.attr.(graph.Block)), c.shapes[0]
	t := c.Call(opReshape).T(inGraph(c.Lib, c.in[0], 4)).Ints(s[0], s[1]/b, b, s[2]/b, b*s[3]).One()
	t = c.Call(opPermute).T(t).Ints(0, 1, 3, 2, 4).One()
	return c.image(c.Call(opReshape).T(t).Ints(c.shape...).One())
}

func depthToSpace(c *call) tensor {
	b, s := int(c.attr.(graph.Block)), c.shapes[0]
	t := c.Call(opReshape).T(inGraph(c.Lib, c.in[0], 4)).Ints(s[0], s[1], s[2], b, b*c.shape[3]).One()
	t = c.Call(opPermute).T(t).Ints(0, 1, 3, 2, 4).One()
	return c.image(c.Call(opReshape).T(t).Ints(c.shape...).One())
}
