package graph

import (
	"fmt"
	"math"

	"innate/models/kernels"
)

// batchNormAttr are the attributes of batch normalisation followed by a leaky
// ReLU; slope 1 means none.
type batchNormAttr struct{ eps, slope float32 }

// Notation: rows are the M = N·H·W pixels of all samples; per channel
// inv = 1/sqrt(variance + eps), xhat = (x - mean)·inv, u = w·xhat + b,
// y = leaky(u); du is the gradient of the cost for u. Sums over rows are taken
// over fixed chunks and added in order, so they do not depend on the number of
// threads.
var (
	// channelMomentsDef: x [... C] to [2C], means and then biased variances. Its
	// fused form is a constant for differentiation: batchNormGradDef accounts
	// for the dependence on x.
	channelMomentsDef = register(&Def{
		Name: "channel_moments", Shape: func(_ any, in []Shape) (Shape, error) {
			if len(in[0]) < 2 {
				return nil, fmt.Errorf("input %v, want [N ... C]", []int(in[0]))
			}
			return Shape{2 * in[0].Last()}, nil
		},
		Expand: channelMomentsExpand,
		NoGrad: 1 << 0,
	}, channelMomentsKernel)

	// batchNormDef: x, w, b, moments [2C] to y.
	batchNormDef = register(&Def{
		Name: "batch_norm", Shape: batchNormShape, Grad: batchNormGrad, Expand: batchNormExpand,
		NoGrad: 1 << 3, InPlace: 1 << 0,
	}, batchNormKernel)

	// batchNormSumsDef: x, w, b, moments, dy to [2C], Σdu and then Σdu·xhat.
	batchNormSumsDef = register(&Def{
		Name: "batch_norm_sums", Shape: func(_ any, in []Shape) (Shape, error) { return in[3], nil },
	}, batchNormSumsKernel)

	// batchNormGradDef: x, w, b, moments, dy and the sums to the gradient of x.
	batchNormGradDef = register(&Def{
		Name: "batch_norm_grad", Shape: sameAsFirst, InPlace: 1 << 4,
	}, batchNormGradKernel)
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
	moments := g.Apply(channelMomentsDef, nil, x)
	c := x.Shape().Last()
	y = g.Apply(batchNormDef, batchNormAttr{eps, slope}, x, w, b, moments)
	return y, g.Slice(moments, 0, c), g.Slice(moments, c, 2*c)
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
	if a := attr.(batchNormAttr); !(a.eps > 0) {
		return nil, fmt.Errorf("eps %v, want > 0", a.eps)
	}
	return in[0], nil
}

func batchNormGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	in := c.In
	sums := g.Apply(batchNormSumsDef, c.Attr, in[0], in[1], in[2], in[3], dy)
	n := in[1].Shape()[0]
	return gradsOf(need, func(i int) Node {
		switch i {
		case 0:
			return g.Apply(batchNormGradDef, c.Attr, in[0], in[1], in[2], in[3], dy, sums)
		case 1:
			return g.Slice(sums, n, 2*n)
		default:
			return g.Slice(sums, 0, n)
		}
	})
}

// centre is x less its channels' means, and these.
func (g *Builder) centre(x Node) (centred, mean Node) {
	m := x.Shape().Size() / x.Shape().Last()
	mean = g.Scale(g.SumPerChannel(x), 1/float32(m))
	return g.AddPerChannel(x, g.Scale(mean, -1)), mean
}

// channelVariance is the biased variance of channels that were centred.
func (g *Builder) channelVariance(centred Node) Node {
	m := centred.Shape().Size() / centred.Shape().Last()
	return g.Scale(g.DotPerChannel(centred, centred), 1/float32(m))
}

func channelMomentsExpand(g *Builder, _ any, in []Node) Node {
	centred, mean := g.centre(in[0])
	return g.Concat(mean, g.channelVariance(centred))
}

// batchNormExpand does not use the moments given: they are the same nodes.
func batchNormExpand(g *Builder, attr any, in []Node) Node {
	a := attr.(batchNormAttr)
	centred, _ := g.centre(in[0])
	inv := g.Rsqrt(g.AddScalar(g.channelVariance(centred), a.eps))
	y := g.AffinePerChannel(centred, g.Mul(inv, in[1]), in[2])
	if a.slope != 1 {
		y = g.LeakyReLU(y, a.slope)
	}
	return y
}

// chunkRows is how many of rows rows of c values make one partial sum: a few
// blocks, and at most 64 partial sums.
func chunkRows(rows, c int) int { return max(4*blockRows(c), (rows+63)/64) }

func channelMomentsKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	x := in[0].Data
	c := in[0].Shape.Last()
	rows := len(x) / c
	grain := chunkRows(rows, c)
	chunks := make([]moments, (rows+grain-1)/grain) // results; the rest is the workers' own
	for i := range chunks {
		chunks[i] = moments{mean: make([]float64, c), dev2: make([]float64, c)}
	}
	workers := make([]*moments, pool.Threads())
	for i := range workers {
		workers[i] = newMoments(c)
	}
	measure := rowLoop(pool, rows, grain, func(worker, lo, hi int) {
		m, chunk := workers[worker], &chunks[lo/grain]
		m.reset()
		m.add(x[lo*c : hi*c])
		chunk.rows = m.rows
		copy(chunk.mean, m.mean)
		copy(chunk.dev2, m.dev2)
	})
	total := newMoments(c)
	return func() {
		measure()
		total.reset()
		for i := range chunks {
			total.merge(&chunks[i])
		}
		for i := range c {
			out.Data[i] = float32(total.mean[i])
			out.Data[c+i] = float32(total.dev2[i] / float64(rows))
		}
	}
}

