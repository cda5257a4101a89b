package graph

import (
	"fmt"

	"innate/models/kernels"
)

var sumOver, dotOver [overCount]*Def

func init() {
	for v := range overCount {
		sumOver[v] = register(&Def{Name: "sum" + suffix[v],
			Shape: func(_ any, in []Shape) (Shape, error) {
				if err := wantAxes(in[0], v.rank()); err != nil {
					return nil, err
				}
				return v.small(in[0]), nil
			},
			Grad: func(g *Builder, c Call, dy Node, _ []bool) []Node {
				return []Node{g.broadcast(v, dy, c.In[0].Shape())}
			}}, v.sumKernel)
		dotOver[v] = register(&Def{Name: "dot" + suffix[v],
			Shape: func(_ any, in []Shape) (Shape, error) {
				if err := wantAxes(in[0], v.rank()); err != nil {
					return nil, err
				}
				if !in[0].Equal(in[1]) {
					return nil, fmt.Errorf("want equal shapes")
				}
				return v.small(in[0]), nil
			},
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node { return g.mul(v, c.In[1-i], dy) })
			}}, v.dotKernel)
	}
}

// Sum is the sum of all values, a scalar.
func (g *Builder) Sum(x Node) Node { return g.sum(overAll, x) }

// Mean is the mean of all values, a scalar.
func (g *Builder) Mean(x Node) Node { return g.Scale(g.Sum(x), 1/float32(x.Shape().Size())) }

// SumPerChannel sums x[... C] over all but the last axis: [C].
func (g *Builder) SumPerChannel(x Node) Node { return g.sum(overRows, x) }

// SumPerSample sums x[N ...] over all but the first axis: [N].
func (g *Builder) SumPerSample(x Node) Node { return g.sum(overSample, x) }

// SumSpatial sums x[N H W C] over all but the first and last axes: [N C].
func (g *Builder) SumSpatial(x Node) Node { return g.sum(overSpatial, x) }

// MeanSpatial is the mean over all but the first and last axes: [N C].
func (g *Builder) MeanSpatial(x Node) Node {
	e := g.SumSpatial(x)
	return g.Scale(e, float32(e.Shape().Size())/float32(x.Shape().Size()))
}

// SumLast sums x[... K] over the last axis: [...].
func (g *Builder) SumLast(x Node) Node { return g.sum(overLast, x) }

// Dot is the sum of all products a*b, a scalar.
func (g *Builder) Dot(a, b Node) Node { return g.dot(overAll, a, b) }

// DotPerChannel sums a*b over all but the last axis: [C].
func (g *Builder) DotPerChannel(a, b Node) Node { return g.dot(overRows, a, b) }

// DotPerSample sums a*b over all but the first axis: [N].
func (g *Builder) DotPerSample(a, b Node) Node { return g.dot(overSample, a, b) }

// DotSpatial sums a*b over all but the first and last axes: [N C].
func (g *Builder) DotSpatial(a, b Node) Node { return g.dot(overSpatial, a, b) }

// DotLast sums a*b over the last axis.
func (g *Builder) DotLast(a, b Node) Node { return g.dot(overLast, a, b) }

func (g *Builder) sum(v over, x Node) Node    { return g.Apply(sumOver[v], nil, x) }
func (g *Builder) dot(v over, a, b Node) Node { return g.Apply(dotOver[v], nil, a, b) }

func (v over) sumKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	x := in[0].Data
	return v.reduce(pool, in[0].Shape, out.Data, func(acc, _ []float32, lo, hi int) {
		if len(acc) == 1 {
			acc[0] = float32(kernels.Sum(x[lo:hi]))
			return
		}
		clear(acc)
		kernels.SumRows(acc, x[lo:hi])
	})
}

func (v over) dotKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	x, y := in[0].Data, in[1].Data
	return v.reduce(pool, in[0].Shape, out.Data, func(acc, unused []float32, lo, hi int) {
		if len(acc) == 1 {
			acc[0] = float32(kernels.Dot(x[lo:hi], y[lo:hi]))
			return
		}
		clear(acc)
		clear(unused)
		kernels.DotRows(unused, acc, x[lo:hi], y[lo:hi])
	})
}

// maxBlocks bounds how many partial sums one result is made of.
const maxBlocks = 64

// reduce prepares out[A C] = Σ over P of x [A P C]. P is cut into blocks, by
// shape alone; block sums one block of values [lo, hi) into acc [C], with
// scratch [C] to itself. The blocks of each result are added in order and in
// float64, so the sum depends neither on the number of threads nor much on the
// number of rows.
func (v over) reduce(pool *kernels.Pool, x Shape, out []float32, block func(acc, scratch []float32, lo, hi int)) func() {
	as, p, c := v.view(x)
	rows := min(p, max(grainFor(c), (p+maxBlocks-1)/maxBlocks))
	blocks := (p + rows - 1) / rows
	acc := out
	if blocks > 1 {
		acc = alignedFloats(as * blocks * c)
	}
	scratch := alignedFloats(as * blocks * c)
	sums := parallel(pool, as*blocks, grainFor(rows*c), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, r := i/blocks, i%blocks*rows
			block(acc[i*c:(i+1)*c], scratch[i*c:(i+1)*c], (a*p+r)*c, (a*p+min(r+rows, p))*c)
		}
	})
	if blocks == 1 {
		return sums
	}
	return func() {
		sums()
		for i := range out {
			a, ch := i/c, i%c
			var total float64
			for b := range blocks {
				total += float64(acc[(a*blocks+b)*c+ch])
			}
			out[i] = float32(total)
		}
	}
}
