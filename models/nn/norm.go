package nn

import (
	"innate/models"
	"innate/models/graph"
)

// Norm is a group norm with a weight and a bias per channel.
type Norm struct {
	Weight, Bias *models.Param
	Eps          float32
}

// Norm makes a group norm.
func (b *Builder) Norm(unit string, channels int, eps float32) *Norm {
	return &Norm{
		Weight: b.Param(KindNorm, unit, "weight", Ones, channels),
		Bias:   b.Param(KindNorm, unit, "bias", nil, channels),
		Eps:    eps,
	}
}

// GroupCount is the number of groups of a norm over channels.
func GroupCount(channels int) int { return max(1, min(32, channels/4)) }

// Forward maps x [N H W C] to the same shape.
func (n *Norm) Forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(lastPart(unitOf(n.Weight)))()
	return g.GroupNorm(x, g.Param(n.Weight), g.Param(n.Bias), n.groups(), n.Eps)
}

// SiLU is Forward followed by x·sigmoid(x), as one operation.
func (n *Norm) SiLU(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(lastPart(unitOf(n.Weight)))()
	return g.GroupNormSiLU(x, g.Param(n.Weight), g.Param(n.Bias), n.groups(), n.Eps)
}

func (n *Norm) groups() int { return GroupCount(n.Weight.Shape[0]) }

// AdaptiveSiLU is SiLU of a norm whose weight and bias depend on the sample:
// x·sigmoid(x) of t + Forward(x)·(1+s), s and t being the halves of p [N 2C].
func (n *Norm) AdaptiveSiLU(g *graph.Builder, x, p graph.Node) graph.Node {
	defer g.Scope(lastPart(unitOf(n.Weight)))()
	c := n.Weight.Shape[0]
	scale := g.AddScalar(g.Slice(p, 0, c), 1)
	weight := g.MulPerChannel(scale, g.Param(n.Weight))
	bias := g.Add(g.MulPerChannel(scale, g.Param(n.Bias)), g.Slice(p, c, 2*c))
	return g.GroupNormSiLU(x, weight, bias, n.groups(), n.Eps)
}
