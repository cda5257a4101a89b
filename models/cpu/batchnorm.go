package cpu

import (
	"math"

	"innate/models/graph"
	"innate/models/kernels"
)

// chunkRows is how many of rows rows of c values make one partial sum: a few
// blocks, and at most 64 partial sums.
func chunkRows(rows, c int) int { return max(4*blockRows(c), (rows+63)/64) }

func channelMomentsKernel(pool *kernels.Pool, s *kernels.Region, _ any, out buffer, in []buffer) func() {
	x := in[0].data
	c := in[0].shape.Last()
	rows := in[0].shape.Size() / c
	grain := chunkRows(rows, c)
	chunks := make([]moments, (rows+grain-1)/grain) // results; the rest is the workers' own
	for i := range chunks {
		chunks[i] = moments{mean: s.Doubles(c), dev2: s.Doubles(c)}
	}
	workers := make([]*moments, pool.Threads())
	for i := range workers {
		workers[i] = newMoments(s, c)
	}
	measure := rowLoop(pool, rows, grain, func(worker, lo, hi int) {
		m, chunk := workers[worker], &chunks[lo/grain]
		m.reset()
		m.add(x[lo*c : hi*c])
		chunk.rows = m.rows
		copy(chunk.mean, m.mean)
		copy(chunk.dev2, m.dev2)
	})
	total := newMoments(s, c)
	return func() {
		measure()
		total.reset()
		for i := range chunks {
			total.merge(&chunks[i])
		}
		for i := range c {
			out.data[i] = float32(total.mean[i])
			out.data[c+i] = float32(total.dev2[i] / float64(rows))
		}
	}
}

// batchNormFactors are the per-channel factors of one batch.
type batchNormFactors struct {
	attr         graph.BatchNormAttr
	w, b, moment []float32
	scale, shift []float32 // u = x·scale + shift
	p, q, r      []float32 // dx = du·p + x·q + r
}

func newBatchNormFactors(m *kernels.Region, attr any, in []buffer) *batchNormFactors {
	c := in[1].shape.Size()
	return &batchNormFactors{
		attr: attr.(graph.BatchNormAttr), w: in[1].data, b: in[2].data, moment: in[3].data,
		scale: m.Floats(c), shift: m.Floats(c), p: m.Floats(c), q: m.Floats(c), r: m.Floats(c),
	}
}

// inv is 1/sqrt(variance + eps) of channel i.
func (f *batchNormFactors) inv(i int) float64 {
	return 1 / math.Sqrt(float64(f.moment[len(f.w)+i])+float64(f.attr.Eps))
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
	if f.attr.Slope == 1 {
		return dy
	}
	kernels.AffineLeakyGradRows(du, x, dy, f.scale, f.shift, f.attr.Slope)
	return du
}

func batchNormKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	f := newBatchNormFactors(m, attr, in)
	x, y, c := in[0].data, out.data, in[1].shape.Size()
	apply := parallel(pool, in[0].shape.Size()/c, grainFor(c), func(lo, hi int) {
		if f.attr.Slope == 1 {
			kernels.AffineRows(y[lo*c:hi*c], x[lo*c:hi*c], f.scale, f.shift)
		} else {
			kernels.AffineLeakyRows(y[lo*c:hi*c], x[lo*c:hi*c], f.scale, f.shift, f.attr.Slope)
		}
	})
	return func() {
		f.affine()
		apply()
	}
}

func batchNormSumsKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	f := newBatchNormFactors(m, attr, in)
	x, dy, c := in[0].data, in[4].data, in[1].shape.Size()
	rows := in[0].shape.Size() / c
	grain := chunkRows(rows, c)
	block := blockRows(c) * c
	type scratch struct {
		du       []float32
		sum, dot []float32
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{m.Floats(block), m.Floats(c), m.Floats(c)}
	}
	chunks := m.Doubles((rows + grain - 1) / grain * 2 * c)
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
			out.data[i] = float32(du)
			out.data[c+i] = float32(f.inv(i) * (duX - float64(f.moment[i])*du))
		}
	}
}

func batchNormGradKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	f := newBatchNormFactors(m, attr, in)
	x, dy, sums, dx, c := in[0].data, in[4].data, in[5].data, out.data, in[1].shape.Size()
	rows := in[0].shape.Size() / c
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
