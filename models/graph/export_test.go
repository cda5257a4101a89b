package graph

import "gorgonia.org/gorgonia"

// GorgoniaNodes is how many nodes Gorgonia's graph holds.
func (g *Builder) GorgoniaNodes() int { return len(g.exprs.AllNodes()) }

// BareDef is an operation with neither gradient nor kernel.
var BareDef = &Def{Name: "bare", Shape: sameShape}

// Gorgonia is the node as Gorgonia sees it.
func (n Node) Gorgonia() *gorgonia.Node { return n.n }

// Lifetime is the size of a buffer and the first and last step that touch it.
type Lifetime struct{ Size, From, To int }

// Arrange plans an arena and returns every buffer's offset and the total.
func Arrange(lives []Lifetime) (offsets []int, total int) {
	wants := make([]*want, len(lives))
	for i, l := range lives {
		wants[i] = &want{size: l.Size, from: l.From, to: l.To}
	}
	total = arrange(wants, true)
	for _, w := range wants {
		offsets = append(offsets, w.offset)
	}
	return offsets, total
}
