package graph

import (
	"fmt"
)

// ConvOpts are the attributes of a convolution: Stride is 1 or 2, Pad the
// number of zero rows and columns added on every side. A kernel that is not square
// has Pad zero rows above and below and as many more or less columns that both axes
// of the image shrink alike: 1x7 and Pad 0 keep its size, as do 7x1 and Pad 3.
type ConvOpts struct{ Stride, Pad int }

// The three operations below are closed under differentiation: each is linear
// in both of its inputs, and the gradients of one are applications of the other
// two. A convolution can thus be differentiated any number of times.
var (
	// OpConv: x [N H W Ci], w [Co Ci KH KW] and optionally bias [Co] to
	// y [N OH OW Co]; attribute ConvOpts.
	OpConv = register(&Def{Name: "conv", Shape: convOutShape, FLOP: convFLOP})

	// OpConvGradInput: dy [N OH OW Co] and w to the gradient of x; attribute
	// ConvInputAttr.
	OpConvGradInput = register(&Def{Name: "conv_grad_input", Shape: convInputShape, FLOP: convGradInputFLOP})

	// OpConvGradWeight: x and dy to the gradient of w; attribute
	// ConvWeightAttr.
	OpConvGradWeight = register(&Def{Name: "conv_grad_weight", Shape: convWeightShape, FLOP: convGradWeightFLOP})
)

// ConvInputAttr adds the size of x, which dy alone does not determine when the
// stride leaves a remainder.
type ConvInputAttr struct {
	ConvOpts
	H, W int
}

// ConvWeightAttr adds the size of the kernel.
type ConvWeightAttr struct {
	ConvOpts
	KH, KW int
}

func init() { // here, since the gradients refer to each other
	OpConv.Grad = convGrad
	OpConvGradInput.Grad = convGradInputGrad
	OpConvGradWeight.Grad = convGradWeightGrad
}

// Conv is the cross-correlation of x [N H W Ci] with w [Co Ci KH KW], zero padded,
// plus b [Co] unless b is the zero Node: [N OH OW Co].
func (g *Builder) Conv(x, w, b Node, opts ConvOpts) Node {
	if b.IsZero() {
		return g.Apply(OpConv, opts, x, w)
	}
	return g.Apply(OpConv, opts, x, w, b)
}

// ConvDims are the sizes of a convolution: x [N H W Ci], w [Co Ci K K+Wide],
// y [N oh ow Co], zero padding of Pad rows and PadColumns columns on every side.
type ConvDims struct{ N, H, W, Ci, Co, K, Stride, Pad, Wide int }

// PadColumns is the padding at the left and at the right.
func (s ConvDims) PadColumns() int { return s.Pad + s.Wide/2 }

// Out is the height and width of the output.
func (s ConvDims) Out() (oh, ow int) {
	return (s.H+2*s.Pad-s.K)/s.Stride + 1, (s.W+2*s.Pad-s.K)/s.Stride + 1
}

// ConvDimsOf are the sizes of the convolution of x with w, or what is wrong
// with them.
func ConvDimsOf(o ConvOpts, x, w Shape) (ConvDims, error) {
	if len(x) != 4 || len(w) != 4 {
		return ConvDims{}, fmt.Errorf("input %v and weight %v, want four axes each", x, w)
	}
	s := ConvDims{N: x[0], H: x[1], W: x[2], Ci: x[3], Co: w[0], K: w[2], Stride: o.Stride, Pad: o.Pad, Wide: w[3] - w[2]}
	switch {
	case w[1] != x[3]:
		return s, fmt.Errorf("weight %v for %d channels, want %d", w, w[1], x[3])
	case min(w[2], w[3]) < 1 || max(w[2], w[3]) > 7 || s.Wide%2 != 0:
		return s, fmt.Errorf("kernel %dx%d, want sides of 1 to 7, both even or both odd", w[2], w[3])
	case o.Stride != 1 && o.Stride != 2:
		return s, fmt.Errorf("stride %d, want 1 or 2", o.Stride)
	case o.Pad < 0:
		return s, fmt.Errorf("padding %d, want >= 0", o.Pad)
	case s.PadColumns() < 0:
		return s, fmt.Errorf("padding %d, want >= %d for a %dx%d kernel", o.Pad, -s.Wide/2, w[2], w[3])
	case s.H+2*o.Pad < s.K || s.W+2*o.Pad < s.K:
		return s, fmt.Errorf("input %v padded by %d is smaller than the %dx%d kernel", x, o.Pad, w[2], w[3])
	}
	return s, nil
}

