package graph

import (
	"fmt"
	"math"
	"slices"

	"innate/models/kernels"
)

var matMulDef, linearDef, softmaxDef, crossEntropyDef *Def

func init() {
	matMulDef = register(&Def{Name: "matmul", Shape: matMulShape, Grad: matMulGrad, FLOP: matMulFLOP}, matMulKernel)
	linearDef = register(&Def{Name: "linear", Shape: linearShape, Grad: linearGrad, FLOP: linearFLOP}, linearKernel)
	softmaxDef = register(&Def{Name: "softmax", Shape: softmaxShape, InPlace: 1, Grad: softmaxGrad}, softmaxKernel)
	crossEntropyDef = register(&Def{Name: "cross_entropy", Shape: crossEntropyShape, NoGrad: 2, Grad: crossEntropyGrad}, crossEntropyKernel)
}

// transposes is the attribute of a matrix product.
type transposes struct{ a, b bool }

// MatMul is op(a)·op(b) for every matrix of a batch: op(a) [B M K], op(b)
// [B K N] to [B M N], where op transposes the last two axes if asked. Both
// operands may also be plain matrices.
func (g *Builder) MatMul(a, b Node, transA, transB bool) Node {
	return g.Apply(matMulDef, transposes{transA, transB}, a, b)
}

// Linear is x·wᵀ + b for x [N I], w [O I] and b [O], or the zero Node for no
// bias: [N O].
func (g *Builder) Linear(x, w, b Node) Node {
	if b.IsZero() {
		return g.MatMul(x, w, false, true)
	}
	return g.Apply(linearDef, nil, x, w, b)
}

// Softmax normalises eˣ along the last axis.
func (g *Builder) Softmax(x Node) Node { return g.Apply(softmaxDef, nil, x) }

// CrossEntropy is -Σ target·log softmax(logits) over the last axis: logits and
// target [N K] to [N]. The targets are probabilities, one-hot or soft, and
// constants for differentiation.
func (g *Builder) CrossEntropy(logits, target Node) Node {
	return g.Apply(crossEntropyDef, nil, logits, target)
}

// matDims is the product's batch, M, N and K.
func matDims(t transposes, a, b Shape) (batch, m, n, k int, err error) {
	if len(a) != len(b) || len(a) < 2 || len(a) > 3 {
		return 0, 0, 0, 0, fmt.Errorf("want two matrices or two batches of matrices")
	}
	batch = 1
	if len(a) == 3 {
		batch = a[0]
		if b[0] != batch {
			return 0, 0, 0, 0, fmt.Errorf("batches of %d and %d", batch, b[0])
		}
		a, b = a[1:], b[1:]
	}
	m, k = a[0], a[1]
	if t.a {
		m, k = k, m
	}
	kb, n := b[0], b[1]
	if t.b {
		kb, n = n, kb
	}
	if k != kb {
		return 0, 0, 0, 0, fmt.Errorf("inner sizes %d and %d", k, kb)
	}
	return batch, m, n, k, nil
}

func matMulShape(attr any, in []Shape) (Shape, error) {
	batch, m, n, _, err := matDims(attr.(transposes), in[0], in[1])
	if err != nil {
		return nil, err
	}
	if len(in[0]) == 2 {
		return Shape{m, n}, nil
	}
	return Shape{batch, m, n}, nil
}

// matMulGrad: with C = A·B, dA = dC·Bᵀ and dB = Aᵀ·dC; an operand that was
// transposed gets the transpose of that.
func matMulGrad(g *Builder, c Call, dc Node, need []bool) []Node {
	t := c.Attr.(transposes)
	a, b := c.In[0], c.In[1]
	return gradsOf(need, func(i int) Node {
		switch {
		case i == 0 && t.a:
			return g.MatMul(b, dc, t.b, true)
		case i == 0:
			return g.MatMul(dc, b, false, !t.b)
		case t.b:
			return g.MatMul(dc, a, true, t.a)
		default:
			return g.MatMul(a, dc, !t.a, false)
		}
	})
}

