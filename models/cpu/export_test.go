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

// Poison fills what a program leaves behind and the workspace with NaN: a run
// that reads what it has not written shows it in its results.
func Poison(p device.Program) {
	m := p.(*Program)
	if err := m.bind(); err != nil {
		panic(err)
	}
	results := map[graph.Node]bool{} // constants are computed once
	for _, n := range m.plan.Results {
		results[m.plan.Root(n)] = true
	}
	poisoned := [][]float32{m.dev.work.values}
	for n, values := range m.kept {
		if results[n] && !m.plan.Const(n) {
			poisoned = append(poisoned, values)
		}
	}
	for _, values := range poisoned {
		for i := range values {
			values[i] = float32(math.NaN())
		}
	}
}

// OwnStart is the address of what a program leaves behind, Held how many values
// the workspace has at present, and Moved how often it has changed its place.
func OwnStart(p device.Program) *float32 { return &p.(*Program).own[0] }
func (d *Device) Held() int              { return len(d.work.values) }
func (d *Device) Moved() int             { return d.work.moved }

// Knows reports whether an operation has a kernel.
func Knows(op *graph.Def) bool { return table[op] != nil }

// BareDef is an operation without a kernel.
var BareDef = &graph.Def{Name: "bare", Shape: func(_ any, in []graph.Shape) (graph.Shape, error) { return in[0], nil }}

// AddReversedDef adds its first input and the second in reverse order. It may
// write over the first alone.
var AddReversedDef = &graph.Def{Name: "add_reversed", InPlace: 1, Shape: func(_ any, in []graph.Shape) (graph.Shape, error) { return in[0], nil }}

func init() {
	table[AddReversedDef] = func(_ *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
		return func() {
			for i := range out.data {
				out.data[i] = in[0].data[i] + in[1].data[len(out.data)-1-i]
			}
		}
	}
}
