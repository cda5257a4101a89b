package graph

import "fmt"

// Max pooling over squares of 2x2 pixels, which do not overlap; an odd last row or
// column is left out. Of equal values the first is the largest, row by row, as in
// PyTorch: it alone gets the gradient.
//
// Where the largest lie is a constant for differentiation, and given it pooling is
// linear: OpMaxPoolGrad scatters to them and OpMaxPoolPick gathers from them.
var (
	// OpMaxPool: x [N H W C] to [N H/2 W/2 C].
	OpMaxPool = register(&Def{Name: "max_pool", Shape: func(_ any, in []Shape) (Shape, error) { return pooled(in[0]) }})

	// OpMaxPoolGrad: x and dy [N H/2 W/2 C] to the gradient of x.
	OpMaxPoolGrad = register(&Def{Name: "max_pool_grad", NoGrad: 1 << 0, Shape: func(_ any, in []Shape) (Shape, error) {
		y, err := pooled(in[0])
		if err == nil && !in[1].Equal(y) {
			err = fmt.Errorf("gradient %v, want %v", []int(in[1]), []int(y))
		}
		return in[0], err
	}})

	// OpMaxPoolPick: x and v of its shape to the values of v where x is largest.
	OpMaxPoolPick = register(&Def{Name: "max_pool_pick", NoGrad: 1 << 0, Shape: func(_ any, in []Shape) (Shape, error) {
		if !in[0].Equal(in[1]) {
			return nil, fmt.Errorf("want equal shapes")
		}
		return pooled(in[0])
	}})
)

func init() { // here, since the gradients refer to each other
	OpMaxPool.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{g.Apply(OpMaxPoolGrad, nil, c.In[0], dy)}
	}
	OpMaxPoolGrad.Grad = func(g *Builder, c Call, ddx Node, _ []bool) []Node {
		return []Node{{}, g.Apply(OpMaxPoolPick, nil, c.In[0], ddx)}
	}
	OpMaxPoolPick.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{{}, g.Apply(OpMaxPoolGrad, nil, c.In[0], dy)}
	}
}

// MaxPool2 is the largest value of every 2x2 pixels: x [N H W C] to [N H/2 W/2 C].
func (g *Builder) MaxPool2(x Node) Node { return g.Apply(OpMaxPool, nil, x) }

func pooled(x Shape) (Shape, error) {
	if len(x) != 4 || x[1] < 2 || x[2] < 2 {
		return nil, fmt.Errorf("input %v, want [N H W C] of at least 2x2 pixels", []int(x))
	}
	return Shape{x[0], x[1] / 2, x[2] / 2, x[3]}, nil
}