func matMulKernel(pool *kernels.Pool, attr any, out Buf, in []Buf) func() {
	t := attr.(transposes)
	batch, m, n, k, _ := matDims(t, in[0].Shape, in[1].Shape)
	gemm := kernels.NewGemm(pool, batch, m, n, k, t.a, t.b)
	return func() { gemm.Run(in[0].Data, in[1].Data, out.Data) }
}

func matMulFLOP(attr any, in []Shape, out Shape) int64 {
	_, _, _, k, _ := matDims(attr.(transposes), in[0], in[1])
	return 2 * int64(out.Size()) * int64(k)
}

func linearFLOP(_ any, in []Shape, out Shape) int64 { return 2 * int64(out.Size()) * int64(in[0][1]) }

func linearShape(_ any, in []Shape) (Shape, error) {
	x, w, b := in[0], in[1], in[2]
	if len(x) != 2 || len(w) != 2 || x[1] != w[1] {
		return nil, fmt.Errorf("want x [N I], w [O I]")
	}
	if !b.Equal(w[:1]) {
		return nil, fmt.Errorf("bias %v, want %v", []int(b), []int(w[:1]))
	}
	return Shape{x[0], w[0]}, nil
}

func linearGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	x, w := c.In[0], c.In[1]
	return gradsOf(need, func(i int) Node {
		switch i {
		case 0:
			return g.MatMul(dy, w, false, false)
		case 1:
			return g.MatMul(dy, x, true, false)
		default:
			return g.SumPerChannel(dy)
		}
	})
}

func linearKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	x, w, b, y := in[0].Data, in[1].Data, in[2].Data, out.Data
	o := out.Shape[1]
	gemm := kernels.NewGemm(pool, 1, out.Shape[0], o, in[0].Shape[1], false, true)
	bias := parallel(pool, out.Shape[0], grainFor(o), func(lo, hi int) {
		kernels.AddRows(y[lo*o:hi*o], y[lo*o:hi*o], b)
	})
	return func() {
		gemm.Run(x, w, y)
		bias()
	}
}

func softmaxShape(_ any, in []Shape) (Shape, error) {
	return in[0], wantAxes(in[0], 1)
}

// softmaxGrad: dx = y·(dy - Σ dy·y).
func softmaxGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	y := c.Out
	return []Node{g.Sub(g.Mul(dy, y), g.MulLast(y, g.DotLast(dy, y)))}
}

func softmaxKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	y, x, c := out.Data, in[0].Data, out.Shape.Last()
	return parallel(pool, len(y)/c, grainFor(4*c), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			kernels.SoftmaxRow(y[r*c:(r+1)*c], x[r*c:(r+1)*c])
		}
	})
}

func crossEntropyShape(_ any, in []Shape) (Shape, error) {
	if len(in[0]) != 2 || !in[0].Equal(in[1]) {
		return nil, fmt.Errorf("want logits and target [N K]")
	}
	return in[0][:1], nil
}

// crossEntropyGrad: dlogits = dy·(softmax(logits)·Σ target - target).
func crossEntropyGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	logits, target := c.In[0], c.In[1]
	probs := g.MulLast(g.Softmax(logits), g.SumLast(target))
	return []Node{g.MulLast(g.Sub(probs, target), dy), {}}
}

// crossEntropyKernel computes Σ target·(max + log Σ e^(logits-max) - logits).
func crossEntropyKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	y, logits, target, k := out.Data, in[0].Data, in[1].Data, in[0].Shape[1]
	return parallel(pool, len(y), grainFor(8*k), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			y[r] = crossEntropyRow(logits[r*k:(r+1)*k], target[r*k:(r+1)*k])
		}
	})
}

func crossEntropyRow(logits, target []float32) float32 {
	top := slices.Max(logits)
	var sum, loss float64
	for _, v := range logits {
		sum += math.Exp(float64(v - top))
	}
	lse := math.Log(sum)
	for i, v := range logits {
		loss += float64(target[i]) * (lse - float64(v-top))
	}
	return float32(loss)
}
