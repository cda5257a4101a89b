package graph

import "math"

var OpReLU6, OpReLU6Grad, OpGELU, OpGELUGrad *Def

func init() {
	OpReLU6 = register(&Def{Name: "relu6", Shape: sameShape, InPlace: 1, Grad: relu6Grad})
	OpReLU6Grad = register(&Def{Name: "relu6_grad", Shape: sameShape, InPlace: 3, NoGrad: 1, Grad: relu6GradGrad})
	OpGELU = register(&Def{Name: "gelu", Shape: sameShape, InPlace: 1, Grad: geluGrad})
	OpGELUGrad = register(&Def{Name: "gelu_grad", Shape: sameShape, InPlace: 3, Grad: geluGradGrad})
}

// ReLU6 is min(max(x, 0), 6). Its slope is 0 at 0 and at 6, as PyTorch's is.
func (g *Builder) ReLU6(x Node) Node { return g.Apply(OpReLU6, nil, x) }

// GELU is x·Φ(x), Φ being the distribution function of the standard normal: the
// exact form (Hendrycks & Gimpel 2016), not the one with tanh.
func (g *Builder) GELU(x Node) Node { return g.Apply(OpGELU, nil, x) }

// relu6Grad asks for the output, which lies between the bounds where the input
// does: the input need not be kept.
func relu6Grad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpReLU6Grad, nil, c.Out, dy)}
}

func relu6GradGrad(g *Builder, c Call, ddy Node, _ []bool) []Node {
	return []Node{{}, g.Apply(OpReLU6Grad, nil, c.In[0], ddy)}
}

func geluGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpGELUGrad, nil, c.In[0], dy)}
}

// geluGradGrad differentiates dy·gelu'(x), where gelu' = Φ + x·φ, gelu” = φ·(2 - x²)
// and φ is the standard normal's density.
func geluGradGrad(g *Builder, c Call, ddy Node, need []bool) []Node {
	x, dy := c.In[0], c.In[1]
	return gradsOf(need, func(i int) Node {
		if i == 1 {
			return g.Apply(OpGELUGrad, nil, x, ddy)
		}
		square := g.Square(x)
		density := g.Scale(g.Exp(g.Scale(square, -0.5)), float32(1/math.Sqrt(2*math.Pi)))
		bend := g.AddScalar(g.Scale(square, -1), 2)
		return g.Mul(g.Mul(ddy, dy), g.Mul(density, bend))
	})
}
