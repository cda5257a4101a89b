package graph

var (
	OpAdd, OpAddN, OpSub, OpMul, OpDiv  *Def
	OpScale, OpAddScalar, OpAddScaled   *Def
	OpSquare, OpSqrt, OpRsqrt           *Def
	OpExp, OpLog, OpSigmoid, OpSoftplus *Def
	OpSiLU, OpSiLUGrad                  *Def
	OpLeakyReLU, OpLeakyReLUGrad        *Def
)

func init() {
	OpAdd = register(&Def{Name: "add", Shape: sameShape, InPlace: 3, Grad: addNGrad})
	OpAddN = register(&Def{Name: "add_n", Shape: sameShape, InPlace: 3, Grad: addNGrad})
	OpSub = register(&Def{Name: "sub", Shape: sameShape, InPlace: 3, Grad: subGrad})
	OpMul = register(&Def{Name: "mul", Shape: sameShape, InPlace: 3, Grad: mulGrad})
	OpDiv = register(&Def{Name: "div", Shape: sameShape, InPlace: 3, Grad: divGrad})

	OpScale = register(&Def{Name: "scale", Shape: sameShape, InPlace: 1, Grad: scaleGrad})
	OpAddScalar = register(&Def{Name: "add_scalar", Shape: sameShape, InPlace: 1, Grad: addNGrad})
	OpAddScaled = register(&Def{Name: "add_scaled", Shape: sameShape, InPlace: 3, Grad: addScaledGrad})

	OpSquare = register(&Def{Name: "square", Shape: sameShape, InPlace: 1, Grad: squareGrad})
	OpSqrt = register(&Def{Name: "sqrt", Shape: sameShape, InPlace: 1, Grad: sqrtGrad})
	OpRsqrt = register(&Def{Name: "rsqrt", Shape: sameShape, InPlace: 1, Grad: rsqrtGrad})
	OpExp = register(&Def{Name: "exp", Shape: sameShape, InPlace: 1, Grad: expGrad})
	OpLog = register(&Def{Name: "log", Shape: sameShape, InPlace: 1, Grad: logGrad})
	OpSigmoid = register(&Def{Name: "sigmoid", Shape: sameShape, InPlace: 1, Grad: sigmoidGrad})
	OpSoftplus = register(&Def{Name: "softplus", Shape: sameShape, InPlace: 1, Grad: softplusGrad})

	OpSiLU = register(&Def{Name: "silu", Shape: sameShape, InPlace: 1, Grad: siluGrad})
	OpSiLUGrad = register(&Def{Name: "silu_grad", Shape: sameShape, InPlace: 3, Grad: siluGradGrad})
	OpLeakyReLU = register(&Def{Name: "leaky_relu", Shape: sameShape, InPlace: 1, Grad: leakyReLUGrad})
	OpLeakyReLUGrad = register(&Def{Name: "leaky_relu_grad", Shape: sameShape, InPlace: 3, NoGrad: 1, Grad: leakyReLUGradGrad})
}

// Add is a + b, of equal shapes.
func (g *Builder) Add(a, b Node) Node { return g.Apply(OpAdd, nil, a, b) }

// AddN is the sum of any number of nodes of equal shape.
func (g *Builder) AddN(in ...Node) Node {
	switch len(in) {
	case 0:
		g.failf("add_n: no inputs")
	case 1:
		return in[0]
	case 2:
		return g.Add(in[0], in[1])
	}
	return g.Apply(OpAddN, nil, in...)
}

// Sub is a - b, of equal shapes.
func (g *Builder) Sub(a, b Node) Node { return g.Apply(OpSub, nil, a, b) }

// Mul is a * b element by element, of equal shapes.
func (g *Builder) Mul(a, b Node) Node { return g.Apply(OpMul, nil, a, b) }

// Div is a / b element by element, of equal shapes.
func (g *Builder) Div(a, b Node) Node { return g.Apply(OpDiv, nil, a, b) }

// Scale is x * c for a fixed c.
func (g *Builder) Scale(x Node, c float32) Node {
	if c == 1 {
		return x
	}
	return g.Apply(OpScale, c, x)
}

// AddScalar is x + c for a fixed c.
func (g *Builder) AddScalar(x Node, c float32) Node { return g.Apply(OpAddScalar, c, x) }

// AddScaled is (a + b) * c in one pass: a residual connection and its scale.
func (g *Builder) AddScaled(a, b Node, c float32) Node { return g.Apply(OpAddScaled, c, a, b) }

// Square is x².
func (g *Builder) Square(x Node) Node { return g.Apply(OpSquare, nil, x) }

// Sqrt is √x.
func (g *Builder) Sqrt(x Node) Node { return g.Apply(OpSqrt, nil, x) }

