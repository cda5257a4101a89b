package device

import (
	"fmt"

	"innate/models/graph"
)

// Outside is what becomes of the values that an operation of graph.Def.Outside has made,
// in the host's memory: their sums over all processes, by sum, or what a function of the
// host makes of them. Without a sum the first fails.
func Outside(n graph.Node, sum Sum) func(values []float32) error {
	switch n.Def() {
	case graph.OpOnHost:
		return n.Attr().(*graph.HostFunc).F
	case graph.OpSumProcesses:
		if sum == nil {
			return func([]float32) error { return Alone }
		}
		return sum.Sum
	}
	panic(fmt.Sprintf("device: %s happens on the device", n.Def().Name))
}
