//go:build (amd64 || arm64) && !static

package torch

import "innate/models/graph"

// Knows reports whether an operation is in the table.
func Knows(op *graph.Def) bool { return table[op] != nil }

// Refused is an operation that PyTorch refuses: the product of matrices that do not
// fit.
var Refused = &graph.Def{Name: "refused", Shape: func(_ any, in []graph.Shape) (graph.Shape, error) { return in[0], nil }}

func init() {
	table[Refused] = func(c *call) tensor { return c.Call(opMM).T(c.in[0]).T(c.in[0]).One() }
}
