package graph

import (
	"fmt"
	"math"
)

// Heads is the attribute of attention.
type Heads int

var (
	// OpAttention: qkv [N H W 3C] to [N H W C].
	OpAttention = register(&Def{
		Name: "attention", Shape: attentionShape, Grad: attentionGrad, Expand: attentionExpand,
		FLOP: func(_ any, in []Shape, out Shape) int64 { return 2 * attentionProduct(out) },
	})

	// OpAttentionGrad: qkv, dout [N H W C] to the gradient of qkv. It computes
	// the attention weights again, which is cheaper than keeping them.
	OpAttentionGrad = register(&Def{
		Name: "attention_grad", Shape: sameAsFirst,
		FLOP: func(_ any, in []Shape, _ Shape) int64 { return 5 * attentionProduct(in[1]) },
	})
)

// Attention is self-attention over the pixels of every sample. Channel
// 3·(head·c + i) + {0, 1, 2} of qkv [N H W 3C] holds element i of that head's
// query, key and value, c = C/Heads. Each head's result is
// softmax(q·kᵀ/√c)·v; together [N H W C].
func (g *Builder) Attention(qkv Node, n int) Node {
	return g.Apply(OpAttention, Heads(n), qkv)
}

// attentionProduct counts one of attention's matrix products, P x P x C values a
// sample over all Heads, for an output [N H W C] of P pixels. Forward has two of
// them, backward five, since it makes the scores again.
func attentionProduct(out Shape) int64 { return 2 * int64(out.Size()) * int64(out[1]*out[2]) }

func attentionShape(attr any, in []Shape) (Shape, error) {
	n, s := int(attr.(Heads)), in[0]
	if len(s) != 4 || n < 1 || s[3]%(3*n) != 0 {
		return nil, fmt.Errorf("qkv %v with %d Heads, want [N H W 3C], C a multiple of the Heads", []int(s), n)
	}
	return s.withLast(s[3] / 3), nil
}

func attentionGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpAttentionGrad, c.Attr, c.In[0], dy)}
}

func attentionExpand(g *Builder, attr any, in []Node) Node {
	s := in[0].Shape()
	count, pixels, c := int(attr.(Heads)), s[1]*s[2], s[3]/3
	size := c / count
	part := func(offset, head int) Node { // [N P size]
		all := g.Reshape(g.SliceStep(in[0], offset, 3), s[0], pixels, c)
		if count == 1 {
			return all
		}
		return g.Slice(all, head*size, (head+1)*size)
	}
	outs := make([]Node, count)
	for h := range outs {
		q, k, v := part(0, h), part(1, h), part(2, h)
		scores := g.Scale(g.MatMul(q, k, false, true), AttentionScale(size))
		outs[h] = g.MatMul(g.Softmax(scores), v, false, false)
	}
	out := outs[0]
	if count > 1 {
		out = g.Concat(outs...)
	}
	return g.Reshape(out, s[0], s[1], s[2], c)
}

// AttentionScale is 1/√c.
func AttentionScale(c int) float32 { return float32(1 / math.Sqrt(float64(c))) }