func convOutShape(attr any, in []Shape) (Shape, error) {
	if len(in) != 2 && len(in) != 3 {
		return nil, fmt.Errorf("%d inputs, want x, w and perhaps a bias", len(in))
	}
	s, err := ConvDimsOf(attr.(ConvOpts), in[0], in[1])
	if err != nil {
		return nil, err
	}
	if len(in) == 3 && (len(in[2]) != 1 || in[2][0] != s.Co) {
		return nil, fmt.Errorf("bias %v, want [%d]", in[2], s.Co)
	}
	oh, ow := s.Out()
	return Shape{s.N, oh, ow, s.Co}, nil
}

func convInputShape(attr any, in []Shape) (Shape, error) {
	a := attr.(ConvInputAttr)
	dy, w := in[0], in[1]
	if len(dy) != 4 || len(w) != 4 {
		return nil, fmt.Errorf("gradient %v and weight %v, want four axes each", dy, w)
	}
	x := Shape{dy[0], a.H, a.W, w[1]}
	return x, checkConvOut(a.ConvOpts, x, w, dy)
}

func convWeightShape(attr any, in []Shape) (Shape, error) {
	a := attr.(ConvWeightAttr)
	x, dy := in[0], in[1]
	if len(x) != 4 || len(dy) != 4 {
		return nil, fmt.Errorf("input %v and gradient %v, want four axes each", x, dy)
	}
	w := Shape{dy[3], x[3], a.KH, a.KW}
	return w, checkConvOut(a.ConvOpts, x, w, dy)
}

// checkConvOut wants dy to have the shape that x convolved by w has.
func checkConvOut(o ConvOpts, x, w, dy Shape) error {
	s, err := ConvDimsOf(o, x, w)
	if err != nil {
		return err
	}
	if oh, ow := s.Out(); dy[0] != s.N || dy[1] != oh || dy[2] != ow || dy[3] != s.Co {
		return fmt.Errorf("gradient %v, want [%d %d %d %d]", dy, s.N, oh, ow, s.Co)
	}
	return nil
}

func convGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	o := c.Attr.(ConvOpts)
	x, w := c.In[0], c.In[1]
	grads := make([]Node, len(c.In))
	if need[0] {
		grads[0] = g.Apply(OpConvGradInput, ConvInputAttr{o, x.Shape()[1], x.Shape()[2]}, dy, w)
	}
	if need[1] {
		grads[1] = g.Apply(OpConvGradWeight, ConvWeightAttr{o, w.Shape()[2], w.Shape()[3]}, x, dy)
	}
	if len(need) == 3 && need[2] {
		grads[2] = g.SumPerChannel(dy)
	}
	return grads
}

// convGradInputGrad: dx = A(w)ᵀ dy, so the gradient of dy is A(w) applied to the
// upstream gradient, which has the shape of x.
func convGradInputGrad(g *Builder, c Call, ddx Node, need []bool) []Node {
	o := c.Attr.(ConvInputAttr).ConvOpts
	dy, w := c.In[0], c.In[1]
	grads := make([]Node, 2)
	if need[0] {
		grads[0] = g.Apply(OpConv, o, ddx, w)
	}
	if need[1] {
		grads[1] = g.Apply(OpConvGradWeight, ConvWeightAttr{o, w.Shape()[2], w.Shape()[3]}, ddx, dy)
	}
	return grads
}

// convGradWeightGrad: the upstream gradient has the shape of w.
func convGradWeightGrad(g *Builder, c Call, ddw Node, need []bool) []Node {
	o := c.Attr.(ConvWeightAttr).ConvOpts
	x, dy := c.In[0], c.In[1]
	grads := make([]Node, 2)
	if need[0] {
		grads[0] = g.Apply(OpConvGradInput, ConvInputAttr{o, x.Shape()[1], x.Shape()[2]}, dy, ddw)
	}
	if need[1] {
		grads[1] = g.Apply(OpConv, o, x, ddw)
	}
	return grads
}

// convFLOP counts a multiplication and an addition for every output value and
// weight that reaches it; the padding is counted as if it were pixels.
func convFLOP(_ any, in []Shape, out Shape) int64 { return macs(out, in[1]) }

func convGradInputFLOP(_ any, in []Shape, _ Shape) int64 { return macs(in[0], in[1]) }

func convGradWeightFLOP(_ any, in []Shape, out Shape) int64 { return macs(in[1], out) }

// macs is the work of a convolution with output y [N OH OW Co] and weight w
// [Co Ci K K], which is that of either of its gradients, too.
func macs(y, w Shape) int64 { return 2 * int64(y.Size()) * int64(w.Size()/w[0]) }