// batchNormFactors are the per-channel factors of one batch.
type batchNormFactors struct {
	attr         batchNormAttr
	w, b, moment []float32
	scale, shift []float32 // u = x·scale + shift
	p, q, r      []float32 // dx = du·p + x·q + r
}

func newBatchNormFactors(attr any, in []Buf) *batchNormFactors {
	c := len(in[1].Data)
	return &batchNormFactors{
		attr: attr.(batchNormAttr), w: in[1].Data, b: in[2].Data, moment: in[3].Data,
		scale: make([]float32, c), shift: make([]float32, c),
		p: make([]float32, c), q: make([]float32, c), r: make([]float32, c),
	}
}

// inv is 1/sqrt(variance + eps) of channel i.
func (f *batchNormFactors) inv(i int) float64 {
	return 1 / math.Sqrt(float64(f.moment[len(f.w)+i])+float64(f.attr.eps))
}

// affine sets scale and shift.
func (f *batchNormFactors) affine() {
	for i, w := range f.w {
		scale := f.inv(i) * float64(w)
		f.scale[i] = float32(scale)
		f.shift[i] = float32(float64(f.b[i]) - float64(f.moment[i])*scale)
	}
}

// grad sets the factors of dx = w·inv·(du - mean(du) - xhat·mean(du·xhat)).
func (f *batchNormFactors) grad(sums []float32, rows int) {
	c := len(f.w)
	for i, w := range f.w {
		inv := f.inv(i)
		p := float64(w) * inv
		q := -p * inv * float64(sums[c+i]) / float64(rows)
		f.p[i], f.q[i] = float32(p), float32(q)
		f.r[i] = float32(-p*float64(sums[i])/float64(rows) - float64(f.moment[i])*q)
	}
}

// leakyGrad sets du for rows x; without an activation du is dy itself.
func (f *batchNormFactors) leakyGrad(du, x, dy []float32) []float32 {
	if f.attr.slope == 1 {
		return dy
	}
	kernels.AffineLeakyGradRows(du, x, dy, f.scale, f.shift, f.attr.slope)
	return du
}

func batchNormKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	f := newBatchNormFactors(attr, in)
	x, y, c := in[0].Data, out.Data, len(f.w)
	apply := parallel(pool, len(x)/c, grainFor(c), func(lo, hi int) {
		if f.attr.slope == 1 {
			kernels.AffineRows(y[lo*c:hi*c], x[lo*c:hi*c], f.scale, f.shift)
		} else {
			kernels.AffineLeakyRows(y[lo*c:hi*c], x[lo*c:hi*c], f.scale, f.shift, f.attr.slope)
		}
	})
	return func() {
		f.affine()
		apply()
	}
}

func batchNormSumsKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	f := newBatchNormFactors(attr, in)
	x, dy, c := in[0].Data, in[4].Data, len(f.w)
	rows := len(x) / c
	grain := chunkRows(rows, c)
	block := blockRows(c) * c
	type scratch struct {
		du       []float32
		sum, dot []float32
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{make([]float32, block), make([]float32, c), make([]float32, c)}
	}
	chunks := make([]float64, (rows+grain-1)/grain*2*c)
	loop := rowLoop(pool, rows, grain, func(worker, lo, hi int) {
		s := &workers[worker]
		sums := chunks[lo/grain*2*c:][:2*c]
		clear(sums)
		for at := lo * c; at < hi*c; at += block {
			end := min(at+block, hi*c)
			du := f.leakyGrad(s.du[:end-at], x[at:end], dy[at:end])
			clear(s.sum)
			clear(s.dot)
			kernels.DotRows(s.sum, s.dot, du, x[at:end])
			for i := range c {
				sums[i] += float64(s.sum[i])
				sums[c+i] += float64(s.dot[i])
			}
		}
	})
	return func() {
		f.affine()
		loop()
		for i := range c {
			var du, duX float64
			for at := 0; at < len(chunks); at += 2 * c {
				du += chunks[at+i]
				duX += chunks[at+c+i]
			}
			out.Data[i] = float32(du)
			out.Data[c+i] = float32(f.inv(i) * (duX - float64(f.moment[i])*du))
		}
	}
}

func batchNormGradKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	f := newBatchNormFactors(attr, in)
	x, dy, sums, dx, c := in[0].Data, in[4].Data, in[5].Data, out.Data, len(f.w)
	rows := len(x) / c
	block := blockRows(c) * c
	apply := parallel(pool, rows, chunkRows(rows, c), func(lo, hi int) {
		for at := lo * c; at < hi*c; at += block {
			end := min(at+block, hi*c)
			du := f.leakyGrad(dx[at:end], x[at:end], dy[at:end])
			kernels.Affine2Rows(dx[at:end], du, x[at:end], f.p, f.q, f.r)
		}
	})
	return func() {
		f.affine()
		f.grad(sums, rows)
		apply()
	}
}