// Rsqrt is 1/√x.
func (g *Builder) Rsqrt(x Node) Node { return g.Apply(OpRsqrt, nil, x) }

// Exp is eˣ.
func (g *Builder) Exp(x Node) Node { return g.Apply(OpExp, nil, x) }

// Log is the natural logarithm.
func (g *Builder) Log(x Node) Node { return g.Apply(OpLog, nil, x) }

// Sigmoid is 1/(1+e⁻ˣ).
func (g *Builder) Sigmoid(x Node) Node { return g.Apply(OpSigmoid, nil, x) }

// Softplus is log(1+eˣ), computed without overflow.
func (g *Builder) Softplus(x Node) Node { return g.Apply(OpSoftplus, nil, x) }

// SiLU is x·sigmoid(x).
func (g *Builder) SiLU(x Node) Node { return g.Apply(OpSiLU, nil, x) }

// ReLU is max(x, 0).
func (g *Builder) ReLU(x Node) Node { return g.LeakyReLU(x, 0) }

// LeakyReLU is x where x > 0 and slope·x elsewhere; slope lies in [0, 1].
func (g *Builder) LeakyReLU(x Node, slope float32) Node {
	if !(slope >= 0 && slope <= 1) {
		g.failf("leaky_relu %v: slope %v, want 0 to 1", []int(x.Shape()), slope)
	}
	return g.Apply(OpLeakyReLU, slope, x)
}

func addNGrad(_ *Builder, c Call, dy Node, need []bool) []Node {
	return gradsOf(need, func(int) Node { return dy })
}

// gradsOf calls f for the inputs that need a gradient.
func gradsOf(need []bool, f func(i int) Node) []Node {
	grads := make([]Node, len(need))
	for i := range grads {
		if need[i] {
			grads[i] = f(i)
		}
	}
	return grads
}

func subGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	return gradsOf(need, func(i int) Node {
		if i == 1 {
			return g.Scale(dy, -1)
		}
		return dy
	})
}

func mulGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	return gradsOf(need, func(i int) Node { return g.Mul(dy, c.In[1-i]) })
}

func divGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	return gradsOf(need, func(i int) Node {
		if i == 1 { // -dy·a/b²
			return g.Scale(g.Div(g.Mul(dy, c.Out), c.In[1]), -1)
		}
		return g.Div(dy, c.In[1])
	})
}

func scaleGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Scale(dy, c.Attr.(float32))}
}

func addScaledGrad(g *Builder, c Call, dy Node, need []bool) []Node {
	return gradsOf(need, func(int) Node { return g.Scale(dy, c.Attr.(float32)) })
}

func squareGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Scale(g.Mul(dy, c.In[0]), 2)}
}

func sqrtGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Scale(g.Div(dy, c.Out), 0.5)}
}

func rsqrtGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	cube := g.Mul(c.Out, g.Square(c.Out))
	return []Node{g.Scale(g.Mul(dy, cube), -0.5)}
}

func expGrad(g *Builder, c Call, dy Node, _ []bool) []Node { return []Node{g.Mul(dy, c.Out)} }

func logGrad(g *Builder, c Call, dy Node, _ []bool) []Node { return []Node{g.Div(dy, c.In[0])} }

func sigmoidGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Mul(dy, g.Sub(c.Out, g.Square(c.Out)))}
}

func softplusGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Mul(dy, g.Sigmoid(c.In[0]))}
}

func siluGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpSiLUGrad, nil, c.In[0], dy)}
}

// siluGradGrad differentiates dy·silu'(x), where silu' = s·(1 + x·(1-s)),
// silu” = s·(1-s)·(2 + x·(1-2s)) and s = sigmoid(x).
func siluGradGrad(g *Builder, c Call, ddy Node, need []bool) []Node {
	x, dy := c.In[0], c.In[1]
	return gradsOf(need, func(i int) Node {
		if i == 1 {
			return g.Apply(OpSiLUGrad, nil, x, ddy)
		}
		s := g.Sigmoid(x)
		slope := g.Sub(s, g.Square(s))
		bend := g.AddScalar(g.Mul(x, g.AddScalar(g.Scale(s, -2), 1)), 2)
		return g.Mul(g.Mul(ddy, dy), g.Mul(slope, bend))
	})
}

// leakyReLUGrad asks for the sign of the output, which is that of the input:
// the input need not be kept.
func leakyReLUGrad(g *Builder, c Call, dy Node, _ []bool) []Node {
	return []Node{g.Apply(OpLeakyReLUGrad, c.Attr, c.Out, dy)}
}

func leakyReLUGradGrad(g *Builder, c Call, ddy Node, _ []bool) []Node {
	return []Node{{}, g.Apply(OpLeakyReLUGrad, c.Attr, c.In[0], ddy)}
}
