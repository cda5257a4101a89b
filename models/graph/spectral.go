package graph

import (
	"fmt"
)

// OpPowerIteration: w as a matrix [1 O R] and u [1 1 O] to [R+O], the new v and
// u of one power iteration: v = norm(wᵀu), u = norm(w·v). Both are constants
// for differentiation.
var OpPowerIteration = register(&Def{
	Name:   "power_iteration",
	NoGrad: 1<<0 | 1<<1,
	Shape: func(_ any, in []Shape) (Shape, error) {
		w, u := in[0], in[1]
		if len(w) != 2 || len(u) != 1 || u[0] != w[0] {
			return nil, fmt.Errorf("weight %v and u %v, want [O R] and [O]", []int(w), []int(u))
		}
		return Shape{w[0] + w[1]}, nil
	},
})

// SpectralNorm divides w [O ...] by an estimate of its largest singular value
// as a matrix [O R]. It makes one power iteration from u [O] (Miyato et al.
// 2018), v = norm(wᵀu), u = norm(w·v), norm(a) = a/max(|a|, 1e-12), and returns
// w/(uᵀ·w·v) with the new u [O] and v [R], which the caller keeps for the next
// step. Gradients treat u and v as constants. The v passed in is not used, since
// u determines it; it stands in the signature for its shape.
func (g *Builder) SpectralNorm(w, u, v Node) (wn, uNew, vNew Node) {
	o, r := g.checkSpectral(w, u, v)
	uv := g.Apply(OpPowerIteration, nil, g.Reshape(w, o, r), u)
	vNew, uNew = g.Slice(uv, 0, r), g.Slice(uv, r, r+o)
	return g.SpectralNormEval(w, uNew, vNew), uNew, vNew
}

// SpectralNormEval is w/(uᵀ·w·v) for given u [O] and v [R].
func (g *Builder) SpectralNormEval(w, u, v Node) Node {
	o, r := g.checkSpectral(w, u, v)
	row := g.MatMul(g.Reshape(g.StopGradient(u), 1, o), g.Reshape(w, o, r), false, false)
	sigma := g.Dot(g.Reshape(row, r), g.StopGradient(v))
	return g.MulScalar(w, g.Div(g.Const(1), sigma))
}

// checkSpectral returns the sizes of w as a matrix.
func (g *Builder) checkSpectral(w, u, v Node) (o, r int) {
	s := w.Shape()
	if len(s) < 2 {
		g.failf("spectral norm: weight %v, want [O ...]", []int(s))
	}
	o, r = s[0], s.Size()/s[0]
	if !u.Shape().Equal(Shape{o}) || !v.Shape().Equal(Shape{r}) {
		g.failf("spectral norm: u %v and v %v for weight %v, want [%d] and [%d]",
			[]int(u.Shape()), []int(v.Shape()), []int(s), o, r)
	}
	return o, r
}
