package graph

import (
	"math"

	"gorgonia.org/gorgonia"

	"innate/models/kernels"
)

// CompileNoReuse gives every value storage of its own.
func CompileNoReuse(g *Builder, pool *kernels.Pool, outputs []Node) (*Machine, error) {
	return compile(g, pool, outputs, nil, false)
}

// Poison fills the machine's storage with NaN: a run that reads what it has not
// written shows it in its results.
func (m *Machine) Poison() {
	for i := range m.arena {
		m.arena[i] = float32(math.NaN())
	}
}

// GorgoniaNodes is how many nodes Gorgonia's graph holds.
func (g *Builder) GorgoniaNodes() int { return len(g.exprs.AllNodes()) }

// BareDef is an operation with neither gradient nor kernel.
var BareDef = &Def{Name: "bare", Shape: sameShape}

// AddReversedDef adds its first input and the second in reverse order. It may
// write over the first alone.
var AddReversedDef = register(&Def{Name: "add_reversed", InPlace: 1, Shape: func(_ any, in []Shape) (Shape, error) { return in[0], nil }},
	func(_ *kernels.Pool, _ any, out Buf, in []Buf) func() {
		return func() {
			for i := range out.Data {
				out.Data[i] = in[0].Data[i] + in[1].Data[len(out.Data)-1-i]
			}
		}
	})

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
