package graph

import "fmt"

// DepthwiseAttr are the sizes of a depthwise convolution: a square kernel of side
// K, Stride 1 or 2, Top and Left zero rows and columns before an image of H x W,
// and as many behind it as an output of OH x OW asks for.
type DepthwiseAttr struct{ K, Stride, Top, Left, H, W, OH, OW int }

// The gradients of the two operations refer to each other. Their kernels are
// constants for differentiation: frozen networks alone have such layers.
var (
	// OpDepthwise: x [N H W C], w [C 1 K K] and optionally bias [C] to
	// y [N OH OW C].
	OpDepthwise = register(&Def{Name: "depthwise", Shape: depthwiseShape, NoGrad: 1<<1 | 1<<2, FLOP: func(_ any, in []Shape, out Shape) int64 {
		return depthwiseMACs(out, in[1])
	}})

	// OpDepthwiseGradInput: dy [N OH OW C] and w to the gradient of x.
	OpDepthwiseGradInput = register(&Def{Name: "depthwise_grad_input", Shape: depthwiseInputShape, NoGrad: 1 << 1, FLOP: func(_ any, in []Shape, _ Shape) int64 {
		return depthwiseMACs(in[0], in[1])
	}})
)

func init() { // here, since the gradients refer to each other
	OpDepthwise.Grad = func(g *Builder, c Call, dy Node, _ []bool) []Node {
		grads := make([]Node, len(c.In))
		grads[0] = g.Apply(OpDepthwiseGradInput, c.Attr, dy, c.In[1])
		return grads
	}
	OpDepthwiseGradInput.Grad = func(g *Builder, c Call, ddx Node, _ []bool) []Node {
		return []Node{g.Apply(OpDepthwise, c.Attr, ddx, c.In[1]), {}}
	}
}

// Depthwise convolves every channel of x [N H W C] with a kernel of its own, w
// [C 1 K K], and adds b [C] unless b is the zero Node: [N ⌈H/stride⌉ ⌈W/stride⌉ C].
// The padding is TensorFlow's "same" (see SamePad). No gradient flows to w and b.
func (g *Builder) Depthwise(x, w, b Node, stride int) Node {
	s, k := x.Shape(), w.Shape()
	if len(s) != 4 || len(k) != 4 || k[0] != s[3] || k[1] != 1 || k[2] != k[3] {
		g.failf("depthwise: input %v and weight %v, want [N H W C] and [C 1 K K]", []int(s), []int(k))
	}
	a := DepthwiseAttr{K: k[2], Stride: stride, H: s[1], W: s[2]}
	a.Top, _, a.OH = SamePad(a.H, a.K, stride)
	a.Left, _, a.OW = SamePad(a.W, a.K, stride)
	if b.IsZero() {
		return g.Apply(OpDepthwise, a, x, w)
	}
	return g.Apply(OpDepthwise, a, x, w, b)
}

// SamePad is the padding by which n pixels become ⌈n/stride⌉ under a kernel of k, as
// TensorFlow's "same" has it: what is odd of it comes behind.
func SamePad(n, k, stride int) (before, behind, out int) {
	out = (n + stride - 1) / stride
	total := max((out-1)*stride+k-n, 0)
	return total / 2, total - total/2, out
}

// check reports sizes of which no kernel is made.
func (a DepthwiseAttr) check(c int, w Shape) error {
	switch {
	case len(w) != 4 || w[0] != c || w[1] != 1 || w[2] != a.K || w[3] != a.K:
		return fmt.Errorf("weight %v, want [%d 1 %d %d]", []int(w), c, a.K, a.K)
	case a.K < 1 || a.K > 7:
		return fmt.Errorf("kernel %dx%d, want a square of 1 to 7", a.K, a.K)
	case a.Stride != 1 && a.Stride != 2:
		return fmt.Errorf("stride %d, want 1 or 2", a.Stride)
	case a.H < 1 || a.W < 1 || a.OH < 1 || a.OW < 1 || a.Top < 0 || a.Left < 0 || a.Top >= a.K || a.Left >= a.K:
		return fmt.Errorf("sizes %+v, want positive ones and padding below the kernel's side", a)
	case (a.OH-1)*a.Stride-a.Top >= a.H || (a.OW-1)*a.Stride-a.Left >= a.W:
		return fmt.Errorf("sizes %+v, want no output beyond the image", a)
	}
	return nil
}

func depthwiseShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(DepthwiseAttr), in[0]
	if len(x) != 4 || x[1] != a.H || x[2] != a.W {
		return nil, fmt.Errorf("input %v, want [N %d %d C]", []int(x), a.H, a.W)
	}
	if len(in) == 3 && !in[2].Equal(Shape{x[3]}) {
		return nil, fmt.Errorf("bias %v, want [%d]", []int(in[2]), x[3])
	}
	return Shape{x[0], a.OH, a.OW, x[3]}, a.check(x[3], in[1])
}

func depthwiseInputShape(attr any, in []Shape) (Shape, error) {
	a, dy := attr.(DepthwiseAttr), in[0]
	if len(dy) != 4 || dy[1] != a.OH || dy[2] != a.OW {
		return nil, fmt.Errorf("gradient %v, want [N %d %d C]", []int(dy), a.OH, a.OW)
	}
	return Shape{dy[0], a.H, a.W, dy[3]}, a.check(dy[3], in[1])
}

// depthwiseMACs counts a multiplication and an addition for every output value and
// weight that reaches it, padding as if it were pixels.
func depthwiseMACs(y, w Shape) int64 { return 2 * int64(y.Size()) * int64(w[2]*w[3]) }
