//go:build (amd64 || arm64) && !static

package torch

import (
	"slices"

	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// types are the type in which a value is kept, and that in which it is computed.
// Where the graph allows bfloat16, activations of images and tokens have it; what
// is smaller (embeddings, statistics) stays float32, and so do the gradients of
// weights, which an optimizer takes.
func types(plan *graph.Plan, n graph.Node) (kept, computed libtorch.DType) {
	switch n.Def() {
	case graph.OpToBFloat16:
		return libtorch.BFloat16, libtorch.Float32
	case graph.OpToFloat32:
		return libtorch.Float32, libtorch.BFloat16
	}
	if n.Precision() == graph.Float32 || n.Def().Outside {
		return libtorch.Float32, libtorch.Float32
	}
	small := len(n.Shape()) < 3
	switch def := n.Def(); {
	case !reduced[def]:
		computed = libtorch.Float32
	case small && !large(plan.In(n)):
		computed = libtorch.Float32
	default:
		computed = libtorch.BFloat16
	}
	if small || n.Def() == graph.OpConvGradWeight {
		return libtorch.Float32, computed
	}
	return libtorch.BFloat16, computed
}

// mix finds the calls that meet bfloat16, and the parameters that they want in it.
func (p *Program) mix() {
	for _, c := range slices.Concat(p.consts, p.steps) {
		c.mixed = c.out.dtype != libtorch.Float32 || c.dtype != libtorch.Float32
		for _, v := range c.from {
			c.mixed = c.mixed || v.dtype != libtorch.Float32
			if v.param != nil && c.dtype == libtorch.BFloat16 && !slices.Contains(p.lows, v.param) {
				p.lows = append(p.lows, v.param)
			}
		}
	}
}

// large reports whether an input is of images or tokens.
func large(in []graph.Node) bool {
	for _, n := range in {
		if len(n.Shape()) >= 3 {
			return true
		}
	}
	return false
}
