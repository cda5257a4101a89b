package nn

import (
	"strings"

	"innate/models"
	"innate/models/graph"
)

// Linear is y = x·Wᵀ + b.
type Linear struct {
	Weight, Bias *models.Param // [out in], [out] or nil
}

// Linear makes a linear layer, with a bias or without.
func (b *Builder) Linear(unit string, in, out int, bias bool, s Scheme) *Linear {
	weight, shift := s(in, out)
	l := &Linear{Weight: b.Param(KindLinear, unit, "weight", weight, out, in)}
	if bias {
		l.Bias = b.Param(KindLinear, unit, "bias", shift, out)
	}
	return l
}

// Forward maps x [N in] to [N out].
func (l *Linear) Forward(g *graph.Builder, x graph.Node) graph.Node {
	name := unitOf(l.Weight)
	defer g.Scope(lastPart(name))()
	return g.TapOf(name, TapOutput, g.Linear(x, g.Param(l.Weight), optional(g, l.Bias)))
}

// unitOf is the name of the layer that has a weight, enc.28x28_block0.conv0 of
// enc.28x28_block0.conv0.weight.
func unitOf(weight *models.Param) string {
	return weight.Name[:strings.LastIndexByte(weight.Name, '.')]
}

// lastPart is a layer's scope within its block: conv0.
func lastPart(unit string) string { return unit[strings.LastIndexByte(unit, '.')+1:] }

// optional is the node of p, or no node for nil.
func optional(g *graph.Builder, p *models.Param) graph.Node {
	if p == nil {
		return graph.Node{}
	}
	return g.Param(p)
}
