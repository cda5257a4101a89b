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
	defer g.Scope(unitOf(l.Weight))()
	return g.Linear(x, g.Param(l.Weight), optional(g, l.Bias))
}

// unitOf is the last part of a layer's name, conv0 for
// enc.28x28_block0.conv0.weight: its scope within the block.
func unitOf(weight *models.Param) string {
	unit := weight.Name[:strings.LastIndexByte(weight.Name, '.')]
	return lastPart(unit)
}

func lastPart(unit string) string { return unit[strings.LastIndexByte(unit, '.')+1:] }

// optional is the node of p, or no node for nil.
func optional(g *graph.Builder, p *models.Param) graph.Node {
	if p == nil {
		return graph.Node{}
	}
	return g.Param(p)
}
