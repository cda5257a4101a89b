package graph

import (
	"fmt"
)

var OpMatMul, OpLinear, OpSoftmax, OpCrossEntropy, OpHits *Def

func init() {
	OpMatMul = register(&Def{Name: "matmul", Shape: matMulShape, Grad: matMulGrad, FLOP: matMulFLOP})
	OpLinear = register(&Def{Name: "linear", Shape: linearShape, Grad: linearGrad, FLOP: linearFLOP})
	OpSoftmax = register(&Def{Name: "softmax", Shape: softmaxShape, InPlace: 1, Grad: softmaxGrad})
	OpCrossEntropy = register(&Def{Name: "cross_entropy", Shape: crossEntropyShape, NoGrad: 2, Grad: crossEntropyGrad})
	OpHits = register(&Def{Name: "hits", Shape: crossEntropyShape})
}

// Transposes is the attribute of a matrix product.
type Transposes struct{ A, B bool }

// MatMul is op(a)·op(b) for every matrix of a batch: op(a) [B M K], op(b)
// [B K N] to [B M N], where op Transposes the last two axes if asked. Both
// operands may also be plain matrices.
func (g *Builder) MatMul(a, b Node, transA, transB bool) Node {
	return g.Apply(OpMatMul, Transposes{transA, transB}, a, b)
}

// Linear is x·wᵀ + b for x [N I], w [O I] and b [O], or the zero Node for no
// bias: [N O].
func (g *Builder) Linear(x, w, b Node) Node {
	if b.IsZero() {
		return g.MatMul(x, w, false, true)
	}
	return g.Apply(OpLinear, nil, x, w, b)
}

// Softmax normalises eˣ along the last axis.
func (g *Builder) Softmax(x Node) Node { return g.Apply(OpSoftmax, nil, x) }

// CrossEntropy is -Σ target·log softmax(logits) over the last axis: logits and
// target [N K] to [N]. The targets are probabilities, one-hot or soft, and
// constants for differentiation.
func (g *Builder) CrossEntropy(logits, target Node) Node {
	return g.Apply(OpCrossEntropy, nil, logits, target)
}

// Hits is the target where the logit is largest, in each row of logits and target [N K]:
// [N]. Of equal logits the first counts; where the largest is not finite, or one is
// NaN, it is NaN. Of one-hot targets it says which rows are classified rightly. It has
// no gradient.
func (g *Builder) Hits(logits, target Node) Node { return g.Apply(OpHits, nil, logits, target) }

// MatDims is the product's batch, M, N and K.
func MatDims(t Transposes, a, b Shape) (batch, m, n, k int, err error) {
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
	if t.A {
		m, k = k, m
	}
	kb, n := b[0], b[1]
	if t.B {
		kb, n = n, kb
	}
	if k != kb {
		return 0, 0, 0, 0, fmt.Errorf("inner sizes %d and %d", k, kb)
	}
	return batch, m, n, k, nil
}

func matMulShape(attr any, in []Shape) (Shape, error) {
	batch, m, n, _, err := MatDims(attr.(Transposes), in[0], in[1])
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
	t := c.Attr.(Transposes)
	a, b := c.In[0], c.In[1]
	return gradsOf(need, func(i int) Node {
		switch {
		case i == 0 && t.A:
			return g.MatMul(b, dc, t.B, true)
		case i == 0:
			return g.MatMul(dc, b, false, !t.B)
		case t.B:
			return g.MatMul(dc, a, true, t.A)
		default:
			return g.MatMul(a, dc, !t.A, false)
		}
	})
}

func matMulFLOP(attr any, in []Shape, out Shape) int64 {
	_, _, _, k, _ := MatDims(attr.(Transposes), in[0], in[1])
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

func softmaxShape(_ any, in []Shape) (Shape, error) {
	return in[0], wantAxes(in[0], 1)
}

// softmaxGrad: dx = y·(dy - Σ dy·y).
func softmaxGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	y := c.Out
	return []Node{g.Sub(g.Mul(dy, y), g.MulLast(y, g.DotLast(dy, y)))}
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
