//go:build (amd64 || arm64) && !static

package torch

import (
	"slices"

	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// unary is an operation of ATen with one input and nothing else.
func unary(name string) operation {
	op := libtorch.NewOp(name)
	return func(c *call) tensor { return c.Call(op).T(c.in[0]).One() }
}

// scalar is the attribute, one number.
func (c *call) scalar() float64 { return float64(c.attr.(float32)) }

func (c *call) mul(a, b tensor) tensor { return c.Call(opMul).T(a).T(b).One() }

func addN(c *call) tensor {
	y := c.AddScaled(c.in[0], c.in[1], 1)
	for _, x := range c.in[2:] {
		y = c.AddScaled(y, x, 1)
	}
	return y
}

func affine(c *call) tensor {
	x := c.shapes[0]
	scaled := c.mul(c.in[0], c.spread(graph.OverRows, c.in[1], x))
	return c.AddScaled(scaled, c.spread(graph.OverRows, c.in[2], x), 1)
}

// softplus is log(eˣ + e⁰), since PyTorch's own turns linear at a threshold.
func softplus(c *call) tensor {
	return c.Call(opLogAddExp).T(c.in[0]).T(c.dev.value(0, 0)).One()
}

// leaky is x where that is positive, and slope·x elsewhere.
func (c *call) leaky(x tensor, slope float32, axes int) tensor {
	return c.Call(opPReLU).T(x).T(c.dev.value(slope, axes)).One()
}

// leakyGrad is dy where sign is positive, and slope·dy elsewhere.
func (c *call) leakyGrad(sign, dy tensor, slope float32, axes int) tensor {
	dx, _ := c.Call(opPReLUBackward).T(dy).T(sign).T(c.dev.value(slope, axes)).Two()
	return dx
}

// spread views e, which lacks some axes of a value of shape x, with axes of size 1
// in their place.
func (c *call) spread(v graph.Over, e tensor, x graph.Shape) tensor {
	if v == graph.OverAll || v == graph.OverRows && len(x) != 4 {
		return e // it meets the last axis as it is
	}
	if v == graph.OverLast {
		e = inGraph(c.Lib, e, len(x)-1)
	}
	if c.view == nil {
		c.view = spreadShape(v, x)
	}
	return c.Call(opReshape).T(e).Ints(c.view...).One()
}

// spreadShape is the view that spread takes.
func spreadShape(v graph.Over, x graph.Shape) []int {
	rank := len(x)
	shape := slices.Repeat([]int{1}, rank)
	switch v {
	case graph.OverRows:
		shape[last(rank)] = x.Last()
	case graph.OverSpatial:
		shape[0], shape[last(rank)] = x[0], x.Last()
	case graph.OverSample:
		shape[0] = x[0]
	case graph.OverLast:
		copy(shape, sizes(x))
		shape[last(rank)] = 1
	}
	return shape
}

// sumOver sums a value of shape x over the axes that a small one lacks.
func (c *call) sumOver(v graph.Over, t tensor, x graph.Shape) tensor {
	if c.axes == nil {
		c.axes = summedAxes(v, x)
	}
	if len(c.axes) == 0 { // which would mean all of them
		return c.Same(t)
	}
	y := c.Call(opSum).T(t).OptInts(c.axes...).Bool(false).OptDType(libtorch.Float32).One()
	if v == graph.OverLast {
		return inOrder(c.Lib, y, len(x)-1)
	}
	return y
}

// summedAxes are those that a small operand lacks.
func summedAxes(v graph.Over, x graph.Shape) []int {
	axes := []int{}
	for i := range x {
		end := i == len(x)-1
		switch {
		case v == graph.OverAll,
			v == graph.OverRows && !end,
			v == graph.OverSpatial && i > 0 && !end,
			v == graph.OverSample && i > 0,
			v == graph.OverLast && end:
			axes = append(axes, axis(i, len(x)))
		}
	}
	return axes
}

// sumPerChannel sums over all axes but the last, unless the norm that made the
// sums has done so.
func sumPerChannel(c *call) tensor {
	if c.of != nil && c.of.joint {
		return c.Call(opCat).Ts(c.of.kept[1], c.of.kept[2]).Int(0).One()
	}
	return c.sumOver(graph.OverRows, c.in[0], c.shapes[0])
}

// reshape keeps the values in the graph's order.
func reshape(c *call) tensor {
	t := inGraph(c.Lib, c.in[0], len(c.shapes[0]))
	t = c.Call(opReshape).T(t).Ints(c.shape...).One()
	return c.image(t)
}

// image takes a tensor with the graph's axes as a value.
func (c *call) image(t tensor) tensor {
	if len(c.shape) != 4 {
		return t
	}
	t = inOrder(c.Lib, t, 4)
	if !c.dev.opts.ChannelsLast {
		t = c.contiguous(t)
	}
	return t
}

// contiguous is t in row-major order.
func (c *call) contiguous(t tensor) tensor { return c.Call(opContiguous).T(t).Int(0).One() }

func slice(c *call) tensor {
	s := c.attr.(graph.Elements)
	return c.part(c.in[0], last(len(c.shape)), s.Lo, s.Hi, s.Step)
}

// part is t with some elements of an axis.
func (c *call) part(t tensor, axis, lo, hi, step int) tensor {
	return c.Call(opSlice).T(t).Int(axis).OptInt(lo).OptInt(hi).Int(step).One()
}

func spread(c *call) tensor {
	s := c.attr.(graph.Elements)
	return c.Call(opSliceB).T(c.in[0]).Ints(c.size...).Int(last(len(c.shape))).Int(s.Lo).Int(s.Hi).Int(s.Step).One()
}
