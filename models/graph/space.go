package graph

import "fmt"

// Block is the attribute of the operations that move pixels of a square of that side
// to channels and back.
type Block int

// The gradient of one of the two is the other: both only move values.
var (
	// OpSpaceToDepth: x [N H W C] to [N H/b W/b b·b·C].
	OpSpaceToDepth = register(&Def{Name: "space_to_depth", Shape: func(attr any, in []Shape) (Shape, error) {
		b, x := int(attr.(Block)), in[0]
		if len(x) != 4 || b < 1 || x[1]%b != 0 || x[2]%b != 0 {
			return nil, fmt.Errorf("input %v, want [N H W C] in squares of %d pixels", []int(x), b)
		}
		return Shape{x[0], x[1] / b, x[2] / b, x[3] * b * b}, nil
	}})

	// OpDepthToSpace: x [N H W b·b·C] to [N b·H b·W C].
	OpDepthToSpace = register(&Def{Name: "depth_to_space", Shape: func(attr any, in []Shape) (Shape, error) {
		b, x := int(attr.(Block)), in[0]
		if len(x) != 4 || b < 1 || x[3]%(b*b) != 0 {
			return nil, fmt.Errorf("input %v, want [N H W C], C a multiple of %d", []int(x), b*b)
		}
		return Shape{x[0], x[1] * b, x[2] * b, x[3] / (b * b)}, nil
	}})
)

func init() { // here, since the gradients refer to each other
	OpSpaceToDepth.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{g.Apply(OpDepthToSpace, c.Attr, dy)}
	}
	OpDepthToSpace.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{g.Apply(OpSpaceToDepth, c.Attr, dy)}
	}
}

// SpaceToDepth makes pixels of squares of side b, row by row, each with its channels:
// x [N H W C] to [N H/b W/b b·b·C]. A linear layer on them is a convolution with
// kernel and stride b.
func (g *Builder) SpaceToDepth(x Node, b int) Node { return g.Apply(OpSpaceToDepth, Block(b), x) }

// DepthToSpace is the reverse of SpaceToDepth: x [N H W b·b·C] to [N b·H b·W C]. Behind
// a linear layer it makes a transposed convolution with kernel and stride b.
func (g *Builder) DepthToSpace(x Node, b int) Node { return g.Apply(OpDepthToSpace, Block(b), x) }
