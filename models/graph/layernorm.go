package graph

// LayerNorm normalises every row of x [R C], then scales by w [C] and shifts by b [C]
// (Ba, Kiros & Hinton 2016). It is made of primitives: a row is short, and a few
// passes over rows that lie in the cache cost little beside the products around them.
func (g *Builder) LayerNorm(x, w, b Node, eps float32) Node {
	if len(x.Shape()) != 2 || !(eps > 0) {
		g.failf("layer_norm: input %v and eps %v, want [R C] and eps > 0", []int(x.Shape()), eps)
	}
	mean := 1 / float32(x.Shape()[1])
	centred := g.AddLast(x, g.Scale(g.SumLast(x), -mean))
	inv := g.Rsqrt(g.AddScalar(g.Scale(g.DotLast(centred, centred), mean), eps))
	return g.AffinePerChannel(g.MulLast(centred, inv), w, b)
}
