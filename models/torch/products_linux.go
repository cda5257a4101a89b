//go:build (amd64 || arm64) && !static

package torch

import (
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

func (c *call) transposed(t tensor) tensor { return c.Call(opTranspose).T(t).Int(-1).Int(-2).One() }

// product multiplies matrices, or batches of them.
func (c *call) product(a, b tensor, rank int) tensor {
	op := opMM
	if rank == 3 {
		op = opBMM
	}
	return c.Call(op).T(a).T(b).One()
}

func matMul(c *call) tensor {
	t, a, b := c.attr.(graph.Transposes), c.in[0], c.in[1]
	if t.A {
		a = c.transposed(a)
	}
	if t.B {
		b = c.transposed(b)
	}
	return c.product(a, b, len(c.shape))
}

func linear(c *call) tensor { return c.Call(opLinear).T(c.in[0]).T(c.in[1]).OptT(c.in[2]).One() }

func (c *call) softmax(t tensor, axis int) tensor {
	return c.Call(opSoftmax).T(t).Int(axis).Bool(false).One()
}

func softmax(c *call) tensor { return c.softmax(c.in[0], last(len(c.shape))) }

func crossEntropy(c *call) tensor {
	log := c.Call(opLogSoftmax).T(c.in[0]).Int(-1).Bool(false).One()
	return c.Scale(c.Call(opSum).T(c.mul(c.in[1], log)).OptInts(1).Bool(false).None().One(), -1)
}

// hits adds, to the target at the largest logit, that logit's difference from itself: NaN
// if that is not finite. To argmax a NaN is the largest.
func hits(c *call) tensor {
	at := c.Call(opArgMax).T(c.in[0]).OptInt(1).Bool(true).One()
	top := c.Call(opGather).T(c.in[0]).Int(1).T(at).Bool(false).One()
	target := c.Call(opGather).T(c.in[1]).Int(1).T(at).Bool(false).One()
	return c.Call(opReshape).T(c.AddScaled(target, c.AddScaled(top, top, -1), 1)).Ints(c.shapes[0][0]).One()
}

// heads splits qkv [N 3C H W] into three of [N·heads P c].
func (c *call) heads() (q, k, v tensor) {
	s, n := c.shapes[0], int(c.attr.(graph.Heads))
	size := s[3] / 3 / n
	t := inGraph(c.Lib, c.in[0], 4)
	t = c.Call(opReshape).T(t).Ints(s[0], s[1]*s[2], n, size, 3).One()
	t = c.Call(opPermute).T(t).Ints(4, 0, 2, 1, 3).One() // [3 N heads P c]
	t = c.Call(opReshape).T(t).Ints(3*s[0]*n, s[1]*s[2], size).One()
	each := s[0] * n
	return c.part(t, 0, 0, each, 1), c.part(t, 0, each, 2*each, 1), c.part(t, 0, 2*each, 3*each, 1)
}

// attentionScale is 1/√c.
func (c *call) attentionScale() float64 {
	return float64(graph.AttentionScale(c.shapes[0][3] / 3 / int(c.attr.(graph.Heads))))
}

// weights are those of attention, [N·heads P P]. Their softmax is float32's.
func (c *call) weights(q, k tensor) tensor {
	scores := c.product(c.Scale(q, c.attentionScale()), c.transposed(k), 3)
	return c.to(c.dtype, c.softmax(c.to(libtorch.Float32, scores), -1))
}

// headsBehind is the order of axes that takes [N heads P ...] to [N P heads ...].
var headsBehind = []int{0, 2, 1, 3, 4}

// joined makes a value of pixels [N·heads P ...]: [N P heads ...] in the graph's
// order.
func (c *call) joined(t tensor, rest ...int) tensor {
	s, n := c.shapes[0], int(c.attr.(graph.Heads))
	if c.view == nil {
		c.view = append([]int{s[0], n, s[1] * s[2]}, rest...)
	}
	t = c.Call(opReshape).T(t).Ints(c.view...).One()
	t = c.Call(opPermute).T(t).Ints(headsBehind[:len(c.view)]...).One()
	return c.image(c.Call(opReshape).T(t).Ints(c.shape...).One())
}

func attention(c *call) tensor {
	q, k, v := c.heads()
	w := c.weights(q, k)
	if c.keeps {
		c.kept[0] = c.Keep(w)
	}
	return c.joined(c.product(w, v, 3), c.shape[3]/int(c.attr.(graph.Heads)))
}

func attentionGrad(c *call) tensor {
	s, n := c.shapes[0], int(c.attr.(graph.Heads))
	q, k, v := c.heads()
	var w tensor
	if c.of != nil {
		w = c.of.kept[0]
	} else {
		w = c.weights(q, k)
	}
	size := s[3] / 3 / n
	dy := inGraph(c.Lib, c.in[1], 4)
	dy = c.Call(opReshape).T(dy).Ints(s[0], s[1]*s[2], n, size).One()
	dy = c.Call(opReshape).T(c.Call(opPermute).T(dy).Ints(0, 2, 1, 3).One()).Ints(s[0]*n, s[1]*s[2], size).One()

	dv, dw := c.product(c.transposed(w), dy, 3), c.product(dy, c.transposed(v), 3)
	da := c.Call(opSoftmaxB).T(c.to(libtorch.Float32, dw)).T(c.to(libtorch.Float32, w)).Int(-1).DType(libtorch.Float32).One()
	da = c.to(c.dtype, c.Scale(da, c.attentionScale()))
	dq, dk := c.product(da, k, 3), c.product(c.transposed(da), q, 3)
	return c.joined(c.Call(opStack).Ts(dq, dk, dv).Int(-1).One(), size, 3)
}

// powerIteration is v = norm(wᵀu) and u = norm(w·v), one behind the other.
func powerIteration(c *call) tensor {
	v := c.unit(c.Call(opMV).T(c.transposed(c.in[0])).T(c.in[1]).One())
	u := c.unit(c.Call(opMV).T(c.in[0]).T(v).One())
	return c.Call(opCat).Ts(v, u).Int(0).One()
}

// unit is a/max(|a|, 1e-12).
func (c *call) unit(a tensor) tensor {
	norm := c.Call(opSqrt).T(c.Call(opSumAll).T(c.mul(a, a)).None().One()).One()
	return c.Call(opDiv).T(a).T(c.Call(opMaximum).T(norm).T(c.dev.value(1e-12, 0)).One()).One()
}
