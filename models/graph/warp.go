package graph

import "fmt"

// WarpAttr names both sizes, since the adjoint needs the one it ends at.
type WarpAttr struct{ IH, IW, OH, OW int }

// Warping is linear in the images; where they are sampled is a constant for
// differentiation. The two operations are each other's adjoint.
var (
	// OpWarp: x [N ih iw C], theta [N 6] to [N oh ow C].
	OpWarp = register(&Def{Name: "warp", NoGrad: 1 << 1, Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(WarpAttr)
		return warpShape(in, a.IH, a.IW, a.OH, a.OW)
	}})

	// OpWarpAdjoint: dy [N oh ow C], theta [N 6] to [N ih iw C].
	OpWarpAdjoint = register(&Def{Name: "warp_adjoint", NoGrad: 1 << 1, Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(WarpAttr)
		return warpShape(in, a.OH, a.OW, a.IH, a.IW)
	}})
)

func init() { // here, since the gradients refer to each other
	OpWarp.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		return []Node{g.Apply(OpWarpAdjoint, c.Attr, dy, c.In[1]), {}}
	}
	OpWarpAdjoint.Grad = func(g *Builder, c Call, dx Node, need []bool) []Node {
		return []Node{g.Apply(OpWarp, c.Attr, dx, c.In[1]), {}}
	}
}

// Warp samples x [N H W C] at h·w points of each image, which an affine map of its
// own places: pixel (i, j) of the result, of row i and column j, is x at column
// t0·j + t1·i + t2 and row t3·j + t4·i + t5, t being the image's row of theta [N 6].
// Values between pixels are bilinear; beyond the image everything is zero.
func (g *Builder) Warp(x, theta Node, h, w int) Node {
	s := x.Shape()
	if len(s) != 4 {
		g.failf("warp: input %v, want [N H W C]", []int(s))
	}
	return g.Apply(OpWarp, WarpAttr{s[1], s[2], h, w}, x, theta)
}

func warpShape(in []Shape, fromH, fromW, toH, toW int) (Shape, error) {
	x, theta := in[0], in[1]
	switch {
	case len(x) != 4 || x[1] != fromH || x[2] != fromW:
		return nil, fmt.Errorf("input %v, want [N %d %d C]", []int(x), fromH, fromW)
	case !theta.Equal(Shape{x[0], 6}):
		return nil, fmt.Errorf("maps %v, want [%d 6]", []int(theta), x[0])
	case toH < 1 || toW < 1:
		return nil, fmt.Errorf("output size %dx%d, want at least 1x1", toH, toW)
	}
	return Shape{x[0], toH, toW, x[3]}, nil
}
