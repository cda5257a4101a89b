package graph

import (
	"fmt"
	"slices"
)

// ResampleAttr describes a separable two-fold resampling by a symmetric filter.
// Along each axis the weights are taps[i]·gain/Σtaps. Both directions use the
// same attribute (up also names its output size), which makes one the adjoint
// of the other for every padding and gain.
type ResampleAttr struct {
	Taps [4]int // filter; the first N are used
	N    int    // 2 or 4
	Pad  int    // zero pixels before and after each axis of the large side
	Gain int    // per axis: 1 averages, 2 keeps the mean when up-sampling
	H, W int    // up only: the large side
}

// Weights are the filter along one axis.
func (a ResampleAttr) Weights() []float32 {
	sum := 0
	for _, t := range a.Taps[:a.N] {
		sum += t
	}
	f := make([]float32, a.N)
	for i := range f {
		f[i] = float32(a.Taps[i]*a.Gain) / float32(sum)
	}
	return f
}

// small is the size of the small side that belongs to the large side n.
func (a ResampleAttr) small(n int) int {
	if n+2*a.Pad < a.N {
		return 0
	}
	return (n+2*a.Pad-a.N)/2 + 1
}

var (
	// OpDownsample: x [N H W C] to [N h w C], h = (H+2·pad-n)/2+1; a depthwise
	// convolution with stride 2.
	OpDownsample = register(&Def{Name: "downsample2", Shape: downsampleShape})

	// OpUpsample: x [N h w C] to [N H W C]; the transposed convolution.
	OpUpsample = register(&Def{Name: "upsample2", Shape: upsampleShape})
)

func init() { // here, since the gradients refer to each other
	OpDownsample.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		a := c.Attr.(ResampleAttr)
		a.H, a.W = c.In[0].Shape()[1], c.In[0].Shape()[2]
		return []Node{g.Apply(OpUpsample, a, dy)}
	}
	OpUpsample.Grad = func(g *Builder, c Call, dy Node, need []bool) []Node {
		a := c.Attr.(ResampleAttr)
		a.H, a.W = 0, 0
		return []Node{g.Apply(OpDownsample, a, dy)}
	}
}

// Upsample2 doubles height and width of x [N H W C] by the transposed depthwise
// convolution with the filter taps⊗taps, normalised to a sum of 4 (EDM's
// resample_filter). Taps are [1 1] (nearest neighbour) or [1 3 3 1].
func (g *Builder) Upsample2(x Node, taps []int) Node {
	a := g.newResampleAttr("upsample2", taps)
	s := x.Shape()
	if len(s) != 4 {
		g.failf("upsample2: input %v, want [N H W C]", []int(s))
	}
	a.Pad, a.Gain, a.H, a.W = (a.N-1)/2, 2, 2*s[1], 2*s[2]
	return g.Apply(OpUpsample, a, x)
}

// Downsample2 halves height and width of x [N H W C] by the depthwise
// convolution with the filter taps⊗taps, normalised to a sum of 1, stride 2 and
// zero padding pad: (n-1)/2 to halve exactly, 0 after a convolution that was
// padded more (EDM's aux_residual). Taps are [1 1] (mean of 2x2) or [1 3 3 1].
func (g *Builder) Downsample2(x Node, taps []int, pad int) Node {
	a := g.newResampleAttr("downsample2", taps)
	a.Pad, a.Gain = pad, 1
	return g.Apply(OpDownsample, a, x)
}

// newResampleAttr checks the filter of operation op.
func (g *Builder) newResampleAttr(op string, taps []int) ResampleAttr {
	a := ResampleAttr{N: len(taps)}
	copy(a.Taps[:], taps)
	if !slices.Equal(taps, []int{1, 1}) && !slices.Equal(taps, []int{1, 3, 3, 1}) {
		g.failf("%s: taps %v, want [1 1] or [1 3 3 1]", op, taps)
	}
	return a
}

func downsampleShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(ResampleAttr), in[0]
	if len(x) != 4 {
		return nil, fmt.Errorf("input %v, want [N H W C]", x)
	}
	if a.Pad < 0 || a.Pad >= a.N {
		return nil, fmt.Errorf("padding %d, want 0 to %d", a.Pad, a.N-1)
	}
	h, w := a.small(x[1]), a.small(x[2])
	if h < 1 || w < 1 {
		return nil, fmt.Errorf("input %v padded by %d is smaller than the %d taps", x, a.Pad, a.N)
	}
	return Shape{x[0], h, w, x[3]}, nil
}

func upsampleShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(ResampleAttr), in[0]
	if len(x) != 4 {
		return nil, fmt.Errorf("input %v, want [N H W C]", x)
	}
	if a.small(a.H) != x[1] || a.small(a.W) != x[2] {
		return nil, fmt.Errorf("input %v for output %dx%d, want %dx%d", x, a.H, a.W, a.small(a.H), a.small(a.W))
	}
	return Shape{x[0], a.H, a.W, x[3]}, nil
}
