package cpu

import (
	"math"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/kernels"
)

// CompileApart gives every value storage of its own.
func (d *Device) CompileApart(g *graph.Builder, outputs []graph.Node) (*Program, error) {
	return d.compile(g, device.Request{Outputs: outputs}, false)
}

// Poison fills a program's storage with NaN: a run that reads what it has not
// written shows it in its results.
func Poison(p device.Program) {
	m := p.(*Program)
	for i := range m.arena {
		m.arena[i] = float32(math.NaN())
	}
}

// ArenaStart is the address of a program's storage.
func ArenaStart(p device.Program) *float32 { return &p.(*Program).arena[0] }

// Knows reports whether an operation has a kernel.
func Knows(op *graph.Def) bool { return table[op] != nil }

// BareDef is an operation without a kernel.
var BareDef = &graph.Def{Name: "bare", Shape: func(_ any, in []graph.Shape) (graph.Shape, error) { return in[0], nil }}

// AddReversedDef adds its first input and the second in reverse order. It may
// write over the first alone.
var AddReversedDef = &graph.Def{Name: "add_reversed", InPlace: 1, Shape: func(_ any, in []graph.Shape) (graph.Shape, error) { return in[0], nil }}

func init() {
	table[AddReversedDef] = func(_ *kernels.Pool, _ any, out buffer, in []buffer) func() {
		return func() {
			for i := range out.data {
				out.data[i] = in[0].data[i] + in[1].data[len(out.data)-1-i]
			}
		}
	}
}
