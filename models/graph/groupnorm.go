package graph

import (
	"fmt"
	"math"

	"innate/models/kernels"
)

// groupNormAttr are the attributes of group normalisation, with SiLU applied to
// its result or not.
type groupNormAttr struct {
	groups int
	eps    float32
	silu   bool
}

// Notation: P pixels and C channels; per sample and group of m = P·C/groups
// values, mean and inv = 1/sqrt(variance + eps); xhat = (x - mean)·inv;
// u = w·xhat + b; y = u or silu(u); du is the gradient of the cost for u.
var (
	// groupNormDef: x [N ... C], w [C], b [C] to y. The statistics of an image
	// are computed just before they are applied, while it is in the cache.
	groupNormDef = register(&Def{
		Name: "group_norm", Shape: groupNormShape, Grad: groupNormGrad, Expand: groupNormExpand, InPlace: 1 << 0,
	}, groupNormKernel)

	// groupNormSumsDef: x, w, b, dy to [N 2C+2G]: for every sample and channel
	// Σdu and Σdu·xhat, then for every group mean and inv.
	groupNormSumsDef = register(&Def{
		Name: "group_norm_sums", Shape: func(attr any, in []Shape) (Shape, error) {
			return Shape{in[0][0], 2*in[0].Last() + 2*attr.(groupNormAttr).groups}, nil
		},
	}, groupNormSumsKernel)

	// groupNormGradDef: x, w, b, dy and the sums to the gradient of x.
	groupNormGradDef = register(&Def{
		Name: "group_norm_grad", Shape: sameAsFirst, InPlace: 1 << 3,
	}, groupNormGradKernel)
)

// GroupNorm normalises x [N ... C] over the pixels and channels of each of the
// groups that C divides into, then scales by w [C] and shifts by b [C].
func (g *Builder) GroupNorm(x, w, b Node, groups int, eps float32) Node {
	return g.Apply(groupNormDef, groupNormAttr{groups, eps, false}, x, w, b)
}

// GroupNormSiLU is SiLU(GroupNorm(x, w, b, groups, eps)) in one operation.
func (g *Builder) GroupNormSiLU(x, w, b Node, groups int, eps float32) Node {
	return g.Apply(groupNormDef, groupNormAttr{groups, eps, true}, x, w, b)
}

func groupNormShape(attr any, in []Shape) (Shape, error) {
	a, x := attr.(groupNormAttr), in[0]
	if err := checkAffine(in); err != nil {
		return nil, err
	}
	if a.groups < 1 || x.Last()%a.groups != 0 {
		return nil, fmt.Errorf("%d groups of %d channels, want a divisor", a.groups, x.Last())
	}
	if !(a.eps > 0) {
		return nil, fmt.Errorf("eps %v, want > 0", a.eps)
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

// sameAsFirst is the Shape function of operations that return their first
// input's shape and are applied only by gradients.
func sameAsFirst(_ any, in []Shape) (Shape, error) { return in[0], nil }

func groupNormGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	x, w, b := c.In[0], c.In[1], c.In[2]
	sums := g.Apply(groupNormSumsDef, c.Attr, x, w, b, dy)
	grads := make([]Node, 3)
	if need[0] {
		grads[0] = g.Apply(groupNormGradDef, c.Attr, x, w, b, dy, sums)
	}
	if need[1] || need[2] {
		n := w.Shape()[0]
		total := g.SumPerChannel(sums)
		grads[1] = g.Slice(total, n, 2*n)
		grads[2] = g.Slice(total, 0, n)
	}
	return grads
}

// groupNormExpand writes the operation with primitives. Statistics per sample
// and group have shape [N·G], factors per sample and channel [N C].
func groupNormExpand(g *Builder, attr any, in []Node) Node {
	a, x, w, b := attr.(groupNormAttr), in[0], in[1], in[2]
	n, c := x.Shape()[0], x.Shape().Last()
	m := x.Shape().Size() / n / a.groups
	mean := func(sums Node) Node { // of sums [N C] over the channels of a group: [N·G]
		return g.Scale(g.SumLast(g.Reshape(sums, n*a.groups, c/a.groups)), 1/float32(m))
	}
	perChannel := func(v Node) Node { // repeats a group's value for its channels: [N C]
		return g.Reshape(g.BroadcastLast(v, n*a.groups, c/a.groups), n, c)
	}
	centred := g.AddPerSampleChannel(x, g.Scale(perChannel(mean(g.SumSpatial(x))), -1))
	inv := g.Rsqrt(g.AddScalar(mean(g.DotSpatial(centred, centred)), a.eps))
	y := g.AddPerChannel(g.MulPerSampleChannel(centred, g.MulPerChannel(perChannel(inv), w)), b)
	if a.silu {
		y = g.SiLU(y)
	}
	return y
}

// groupNormScratch is what one worker needs for one sample.
type groupNormScratch struct {
	*moments
	mean, inv    []float64 // [G]
	scale, shift []float32 // [C] u = x·scale + shift
	p, q, r      []float32 // [C] dx = du·p + x·q + r
	du           []float32 // one block
	sums, dots   []float64 // [C]
}

func newGroupNormScratch(pool *kernels.Pool, c, groups int) []groupNormScratch {
	workers := make([]groupNormScratch, pool.Threads())
	for i := range workers {
		workers[i] = groupNormScratch{
			moments: newMoments(c), mean: make([]float64, groups), inv: make([]float64, groups),
			scale: make([]float32, c), shift: make([]float32, c),
			p: make([]float32, c), q: make([]float32, c), r: make([]float32, c),
			du: make([]float32, blockRows(c)*c), sums: make([]float64, c), dots: make([]float64, c),
		}
	}
	return workers
}

// measure sets mean and inv from one sample x.
func (s *groupNormScratch) measure(x []float32, eps float32) {
	s.reset()
	s.add(x)
	size := len(s.moments.mean) / len(s.mean)
	for g := range s.mean {
		var mean, dev2 float64
		for c := g * size; c < (g+1)*size; c++ {
			mean += s.moments.mean[c]
		}
		mean /= float64(size)
		for c := g * size; c < (g+1)*size; c++ {
			d := s.moments.mean[c] - mean
			dev2 += s.dev2[c] + float64(s.rows)*d*d
		}
		s.mean[g] = mean
		s.inv[g] = 1 / math.Sqrt(dev2/float64(s.rows*size)+float64(eps))
	}
}

// affine sets scale and shift from mean and inv.
func (s *groupNormScratch) affine(w, b []float32) {
	size := len(w) / len(s.mean)
	for c := range w {
		scale := s.inv[c/size] * float64(w[c])
		s.scale[c] = float32(scale)
		s.shift[c] = float32(float64(b[c]) - s.mean[c/size]*scale)
	}
}

func groupNormKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a := attr.(groupNormAttr)
	w, b := in[1].Data, in[2].Data
	workers := newGroupNormScratch(pool, len(w), a.groups)
	n := in[0].Shape[0]
	size := len(in[0].Data) / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			x, y := in[0].Data[i*size:][:size], out.Data[i*size:][:size]
			s.measure(x, a.eps)
			s.affine(w, b)
			if a.silu {
				kernels.AffineSiLURows(y, x, s.scale, s.shift)
			} else {
				kernels.AffineRows(y, x, s.scale, s.shift)
			}
		}
	})
}

func groupNormSumsKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a := attr.(groupNormAttr)
	w, b := in[1].Data, in[2].Data
	c := len(w)
	workers := newGroupNormScratch(pool, c, a.groups)
	n, width := in[0].Shape[0], out.Shape[1]
	size := len(in[0].Data) / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			x, dy := in[0].Data[i*size:][:size], in[3].Data[i*size:][:size]
			s.measure(x, a.eps)
			s.affine(w, b)
			s.dotGrad(x, dy, a.silu)
			o := out.Data[i*width:][:width]
			for j := range c {
				g := j / (c / a.groups)
				o[j] = float32(s.sums[j])
				o[c+j] = float32(s.inv[g] * (s.dots[j] - s.mean[g]*s.sums[j]))
			}
			for g := range a.groups {
				o[2*c+g] = float32(s.mean[g])
				o[2*c+a.groups+g] = float32(s.inv[g])
			}
		}
	})
}

// dotGrad sets sums to Σdu and dots to Σdu·x for every channel of one sample.
func (s *groupNormScratch) dotGrad(x, dy []float32, silu bool) {
	clear(s.sums)
	clear(s.dots)
	for len(x) > 0 {
		n := min(len(x), len(s.du))
		du := dy[:n]
		if silu {
			du = s.du[:n]
			kernels.AffineSiLUGradRows(du, x[:n], dy[:n], s.scale, s.shift)
		}
		clear(s.sum)
		clear(s.dot)
		kernels.DotRows(s.sum, s.dot, du, x[:n])
		for c := range s.sums {
			s.sums[c] += float64(s.sum[c])
			s.dots[c] += float64(s.dot[c])
		}
		x, dy = x[n:], dy[n:]
	}
}

func groupNormGradKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	a := attr.(groupNormAttr)
	w, b := in[1].Data, in[2].Data
	c := len(w)
	workers := newGroupNormScratch(pool, c, a.groups)
	n, width := in[0].Shape[0], in[4].Shape[1]
	size := len(in[0].Data) / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			sums := in[4].Data[i*width:][:width]
			s.gradFactors(sums, w, size/c)
			s.affine(w, b)
			s.applyGrad(out.Data[i*size:][:size], in[0].Data[i*size:][:size], in[3].Data[i*size:][:size], a.silu)
		}
	})
}

// gradFactors reads what groupNormSumsKernel wrote for one sample and sets mean,
// inv and the factors of
//
//	dx = inv·(w·du - mean_g(w·du) - xhat·mean_g(w·du·xhat)),
//
// mean_g averaging over the pixels and channels of a group.
func (s *groupNormScratch) gradFactors(sums, w []float32, pixels int) {
	c, groups := len(w), len(s.mean)
	size := c / groups
	for g := range groups {
		s.mean[g], s.inv[g] = float64(sums[2*c+g]), float64(sums[2*c+groups+g])
		var du, duXhat float64
		for j := g * size; j < (g+1)*size; j++ {
			du += float64(w[j]) * float64(sums[j])
			duXhat += float64(w[j]) * float64(sums[c+j])
		}
		m := float64(pixels * size)
		q := -s.inv[g] * s.inv[g] * duXhat / m
		r := -s.inv[g]*du/m - s.mean[g]*q
		for j := g * size; j < (g+1)*size; j++ {
			s.p[j] = float32(s.inv[g] * float64(w[j]))
			s.q[j], s.r[j] = float32(q), float32(r)
		}
	}
}

// applyGrad writes the gradient of one sample block by block; dx may be dy.
func (s *groupNormScratch) applyGrad(dx, x, dy []float32, silu bool) {
	for len(x) > 0 {
		n := min(len(x), len(s.du))
		du := dy[:n]
		if silu {
			du = dx[:n]
			kernels.AffineSiLUGradRows(du, x[:n], dy[:n], s.scale, s.shift)
		}
		kernels.Affine2Rows(dx[:n], du, x[:n], s.p, s.q, s.r)
		dx, x, dy = dx[n:], x[n:], dy[n:]
	}
}
