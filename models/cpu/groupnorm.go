package cpu

import (
	"math"

	"innate/models/graph"
	"innate/models/kernels"
)

// groupNormScratch is what one worker needs for one sample.
type groupNormScratch struct {
	*moments
	mean, inv    []float64 // [G]
	scale, shift []float32 // [C] u = x·scale + shift
	p, q, r      []float32 // [C] dx = du·p + x·q + r
	du           []float32 // one block
	sums, dots   []float64 // [C]
}

func newGroupNormScratch(pool *kernels.Pool, m *kernels.Region, c, groups int) []groupNormScratch {
	workers := make([]groupNormScratch, pool.Threads())
	for i := range workers {
		workers[i] = groupNormScratch{
			moments: newMoments(m, c), mean: m.Doubles(groups), inv: m.Doubles(groups),
			scale: m.Floats(c), shift: m.Floats(c), p: m.Floats(c), q: m.Floats(c), r: m.Floats(c),
			du: m.Floats(blockRows(c) * c), sums: m.Doubles(c), dots: m.Doubles(c),
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

// ofSample is the weight or bias of sample i: [C], or its row of [N C].
func ofSample(b buffer, i int) []float32 {
	if len(b.shape) == 1 {
		return b.data
	}
	c := b.shape[1]
	return b.data[i*c:][:c]
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

func groupNormKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a := attr.(graph.GroupNormAttr)
	workers := newGroupNormScratch(pool, m, in[0].shape.Last(), a.Groups)
	n := in[0].shape[0]
	size := in[0].shape.Size() / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			x, y := in[0].data[i*size:][:size], out.data[i*size:][:size]
			s.measure(x, a.Eps)
			in[0].norm.put(i, s.mean, s.inv)
			s.affine(ofSample(in[1], i), ofSample(in[2], i))
			if a.SiLU {
				kernels.AffineSiLURows(y, x, s.scale, s.shift)
			} else {
				kernels.AffineRows(y, x, s.scale, s.shift)
			}
		}
	})
}

func groupNormSumsKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a := attr.(graph.GroupNormAttr)
	c := in[0].shape.Last()
	workers := newGroupNormScratch(pool, m, c, a.Groups)
	n, width := in[0].shape[0], out.shape[1]
	size := in[0].shape.Size() / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			x, dy := in[0].data[i*size:][:size], in[3].data[i*size:][:size]
			s.sumUp(out.data[i*width:][:width], nil, in, i, x, dy, a)
		}
	})
}

// sumUp writes the sums of sample i, and du where it is not nil; that may be dy.
func (s *groupNormScratch) sumUp(sums, du []float32, in []buffer, i int, x, dy []float32, a graph.GroupNormAttr) {
	if !in[0].norm.get(i, s.mean, s.inv) {
		s.measure(x, a.Eps)
	}
	s.affine(ofSample(in[1], i), ofSample(in[2], i))
	s.dotGrad(du, x, dy, a.SiLU)
	c := len(s.sums)
	for j := range c {
		g := j / (c / a.Groups)
		sums[j] = float32(s.sums[j])
		sums[c+j] = float32(s.inv[g] * (s.dots[j] - s.mean[g]*s.sums[j]))
	}
	for g := range a.Groups {
		sums[2*c+g] = float32(s.mean[g])
		sums[2*c+a.Groups+g] = float32(s.inv[g])
	}
}

// dotGrad sets sums to Σdu and dots to Σdu·x for every channel of one sample. It
// leaves du in all, unless that is nil, where du is not dy.
func (s *groupNormScratch) dotGrad(all, x, dy []float32, silu bool) {
	clear(s.sums)
	clear(s.dots)
	for len(x) > 0 {
		n := min(len(x), len(s.du))
		du := dy[:n]
		if silu {
			du = s.du[:n]
			if all != nil {
				du, all = all[:n], all[n:]
			}
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

// groupNormGradKernel makes the sums, too, where no operation before it has: while an
// image and du are in the cache.
func groupNormGradKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a := attr.(graph.GroupNormAttr)
	c := in[0].shape.Last()
	workers := newGroupNormScratch(pool, m, c, a.Groups)
	n, width := in[0].shape[0], in[4].shape[1]
	size := in[0].shape.Size() / n
	return rowLoop(pool, n, 1, func(worker, lo, hi int) {
		s := &workers[worker]
		for i := lo; i < hi; i++ {
			sums, x, dy, dx := in[4].data[i*width:][:width], in[0].data[i*size:][:size], in[3].data[i*size:][:size], out.data[i*size:][:size]
			silu := a.SiLU
			if in[4].unmade {
				s.sumUp(sums, dx, in, i, x, dy, a)
				if silu { // dx is du by now
					dy, silu = dx, false
				}
			}
			s.gradFactors(sums, ofSample(in[1], i), size/c)
			s.affine(ofSample(in[1], i), ofSample(in[2], i))
			s.applyGrad(dx, x, dy, silu)
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
