package graph

import (
	"fmt"
)

// BilinearAttr names both sizes, since the adjoint needs the one it ends at.
type BilinearAttr struct {
	IH, IW, OH, OW int
	Corners        bool
}

var (
	// OpBilinear: x [N ih iw C] to [N oh ow C].
	OpBilinear = register(&Def{Name: "bilinear", Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(BilinearAttr)
		return bilinearShape(in[0], a.IH, a.IW, a.OH, a.OW)
	}})

	// OpBilinearAdjoint: dy [N oh ow C] to [N ih iw C].
	OpBilinearAdjoint = register(&Def{Name: "bilinear_adjoint", Shape: func(attr any, in []Shape) (Shape, error) {
		a := attr.(BilinearAttr)
		return bilinearShape(in[0], a.OH, a.OW, a.IH, a.IW)
	}})
)

func init() { // here, since the gradients refer to each other
	OpBilinear.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		return []Node{g.Apply(OpBilinearAdjoint, c.Attr, dy)}
	}
	OpBilinearAdjoint.Grad = func(g *Builder, c Call, dx Node, need []bool) []Node {
		return []Node{g.Apply(OpBilinear, c.Attr, dx)}
	}
}

// Bilinear resizes x [N H W C] to [N h w C] by bilinear interpolation without
// antialiasing. Pixel centres lie at half positions, or, with alignCorners, the
// corner pixels of both sizes coincide (torch's align_corners).
func (g *Builder) Bilinear(x Node, h, w int, alignCorners bool) Node {
	s := x.Shape()
	if len(s) != 4 {
		g.failf("bilinear: input %v, want [N H W C]", []int(s))
	}
	if s[1] == h && s[2] == w {
		return x
	}
	return g.Apply(OpBilinear, BilinearAttr{s[1], s[2], h, w, alignCorners}, x)
}

func bilinearShape(x Shape, fromH, fromW, toH, toW int) (Shape, error) {
	switch {
	case len(x) != 4 || x[1] != fromH || x[2] != fromW:
		return nil, fmt.Errorf("input %v, want [N %d %d C]", x, fromH, fromW)
	case toH < 1 || toW < 1:
		return nil, fmt.Errorf("output size %dx%d, want at least 1x1", toH, toW)
	}
	return Shape{x[0], toH, toW, x[3]}, nil
}
