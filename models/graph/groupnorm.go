package graph

import (
	"fmt"
)

// GroupNormAttr are the attributes of group normalisation, with SiLU applied to
// its result or not.
type GroupNormAttr struct {
	Groups int
	Eps    float32
	SiLU   bool
}

// Notation: P pixels and C channels; per sample and group of m = P·C/groups
// values, mean and inv = 1/sqrt(variance + eps); xhat = (x - mean)·inv;
// u = w·xhat + b; y = u or silu(u); du is the gradient of the cost for u.
var (
	// OpGroupNorm: x [N ... C] and w and b, both [C] or both [N C], to y. The
	// statistics of an image are computed just before they are applied, while it
	// is in the cache.
	OpGroupNorm = register(&Def{
		Name: "group_norm", Shape: groupNormShape, Grad: groupNormGrad, Expand: groupNormExpand, InPlace: 1 << 0,
	})

	// OpGroupNormSums: x, w, b, dy to [N 2C+2G]: for every sample and channel
	// Σdu and Σdu·xhat, then for every group mean and inv.
	OpGroupNormSums = register(&Def{
		Name: "group_norm_sums", Shape: func(attr any, in []Shape) (Shape, error) {
			return Shape{in[0][0], 2*in[0].Last() + 2*attr.(GroupNormAttr).Groups}, nil
		},
	})

	// OpGroupNormGrad: x, w, b, dy and the sums to the gradient of x.
	OpGroupNormGrad = register(&Def{
		Name: "group_norm_grad", Shape: sameAsFirst, InPlace: 1 << 3,
	})
)

// GroupNorm normalises x [N ... C] over the pixels and channels of each of the
// groups that C divides into, then scales by w [C] and shifts by b [C]. Both may
// be [N C], other ones for each sample: an adaptive norm (Dhariwal & Nichol 2021).
func (g *Builder) GroupNorm(x, w, b Node, groups int, eps float32) Node {
	return g.Apply(OpGroupNorm, GroupNormAttr{groups, eps, false}, x, w, b)
}

// GroupNormSiLU is SiLU(GroupNorm(x, w, b, groups, eps)) in one operation.
func (g *Builder) GroupNormSiLU(x, w, b Node, groups int, eps float32) Node {
	return g.Apply(OpGroupNorm, GroupNormAttr{groups, eps, true}, x, w, b)
}

func groupNormShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(GroupNormAttr), in[0]
	if err := checkGroupAffine(in); err != nil {
		return nil, err
	}
	if a.Groups < 1 || x.Last()%a.Groups != 0 {
		return nil, fmt.Errorf("%d groups of %d channels, want a divisor", a.Groups, x.Last())
	}
	if !(a.Eps > 0) {
		return nil, fmt.Errorf("eps %v, want > 0", a.Eps)
	}
	return x, nil
}

// checkAffine wants x of two axes or more, and a weight and a bias per channel.
func checkAffine(in []Shape) error {
	if len(in[0]) < 2 {
		return fmt.Errorf("input %v, want [N ... C]", []int(in[0]))
	}
	for _, s := range in[1:] {
		if len(s) != 1 || s[0] != in[0].Last() {
			return fmt.Errorf("weight or bias %v, want [%d]", []int(s), in[0].Last())
		}
	}
	return nil
}

// checkGroupAffine is checkAffine, of a weight and a bias per sample, too.
func checkGroupAffine(in []Shape) error {
	x, w, b := in[0], in[1], in[2]
	if len(w) != 2 || len(x) < 2 {
		return checkAffine(in)
	}
	if want := (Shape{x[0], x.Last()}); !w.Equal(want) || !b.Equal(want) {
		return fmt.Errorf("weight %v and bias %v of each sample, want %v", []int(w), []int(b), []int(want))
	}
	return nil
}

// sameAsFirst is the Shape function of operations that return their first
// input's shape and are applied only by gradients.
func sameAsFirst(_ any, in []Shape) (Shape, error) { return in[0], nil }

func groupNormGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	x, w, b := c.In[0], c.In[1], c.In[2]
	sums := g.Apply(OpGroupNormSums, c.Attr, x, w, b, dy)
	grads := make([]Node, 3)
	if need[0] {
		grads[0] = g.Apply(OpGroupNormGrad, c.Attr, x, w, b, dy, sums)
	}
	if need[1] || need[2] {
		n, total := w.Shape().Last(), sums
		if len(w.Shape()) == 1 {
			total = g.SumPerChannel(sums)
		}
		grads[1] = g.Slice(total, n, 2*n)
		grads[2] = g.Slice(total, 0, n)
	}
	return grads
}

// groupNormExpand writes the operation with primitives. Statistics per sample
// and group have shape [N·G], factors per sample and channel [N C].
func groupNormExpand(g *Builder, attr any, in []Node) Node {
	a, x, w, b := attr.(GroupNormAttr), in[0], in[1], in[2]
	n, c := x.Shape()[0], x.Shape().Last()
	m := x.Shape().Size() / n / a.Groups
	mean := func(sums Node) Node { // of sums [N C] over the channels of a group: [N·G]
		return g.Scale(g.SumLast(g.Reshape(sums, n*a.Groups, c/a.Groups)), 1/float32(m))
	}
	perChannel := func(v Node) Node { // repeats a group's value for its channels: [N C]
		return g.Reshape(g.BroadcastLast(v, n*a.Groups, c/a.Groups), n, c)
	}
	centred := g.AddPerSampleChannel(x, g.Scale(perChannel(mean(g.SumSpatial(x))), -1))
	inv := g.Rsqrt(g.AddScalar(mean(g.DotSpatial(centred, centred)), a.Eps))
	var y Node
	if len(w.Shape()) == 2 {
		y = g.AddPerSampleChannel(g.MulPerSampleChannel(centred, g.Mul(perChannel(inv), w)), b)
	} else {
		y = g.AddPerChannel(g.MulPerSampleChannel(centred, g.MulPerChannel(perChannel(inv), w)), b)
	}
	if a.SiLU {
		y = g.SiLU(y)
	}
	return y
}
