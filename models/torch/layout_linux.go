//go:build (amd64 || arm64) && !static

package torch

import (
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// inOrder views a tensor with the axes of the graph as values lie: [N H W C] as
// [N C H W].
func inOrder(l *libtorch.Lib, t tensor, rank int) tensor {
	if rank != 4 {
		return l.Same(t)
	}
	return l.Call(opPermute).T(t).Ints(0, 3, 1, 2).One()
}

// inGraph views a value with the axes of the graph: [N C H W] as [N H W C].
func inGraph(l *libtorch.Lib, t tensor, rank int) tensor {
	if rank != 4 {
		return t
	}
	return l.Call(opPermute).T(t).Ints(0, 2, 3, 1).One()
}

// sizes is the shape of a value.
func sizes(s graph.Shape) []int {
	if len(s) == 4 {
		return []int{s[0], s[3], s[1], s[2]}
	}
	return s
}

// axis is where an axis of the graph stands in a value of that many axes.
func axis(i, rank int) int {
	if rank == 4 {
		return [...]int{0, 2, 3, 1}[i]
	}
	return i
}

// last is where the last axis stands.
func last(rank int) int { return axis(rank-1, rank) }

// rows are a value's shape and the strides by which it lies row-major in the
// graph's order, as on the host.
func rows(s graph.Shape) (shape, strides []int) {
	strides = libtorch.RowMajor(s)
	if len(s) == 4 {
		return sizes(s), []int{strides[0], strides[3], strides[1], strides[2]}
	}
	return s, strides
}

// memory are the shape and the strides of a new value.
func (d *Device) memory(s graph.Shape) (shape, strides []int) {
	if d.opts.ChannelsLast {
		return rows(s)
	}
	shape = sizes(s)
	return shape, libtorch.RowMajor(shape)
}
