package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// attentionFloats bounds the scores held at a time: 2 MiB.
const attentionFloats = 1 << 19

// attentionPlan handles some (sample, head) pairs at a time, so that the scores
// of a batch need not all be in memory.
type attentionPlan struct {
	pool               *kernels.Pool
	pixels, size, head int // pixels per sample, channels per head, graph.Heads
	pairs, batch       int // pairs in all, pairs at a time (a divisor)
	first              int // first pair of the current batch
	scale              float32

	q, k, v, o []float32 // [batch P size]; q is scaled by 1/√c
	w          []float32 // [batch P P] scores, then weights
	scores     *kernels.Gemm
	softmax    func()
}

func newAttentionPlan(pool *kernels.Pool, m *kernels.Region, n int, qkv buffer) *attentionPlan {
	s := qkv.shape
	p := &attentionPlan{pool: pool, pixels: s[1] * s[2], size: s[3] / 3 / n, head: n, pairs: s[0] * n}
	p.scale = graph.AttentionScale(p.size)
	p.batch = p.pairs
	for p.pairs%p.batch != 0 || p.batch > 1 && p.batch*p.pixels*p.pixels > attentionFloats {
		p.batch--
	}
	values := p.batch * p.pixels * p.size
	p.q, p.k, p.v, p.o = m.Floats(values), m.Floats(values), m.Floats(values), m.Floats(values)
	p.w = m.Floats(p.batch * p.pixels * p.pixels)
	p.scores = kernels.NewGemm(pool, p.batch, p.pixels, p.pixels, p.size, false, true, m)
	p.softmax = parallel(pool, p.batch*p.pixels, grainFor(4*p.pixels), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			row := p.w[r*p.pixels:][:p.pixels]
			kernels.SoftmaxRow(row, row)
		}
	})
	return p
}

// eachPair prepares f(pair of the batch, offset of the pair's first pixel and
// channel in a buffer of C channels) for all pairs of the current batch.
func (p *attentionPlan) eachPair(f func(pair, at int)) func() {
	return parallel(p.pool, p.batch, grainFor(4*p.pixels*p.size), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			n, h := (p.first+i)/p.head, (p.first+i)%p.head
			f(i, (n*p.pixels*p.head+h)*p.size)
		}
	})
}

// split prepares the copy of one batch of qkv to q, k and v.
func (p *attentionPlan) split(qkv []float32) func() {
	c := p.head * p.size
	return p.eachPair(func(pair, at int) {
		for px := range p.pixels {
			src := qkv[3*(at+px*c):][:3*p.size]
			row := (pair*p.pixels + px) * p.size
			q, k, v := p.q[row:][:p.size], p.k[row:][:p.size], p.v[row:][:p.size]
			for i := range q {
				q[i] = src[3*i] * p.scale
				k[i] = src[3*i+1]
				v[i] = src[3*i+2]
			}
		}
	})
}

// copyHeads prepares the copy of one batch between a [batch P size] buffer and
// the pairs' channels of a [N P C] buffer: into all, or out of it.
func (p *attentionPlan) copyHeads(all, batch []float32, into bool) func() {
	c := p.head * p.size
	return p.eachPair(func(pair, at int) {
		for px := range p.pixels {
			a := all[at+px*c:][:p.size]
			b := batch[(pair*p.pixels+px)*p.size:][:p.size]
			if into {
				copy(a, b)
			} else {
				copy(b, a)
			}
		}
	})
}

// eachBatch runs the steps for all batches.
func (p *attentionPlan) eachBatch(steps func()) func() {
	return func() {
		for p.first = 0; p.first < p.pairs; p.first += p.batch {
			steps()
		}
	}
}

func attentionKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	p := newAttentionPlan(pool, m, int(attr.(graph.Heads)), in[0])
	split, join := p.split(in[0].data), p.copyHeads(out.data, p.o, true)
	values := kernels.NewGemm(pool, p.batch, p.pixels, p.size, p.pixels, false, false, m)
	return p.eachBatch(func() {
		split()
		p.scores.Run(p.q, p.k, p.w)
		p.softmax()
		values.Run(p.w, p.v, p.o)
		join()
	})
}

// attentionGradKernel: with w the weights and a = q·kᵀ (q scaled),
//
//	dv = wᵀ·do, dw = do·vᵀ, da = w·(dw - Σ_k dw·w), dq = da·k/√c, dk = daᵀ·q.
func attentionGradKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	p := newAttentionPlan(pool, m, int(attr.(graph.Heads)), in[0])
	dw := m.Floats(p.batch * p.pixels * p.pixels)
	values := p.batch * p.pixels * p.size
	dq, dk, dv := m.Floats(values), m.Floats(values), m.Floats(values)
	split, gather := p.split(in[0].data), p.copyHeads(in[1].data, p.o, false)
	gradV := kernels.NewGemm(pool, p.batch, p.pixels, p.size, p.pixels, true, false, m)
	gradW := kernels.NewGemm(pool, p.batch, p.pixels, p.pixels, p.size, false, true, m)
	gradQ := kernels.NewGemm(pool, p.batch, p.pixels, p.size, p.pixels, false, false, m)
	softmaxGrad := parallel(pool, p.batch*p.pixels, grainFor(4*p.pixels), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			w, d := p.w[r*p.pixels:][:p.pixels], dw[r*p.pixels:][:p.pixels]
			kernels.AddScalar(d, d, -float32(kernels.Dot(d, w)))
			kernels.Mul(d, d, w)
		}
	})
	c := p.head * p.size
	join := p.eachPair(func(pair, at int) {
		for px := range p.pixels {
			dst := out.data[3*(at+px*c):][:3*p.size]
			row := (pair*p.pixels + px) * p.size
			q, k, v := dq[row:][:p.size], dk[row:][:p.size], dv[row:][:p.size]
			for i := range q {
				dst[3*i] = q[i] * p.scale
				dst[3*i+1] = k[i]
				dst[3*i+2] = v[i]
			}
		}
	})
	return p.eachBatch(func() {
		split()
		gather()
		p.scores.Run(p.q, p.k, p.w)
		p.softmax()
		gradV.Run(p.w, p.o, dv)
		gradW.Run(p.o, p.v, dw)
		softmaxGrad()
		gradQ.Run(dw, p.k, dq)
		gradV.Run(dw, p.q, dk) // daᵀ·q has the form of wᵀ·do
		join()
	})
}
