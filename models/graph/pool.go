package graph

import "fmt"

// Window is a square window that slides over an image in steps of Stride, from Pad
// pixels above and left of it. What lies outside of the image is left out, not zero.
type Window struct{ Side, Stride, Pad int }

// halves is the window of squares of 2x2 pixels that do not overlap.
var halves = Window{Side: 2, Stride: 2}

// Max pooling. An odd last row or column that no window reaches is left out. Of equal
// values the first is the largest, row by row, as in PyTorch: it alone gets the
// gradient, from every window in which it is.
//
// Where the largest lie is a constant for differentiation, and given it pooling is
// linear: OpMaxPoolGrad scatters to them and OpMaxPoolPick gathers from them. The
// attribute of all three is the Window.
var (
	// OpMaxPool: x [N H W C] to [N OH OW C].
	OpMaxPool = register(&Def{Name: "max_pool", Shape: func(attr any, in []Shape) (Shape, error) { return attr.(Window).pooled(in[0]) }})

	// OpMaxPoolGrad: x and dy [N OH OW C] to the gradient of x.
	OpMaxPoolGrad = register(&Def{Name: "max_pool_grad", NoGrad: 1 << 0, Shape: func(attr any, in []Shape) (Shape, error) {
		y, err := attr.(Window).pooled(in[0])
		if err == nil && !in[1].Equal(y) {
			err = fmt.Errorf("gradient %v, want %v", []int(in[1]), []int(y))
		}
		return in[0], err
	}})

	// OpMaxPoolPick: x and v of its shape to the values of v where x is largest.
	OpMaxPoolPick = register(&Def{Name: "max_pool_pick", NoGrad: 1 << 0, Shape: func(attr any, in []Shape) (Shape, error) {
		if !in[0].Equal(in[1]) {
			return nil, fmt.Errorf("want equal shapes")
		}
		return attr.(Window).pooled(in[0])
	}})
)

// Average pooling: the mean of those pixels of a window that lie in the image, as
// TensorFlow has it. The two operations are the gradients of each other.
var (
	// OpAvgPool: x [N H W C] to [N OH OW C]; attribute Window.
	OpAvgPool = register(&Def{Name: "avg_pool", Shape: func(attr any, in []Shape) (Shape, error) { return attr.(Window).pooled(in[0]) }})

	// OpAvgPoolAdjoint: dy [N OH OW C] to the gradient of x; attribute AvgPoolAttr.
	OpAvgPoolAdjoint = register(&Def{Name: "avg_pool_adjoint", Shape: func(attr any, in []Shape) (Shape, error) {
		a, dy := attr.(AvgPoolAttr), in[0]
		if len(dy) != 4 {
			return nil, fmt.Errorf("gradient %v, want [N OH OW C]", []int(dy))
		}
		x := Shape{dy[0], a.H, a.W, dy[3]}
		y, err := a.pooled(x)
		if err == nil && !dy.Equal(y) {
			err = fmt.Errorf("gradient %v, want %v", []int(dy), []int(y))
		}
		return x, err
	}})
)

// AvgPoolAttr adds the size of x, which dy alone does not determine.
type AvgPoolAttr struct {
	Window
	H, W int
}

func init() { // here, since the gradients refer to each other
	OpMaxPool.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{g.Apply(OpMaxPoolGrad, c.Attr, c.In[0], dy)}
	}
	OpMaxPoolGrad.Grad = func(g *Builder, c Call, ddx Node, _ []bool) []Node {
		return []Node{{}, g.Apply(OpMaxPoolPick, c.Attr, c.In[0], ddx)}
	}
	OpMaxPoolPick.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		return []Node{{}, g.Apply(OpMaxPoolGrad, c.Attr, c.In[0], dy)}
	}
	OpAvgPool.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		s := c.In[0].Shape()
		return []Node{g.Apply(OpAvgPoolAdjoint, AvgPoolAttr{c.Attr.(Window), s[1], s[2]}, dy)}
	}
	OpAvgPoolAdjoint.Grad = func(g *Builder, c Call, ddx Node, _ []bool) []Node {
		return []Node{g.Apply(OpAvgPool, c.Attr.(AvgPoolAttr).Window, ddx)}
	}
}

// MaxPool2 is the largest value of every 2x2 pixels: x [N H W C] to [N H/2 W/2 C].
func (g *Builder) MaxPool2(x Node) Node { return g.MaxPool(x, halves) }

// MaxPool is the largest value in every position of a window: x [N H W C] to
// [N OH OW C].
func (g *Builder) MaxPool(x Node, w Window) Node { return g.Apply(OpMaxPool, w, x) }

// AvgPool is the mean of the pixels of the image in every position of a window:
// x [N H W C] to [N OH OW C].
func (g *Builder) AvgPool(x Node, w Window) Node { return g.Apply(OpAvgPool, w, x) }

// Span is the pixels [lo, hi) of an axis of n that position i of the window covers.
func (w Window) Span(i, n int) (lo, hi int) {
	lo = i*w.Stride - w.Pad
	return max(lo, 0), min(lo+w.Side, n)
}

// pooled is the shape of the pooled image: every window holds a pixel, for the
// padding is at most half of its side.
func (w Window) pooled(x Shape) (Shape, error) {
	switch {
	case w.Side < 1 || w.Stride < 1 || w.Pad < 0 || w.Pad > w.Side/2:
		return nil, fmt.Errorf("window %+v, want a side and a stride of at least 1, and padding of at most half the side", w)
	case len(x) != 4 || x[1]+2*w.Pad < w.Side || x[2]+2*w.Pad < w.Side:
		return nil, fmt.Errorf("input %v, want [N H W C] of at least %dx%d pixels", []int(x), w.Side-2*w.Pad, w.Side-2*w.Pad)
	}
	return Shape{x[0], (x[1]+2*w.Pad-w.Side)/w.Stride + 1, (x[2]+2*w.Pad-w.Side)/w.Stride + 1, x[3]}, nil
}
