package reference

import (
	"math"
	"slices"

	"innate/models/graph"
)

// product adds op(a)·op(b) to c, matrices m×k and k×n.
func product(c, a, b []float64, m, n, k int, transA, transB bool) {
	for i := range m {
		for j := range n {
			for l := range k {
				x, y := a[i*k+l], 0.0
				if transA {
					x = a[l*m+i]
				}
				if y = b[l*n+j]; transB {
					y = b[j*k+l]
				}
				c[i*n+j] += x * y
			}
		}
	}
}

func matMul(attr any, out value, in []value) {
	t := attr.(graph.Transposes)
	batch, m, n, k, err := graph.MatDims(t, in[0].shape, in[1].shape)
	if err != nil {
		panic(err)
	}
	for i := range batch {
		product(out.data[i*m*n:(i+1)*m*n], in[0].data[i*m*k:], in[1].data[i*k*n:], m, n, k, t.A, t.B)
	}
}

func linear(_ any, out value, in []value) {
	n, o, k := out.shape[0], out.shape[1], in[0].shape[1]
	for i := range out.data {
		out.data[i] = in[2].data[i%o]
	}
	product(out.data, in[0].data, in[1].data, n, o, k, false, true)
}

func softmax(_ any, out value, in []value) {
	c := out.shape.Last()
	for at := 0; at < len(out.data); at += c {
		softmaxRow(out.data[at:at+c], in[0].data[at:at+c])
	}
}

func softmaxRow(out, x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = math.Max(top, v)
	}
	for i, v := range x {
		out[i] = math.Exp(v - top)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
}

func crossEntropy(_ any, out value, in []value) {
	k := in[0].shape[1]
	probs := make([]float64, k)
	for r := range out.data {
		softmaxRow(probs, in[0].data[r*k:(r+1)*k])
		for i, p := range probs {
			if t := in[1].data[r*k+i]; t != 0 {
				out.data[r] -= t * math.Log(p)
			}
		}
	}
}

func hits(_ any, out value, in []value) {
	k := in[0].shape[1]
	for r := range out.data {
		row := in[0].data[r*k : (r+1)*k]
		if top := slices.Max(row); math.IsNaN(top) || math.IsInf(top, 0) {
			out.data[r] = math.NaN()
		} else {
			out.data[r] = in[1].data[r*k+slices.Index(row, top)]
		}
	}
}

// qkv are one head's queries, keys and values of one sample, [P size] each. In
// [P 3C] they alternate value by value: q₀ k₀ v₀ q₁ …, heads one after another.
type qkv struct {
	q, k, v, w   []float64 // w [P P] are the attention weights
	pixels, size int
	scale        float64
	at           func(px, i, part int) int // place in the input
	out          func(px, i int) int       // … and in the output
}

// eachHead calls f for every head of every sample.
func eachHead(attr any, x value, f func(h qkv)) {
	heads, s := int(attr.(graph.Heads)), x.shape
	pixels, c := s[1]*s[2], s[3]/3
	size := c / heads
	for n := range s[0] {
		for head := range heads {
			h := qkv{pixels: pixels, size: size, scale: 1 / math.Sqrt(float64(size))}
			h.out = func(px, i int) int { return (n*pixels+px)*c + head*size + i }
			h.at = func(px, i, part int) int { return 3*h.out(px, i) + part }
			for part, to := range []*[]float64{&h.q, &h.k, &h.v} {
				*to = make([]float64, pixels*size)
				for j := range *to {
					(*to)[j] = x.data[h.at(j/size, j%size, part)]
				}
			}
			h.w = make([]float64, pixels*pixels)
			product(h.w, h.q, h.k, pixels, pixels, size, false, true)
			for i := range h.w {
				h.w[i] *= h.scale
			}
			for px := range pixels {
				softmaxRow(h.w[px*pixels:(px+1)*pixels], append([]float64(nil), h.w[px*pixels:(px+1)*pixels]...))
			}
			f(h)
		}
	}
}

func attention(attr any, out value, in []value) {
	eachHead(attr, in[0], func(h qkv) {
		o := make([]float64, h.pixels*h.size)
		product(o, h.w, h.v, h.pixels, h.size, h.pixels, false, false)
		for j, v := range o {
			out.data[h.out(j/h.size, j%h.size)] = v
		}
	})
}

func attentionGrad(attr any, out value, in []value) {
	eachHead(attr, in[0], func(h qkv) {
		p, size := h.pixels, h.size
		do := make([]float64, p*size)
		for j := range do {
			do[j] = in[1].data[h.out(j/size, j%size)]
		}
		dv, dw, dq, dk := make([]float64, p*size), make([]float64, p*p), make([]float64, p*size), make([]float64, p*size)
		product(dv, h.w, do, p, size, p, true, false)
		product(dw, do, h.v, p, p, size, false, true)
		for px := range p {
			sum := 0.0
			for j := range p {
				sum += dw[px*p+j] * h.w[px*p+j]
			}
			for j := range p {
				dw[px*p+j] = h.w[px*p+j] * (dw[px*p+j] - sum) * h.scale
			}
		}
		product(dq, dw, h.k, p, size, p, false, false)
		product(dk, dw, h.q, p, size, p, true, false)
		for part, d := range [][]float64{dq, dk, dv} {
			for j, v := range d {
				out.data[h.at(j/size, j%size, part)] = v
			}
		}
	})
}

func powerIteration(_ any, out value, in []value) {
	o, r := in[0].shape[0], in[0].shape[1]
	v, u := out.data[:r], out.data[r:]
	product(v, in[1].data, in[0].data, 1, r, o, false, false)
	normalise(v)
	product(u, in[0].data, v, o, 1, r, false, false)
	normalise(u)
}

// normalise divides a by max(|a|, 1e-12).
func normalise(a []float64) {
	sum := 0.0
	for _, v := range a {
		sum += v * v
	}
	for i := range a {
		a[i] /= math.Max(math.Sqrt(sum), 1e-12)
	}
}
