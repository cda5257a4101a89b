package graph

// OpAffine: x [... C], scale [C], shift [C] to x·scale + shift. All gradients
// are primitives.
var OpAffine = register(&Def{
	Name: "affine_per_channel", InPlace: 1 << 0,
	Shape: func(_ any, in []Shape) (Shape, error) { return in[0], checkAffine(in) },
	Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
		return gradsOf(need, func(i int) Node {
			switch i {
			case 0:
				return g.MulPerChannel(dy, c.In[1])
			case 1:
				return g.DotPerChannel(dy, c.In[0])
			default:
				return g.SumPerChannel(dy)
			}
		})
	},
})

// AffinePerChannel is x[N ... C]·scale[C] + shift[C] in one pass.
func (g *Builder) AffinePerChannel(x, scale, shift Node) Node {
	return g.Apply(OpAffine, nil, x, scale, shift)
}
