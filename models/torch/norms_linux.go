//go:build (amd64 || arm64) && !static

package torch

import (
	"slices"

	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// The gradient of a norm is several operations of the graph, and one of PyTorch,
// which reads what the forward operation has kept. Where the graph wants no more
// than that one gives, the first of the several calls it for all of them.

// pair tells calls of their earlier ones.
func (p *Program) pair() {
	readers := map[*value][]*call{}
	for _, c := range p.steps {
		for _, v := range c.from {
			readers[v] = append(readers[v], c)
		}
	}
	forward := map[*value][]*call{} // by the value that is normalised
	for _, c := range p.steps {
		switch c.out.node.Def() {
		case graph.OpGroupNorm, graph.OpBatchNorm, graph.OpAttention:
			forward[c.from[0]] = append(forward[c.from[0]], c)
		}
	}
	find := func(c *call, def *graph.Def, inputs int) {
		for _, f := range forward[c.from[0]] {
			if f.out.node.Def() == def && f.attr == c.attr && slices.Equal(f.from[:inputs], c.from[:inputs]) {
				c.of, f.keeps = f, true
				return
			}
		}
	}
	for _, c := range p.steps {
		switch c.out.node.Def() {
		case graph.OpAttentionGrad:
			find(c, graph.OpAttention, 1)
		case graph.OpGroupNormSums:
			find(c, graph.OpGroupNorm, 3)
			c.joint = !c.out.kept && p.joins(c, readers)
		case graph.OpBatchNormSums:
			find(c, graph.OpBatchNorm, 4)
		case graph.OpGroupNormGrad, graph.OpBatchNormGrad, graph.OpSumOver[graph.OverRows]:
			sums := c.from[len(c.from)-1].by
			if sums != nil && (sums.out.node.Def() == graph.OpGroupNormSums || sums.out.node.Def() == graph.OpBatchNormSums) {
				c.of = sums
			}
		}
	}
}

// joins reports whether the sums of a group norm are read for nothing but the
// gradients of its input, weight and bias, over all samples.
func (p *Program) joins(c *call, readers map[*value][]*call) bool {
	if c.perSample() {
		return false
	}
	channels := c.shapes[1][0]
	for _, r := range readers[c.out] {
		switch r.out.node.Def() {
		case graph.OpGroupNormGrad:
		case graph.OpSumOver[graph.OverRows]:
			if r.out.kept {
				return false
			}
			for _, s := range readers[r.out] {
				e, ok := s.attr.(graph.Elements)
				if s.out.node.Def() != graph.OpSlice || !ok || e.Hi > 2*channels {
					return false
				}
			}
		default:
			return false
		}
	}
	return true
}

// channels views a value [N ... C] with its channels behind the samples, as
// PyTorch's norms want it. On the processor it is row-major: PyTorch's group norm
// there loses all precision of a large mean where channels come last.
func (c *call) channels(t tensor, s graph.Shape) tensor {
	switch len(s) {
	case 2:
	case 4:
	default:
		t = c.Call(opReshape).T(t).Ints(s[0], s.Size()/s[0]/s.Last(), s.Last()).One()
		t = c.transposed(t)
	}
	if c.Device.Kind == libtorch.CPU {
		t = c.contiguous(t)
	}
	return t
}

// unchannels takes back what channels does.
func (c *call) unchannels(t tensor, s graph.Shape) tensor {
	if len(s) == 2 || len(s) == 4 {
		return t
	}
	return c.Call(opReshape).T(c.transposed(t)).Ints(s...).One()
}

// dense is input i, a weight or a bias, with its values one behind the other, which
// PyTorch's norms take for granted: a constant that was repeated has one value.
func (c *call) dense(i int) tensor {
	if c.from[i].param != nil {
		return c.in[i]
	}
	return c.contiguous(c.in[i])
}

// normalise is a group norm with its statistics: mean and 1/sqrt(variance + eps),
// [N G] each.
func (c *call) normalise(x, w, b tensor) (y, mean, rstd tensor) {
	a, s := c.attr.(graph.GroupNormAttr), c.shapes[0]
	return c.Call(opGroupNorm).T(c.channels(x, s)).OptT(w).OptT(b).Int(s[0]).Int(s.Last()).Int(s.Size() / s[0] / s.Last()).
		Int(a.Groups).Float(float64(a.Eps)).Three()
}

// perSample reports whether weight and bias of a group norm are [N C], which
// PyTorch's does not take.
func (c *call) perSample() bool { return len(c.shapes[1]) == 2 }

// beside views [N C] as it meets what channels makes of the input.
func (c *call) beside(e tensor) tensor {
	s := c.shapes[0]
	axes := []int{s[0], s.Last()}
	if len(s) == 4 {
		axes = append(axes, 1, 1)
	} else if len(s) > 2 {
		axes = append(axes, 1)
	}
	return c.Call(opReshape).T(e).Ints(axes...).One()
}

// groupNormalised is w·xhat + b, with the statistics.
func (c *call) groupNormalised() (u, mean, rstd tensor) {
	if !c.perSample() {
		return c.normalise(c.in[0], c.dense(1), c.dense(2))
	}
	xhat, mean, rstd := c.normalise(c.in[0], 0, 0)
	return c.AddScaled(c.mul(xhat, c.beside(c.in[1])), c.beside(c.in[2]), 1), mean, rstd
}

// groupNorm keeps what SiLU has been applied to, and the statistics.
func groupNorm(c *call) tensor {
	u, mean, rstd := c.groupNormalised()
	if c.keeps {
		c.kept = [3]tensor{0, c.Keep(mean), c.Keep(rstd)}
	}
	u = c.to(c.out.dtype, u)
	y := u
	if c.attr.(graph.GroupNormAttr).SiLU {
		y = c.Call(opSiLU).T(u).One()
		if c.keeps {
			c.kept[0] = c.Keep(u)
		}
	}
	return c.unchannels(y, c.shapes[0])
}

// statistics are u = w·xhat + b if it is needed, and the statistics: those that the
// forward operation has kept, or made again.
func (c *call) statistics() (u, mean, rstd tensor) {
	if c.of != nil {
		return c.of.kept[0], c.of.kept[1], c.of.kept[2]
	}
	return c.groupNormalised()
}

// groupNormSums makes the gradients for the input, the weight and the bias, if
// they are all that is wanted of it, and keeps them.
func groupNormSums(c *call) tensor {
	a, s := c.attr.(graph.GroupNormAttr), c.shapes[0]
	u, mean, rstd := c.statistics()
	du := c.channels(c.in[3], s)
	if a.SiLU {
		du = c.Call(opSiLUBackward).T(du).T(c.to(libtorch.Float32, u)).One()
	}
	n, channels := s[0], s.Last()
	if c.joint {
		dx, dw, db := c.groupNormBackward(du, mean, rstd, true)
		c.kept = [3]tensor{c.Keep(dx), c.Keep(db), c.Keep(dw)}
		return c.Same(mean) // for nobody
	}
	dx, _, _ := c.groupNormBackward(du, mean, rstd, false)
	c.kept = [3]tensor{c.Keep(dx)}
	pixels := func(t tensor) tensor {
		return c.Call(opReshape).T(t).Ints(n, channels, s.Size()/n/channels).One()
	}
	xhat, _, _ := c.normalise(c.in[0], 0, 0)
	du = pixels(du)
	sum := func(t tensor) tensor { return c.Call(opSum).T(t).OptInts(2).Bool(false).None().One() }
	return c.Call(opCat).Ts(sum(du), sum(c.mul(du, pixels(xhat))), mean, rstd).Int(1).One()
}

func (c *call) groupNormBackward(du, mean, rstd tensor, affine bool) (dx, dw, db tensor) {
	a, s := c.attr.(graph.GroupNormAttr), c.shapes[0]
	x, w := c.channels(c.in[0], s), tensor(0)
	if c.perSample() {
		du = c.mul(du, c.beside(c.in[1]))
	} else {
		w = c.dense(1)
	}
	dx, dw, db = c.Call(opGroupNormB).T(c.contiguous(du)).T(x).T(mean).T(rstd).OptT(w).
		Int(s[0]).Int(s.Last()).Int(s.Size()/s[0]/s.Last()).Int(a.Groups).Bools(true, affine, affine).Three()
	return c.unchannels(dx, s), dw, db
}

func groupNormGrad(c *call) tensor { return c.Same(c.of.kept[0]) }

// channelMoments are means, then biased variances, as PyTorch's batch norm takes
// them: a third of the time of its general variance.
func channelMoments(c *call) tensor {
	mean, variance := c.Call(opBatchNormStats).T(c.channels(c.in[0], c.shapes[0])).None().None().Float(0).Two()
	return c.Call(opCat).Ts(mean, variance).Int(0).One()
}

// moments are those of a batch norm, [C] each.
func (c *call) moments() (mean, variance tensor) {
	n := c.shapes[1][0]
	return c.part(c.in[3], 0, 0, n, 1), c.part(c.in[3], 0, n, 2*n, 1)
}

// batchNorm is the norm by given moments, and keeps what the leaky ReLU has been
// applied to.
func batchNorm(c *call) tensor {
	a := c.attr.(graph.BatchNormAttr)
	u := c.batchNormalised()
	y := u
	if a.Slope != 1 {
		y = c.leaky(u, a.Slope, len(c.shape))
		if c.keeps {
			c.kept[0] = c.Keep(u)
		}
	}
	return y
}

// batchNormalised is w·xhat + b.
func (c *call) batchNormalised() tensor {
	a, s := c.attr.(graph.BatchNormAttr), c.shapes[0]
	mean, variance := c.moments()
	u, _, _ := c.Call(opBatchNorm).T(c.rowsOf(c.in[0], s)).OptT(c.dense(1)).OptT(c.dense(2)).OptT(mean).OptT(variance).
		Bool(false).Float(0).Float(float64(a.Eps)).Three()
	return c.unrows(u, s)
}

// rowsOf views a value [N ... C] as one of two or four axes, and unrows takes it
// back.
func (c *call) rowsOf(t tensor, s graph.Shape) tensor {
	if len(s) == 2 || len(s) == 4 {
		return t
	}
	return c.Call(opReshape).T(t).Ints(s.Size()/s.Last(), s.Last()).One()
}

func (c *call) unrows(t tensor, s graph.Shape) tensor {
	if len(s) == 2 || len(s) == 4 {
		return t
	}
	return c.Call(opReshape).T(t).Ints(s...).One()
}

// batchNormSums makes the gradients for input, weight and bias at once, and keeps
// the first.
func batchNormSums(c *call) tensor {
	a, s := c.attr.(graph.BatchNormAttr), c.shapes[0]
	du := c.in[4]
	if a.Slope != 1 {
		u := tensor(0)
		if c.of != nil {
			u = c.of.kept[0]
		} else {
			u = c.batchNormalised()
		}
		du = c.leakyGrad(u, du, a.Slope, len(s))
	}
	mean, variance := c.moments()
	rstd := c.Call(opRsqrt).T(c.AddScalar(variance, float64(a.Eps))).One()
	dx, dw, db := c.Call(opBatchNormB).T(c.rowsOf(du, s)).T(c.rowsOf(c.in[0], s)).OptT(c.dense(1)).None().None().
		OptT(mean).OptT(rstd).Bool(true).Float(float64(a.Eps)).Bools(true, true, true).Three()
	c.kept[0] = c.Keep(c.unrows(dx, s))
	return c.Call(opCat).Ts(db, dw).Int(0).One()
}

func batchNormGrad(c *call) tensor { return c.Same(c.of.kept[0]) }
