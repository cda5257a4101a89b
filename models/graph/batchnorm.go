package graph

import (
	"fmt"
)

// BatchNormAttr are the attributes of batch normalisation followed by a leaky
// ReLU; slope 1 means none.
type BatchNormAttr struct{ Eps, Slope float32 }

// Notation: rows are the M = N·H·W pixels of all samples; per channel
// inv = 1/sqrt(variance + eps), xhat = (x - mean)·inv, u = w·xhat + b,
// y = leaky(u); du is the gradient of the cost for u. Sums over rows are taken
// over fixed chunks and added in order, so they do not depend on the number of
// threads.
var (
	// OpChannelMoments: x [... C] to [2C], means and then biased variances. Its
	// fused form is a constant for differentiation: OpBatchNormGrad accounts
	// for the dependence on x.
	OpChannelMoments = register(&Def{
		Name: "channel_moments", Shape: func(_ any, in []Shape) (Shape, error) {
			if len(in[0]) < 2 {
				return nil, fmt.Errorf("input %v, want [N ... C]", []int(in[0]))
			}
			return Shape{2 * in[0].Last()}, nil
		},
		Expand: channelMomentsExpand,
		NoGrad: 1 << 0,
	})

	// OpBatchNorm: x, w, b, moments [2C] to y.
	OpBatchNorm = register(&Def{
		Name: "batch_norm", Shape: batchNormShape, Grad: batchNormGrad, Expand: batchNormExpand,
		NoGrad: 1 << 3, InPlace: 1 << 0,
	})

	// OpBatchNormSums: x, w, b, moments, dy to [2C], Σdu and then Σdu·xhat.
	OpBatchNormSums = register(&Def{
		Name: "batch_norm_sums", Shape: func(_ any, in []Shape) (Shape, error) { return in[3], nil },
	})

	// OpBatchNormGrad: x, w, b, moments, dy and the sums to the gradient of x.
	OpBatchNormGrad = register(&Def{
		Name: "batch_norm_grad", Shape: sameAsFirst, InPlace: 1 << 4,
	})
)

// BatchNorm normalises every channel of x [N ... C] by the mean and the biased
// variance of this batch, then scales by w [C] and shifts by b [C]. It also
// returns mean and variance [C], for running statistics: of M = N·H·W values
// the unbiased variance is M/(M-1) times as large. Without TwiceDifferentiable
// no gradient flows through these two.
func (g *Builder) BatchNorm(x, w, b Node, eps float32) (y, mean, variance Node) {
	return g.BatchNormLeakyReLU(x, w, b, eps, 1)
}

// BatchNormLeakyReLU is BatchNorm with LeakyReLU applied to y, in one operation.
func (g *Builder) BatchNormLeakyReLU(x, w, b Node, eps, slope float32) (y, mean, variance Node) {
	moments := g.Apply(OpChannelMoments, nil, x)
	c := x.Shape().Last()
	y = g.Apply(OpBatchNorm, BatchNormAttr{eps, slope}, x, w, b, moments)
	return y, g.Slice(moments, 0, c), g.Slice(moments, c, 2*c)
}

// BatchNormAcross is BatchNormLeakyReLU by the mean and the variance of this batch in all
// of so many processes, which have as many samples each. It is made of primitives, and
// gradients flow through the two that it returns. Squares are of what is centred, which
// takes a second sum over the processes, for a mean that is large beside the deviation.
func (g *Builder) BatchNormAcross(processes int, x, w, b Node, eps, slope float32) (y, mean, variance Node) {
	centred, mean := g.centre(x, processes)
	variance = g.channelVariance(centred, processes)
	return g.batchNormOf(centred, variance, w, b, BatchNormAttr{eps, slope}), mean, variance
}

// BatchNormEval normalises x [N ... C] by given statistics, all [C].
func (g *Builder) BatchNormEval(x, w, b, mean, variance Node, eps float32) Node {
	scale := g.Mul(w, g.Rsqrt(g.AddScalar(variance, eps)))
	return g.AffinePerChannel(x, scale, g.Sub(b, g.Mul(mean, scale)))
}

func batchNormShape(attr any, in []Shape) (Shape, error) {
	if err := checkAffine(in[:3]); err != nil {
		return nil, err
	}
	if a := attr.(BatchNormAttr); !(a.Eps > 0) {
		return nil, fmt.Errorf("eps %v, want > 0", a.Eps)
	}
	return in[0], nil
}

func batchNormGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	in := c.In
	sums := g.Apply(OpBatchNormSums, c.Attr, in[0], in[1], in[2], in[3], dy)
	n := in[1].Shape()[0]
	return gradsOf(need, func(i int) Node {
		switch i {
		case 0:
			return g.Apply(OpBatchNormGrad, c.Attr, in[0], in[1], in[2], in[3], dy, sums)
		case 1:
			return g.Slice(sums, n, 2*n)
		default:
			return g.Slice(sums, 0, n)
		}
	})
}

// centre is x less its channels' means over so many processes, and these.
func (g *Builder) centre(x Node, processes int) (centred, mean Node) {
	m := x.Shape().Size() / x.Shape().Last() * processes
	mean = g.Scale(g.SumProcesses(g.SumPerChannel(x), processes), 1/float32(m))
	return g.AddPerChannel(x, g.Scale(mean, -1)), mean
}

// channelVariance is the biased variance of channels that were centred.
func (g *Builder) channelVariance(centred Node, processes int) Node {
	m := centred.Shape().Size() / centred.Shape().Last() * processes
	return g.Scale(g.SumProcesses(g.DotPerChannel(centred, centred), processes), 1/float32(m))
}

// batchNormOf scales and shifts channels that were centred.
func (g *Builder) batchNormOf(centred, variance, w, b Node, a BatchNormAttr) Node {
	inv := g.Rsqrt(g.AddScalar(variance, a.Eps))
	y := g.AffinePerChannel(centred, g.Mul(inv, w), b)
	if a.Slope != 1 {
		y = g.LeakyReLU(y, a.Slope)
	}
	return y
}

func channelMomentsExpand(g *Builder, _ any, in []Node) Node {
	centred, mean := g.centre(in[0], 1)
	return g.Concat(mean, g.channelVariance(centred, 1))
}

// batchNormExpand does not use the moments given: they are the same nodes.
func batchNormExpand(g *Builder, attr any, in []Node) Node {
	centred, _ := g.centre(in[0], 1)
	return g.batchNormOf(centred, g.channelVariance(centred, 1), in[1], in[2], attr.(BatchNormAttr))
}
