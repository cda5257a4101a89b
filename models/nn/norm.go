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
	defer g.Scope(unitOf(n.Weight))()
	return g.GroupNorm(x, g.Param(n.Weight), g.Param(n.Bias), n.groups(), n.Eps)
}

// SiLU is Forward followed by x·sigmoid(x), as one operation.
func (n *Norm) SiLU(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(unitOf(n.Weight))()
	return g.GroupNormSiLU(x, g.Param(n.Weight), g.Param(n.Bias), n.groups(), n.Eps)
}

func (n *Norm) groups() int { return GroupCount(n.Weight.Shape[0]) }
