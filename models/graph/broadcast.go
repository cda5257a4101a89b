package graph

import (
	"fmt"

	"innate/models/kernels"
)

// over names the axes that a small operand e lacks and a large one x has: e is
// repeated along them, and sums run along them. In each case x can be viewed as
// [A P C] and e as [A C].
type over int

const (
	overAll     over = iota // e is a scalar
	overRows                // e [C]: one value per channel, the last axis of x
	overSpatial             // e [N C]: one value per sample and channel
	overSample              // e [N]: one value per sample, the first axis of x
	overLast                // e has the shape of x without the last axis
	overCount
)

// suffix completes the names of the operations over each kind of axes.
var suffix = [overCount]string{"", "_per_channel", "_per_sample_channel", "_per_sample", "_last"}

// small is the shape of e for a given x.
func (v over) small(x Shape) Shape {
	switch v {
	case overRows:
		return Shape{x.Last()}
	case overSpatial:
		return Shape{x[0], x.Last()}
	case overSample:
		return Shape{x[0]}
	case overLast:
		return x[:len(x)-1]
	}
	return Shape{}
}

// rank is the fewest axes that x must have.
func (v over) rank() int {
	switch v {
	case overAll:
		return 0
	case overSpatial:
		return 2
	}
	return 1
}

// view gives A, P and C for x.
func (v over) view(x Shape) (a, p, c int) {
	switch v {
	case overRows:
		return 1, x.Size() / x.Last(), x.Last()
	case overSpatial:
		return x[0], x.Size() / x[0] / x.Last(), x.Last()
	case overSample:
		return x[0], x.Size() / x[0], 1
	case overLast:
		return x.Size() / x.Last(), x.Last(), 1
	}
	return 1, x.Size(), 1
}

// check reports whether x has the axes and e the shape that goes with it.
func (v over) check(x, e Shape) error {
	if err := wantAxes(x, v.rank()); err != nil {
		return err
	}
	if !e.Equal(v.small(x)) {
		return fmt.Errorf("want the second %v", []int(v.small(x)))
	}
	return nil
}

var addOver, mulOver, broadcastOver [overCount]*Def

func init() {
	for v := range overCount {
		shape := func(_ any, in []Shape) (Shape, error) { return in[0], v.check(in[0], in[1]) }
		addOver[v] = register(&Def{Name: "add" + suffix[v], Shape: shape, InPlace: 1,
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node {
					if i == 1 {
						return g.sum(v, dy)
					}
					return dy
				})
			}}, v.kernel(kernels.AddScalar, kernels.AddRows))
		mulOver[v] = register(&Def{Name: "mul" + suffix[v], Shape: shape, InPlace: 1,
			Grad: func(g *Builder, c Call, dy Node, need []bool) []Node {
				return gradsOf(need, func(i int) Node {
					if i == 1 {
						return g.dot(v, dy, c.In[0])
					}
					return g.mul(v, dy, c.In[1])
				})
			}}, v.kernel(kernels.Scale, mulRows))
		broadcastOver[v] = register(&Def{Name: "broadcast" + suffix[v],
			Shape: func(attr any, in []Shape) (Shape, error) {
				s := attr.(shapeKey).shape()
				if len(s) < v.rank() || !in[0].Equal(v.small(s)) {
					return nil, fmt.Errorf("to %v: sizes do not fit", []int(s))
				}
				return s, nil
			},
			Grad: func(g *Builder, _ Call, dy Node, _ []bool) []Node { return []Node{g.sum(v, dy)} },
		}, v.broadcastKernel)
	}
}

// AddPerChannel is x[... C] + b[C].
func (g *Builder) AddPerChannel(x, b Node) Node { return g.add(overRows, x, b) }

// MulPerChannel is x[... C] * s[C].
func (g *Builder) MulPerChannel(x, s Node) Node { return g.mul(overRows, x, s) }

// AddPerSampleChannel is x[N ... C] + e[N C].
func (g *Builder) AddPerSampleChannel(x, e Node) Node { return g.add(overSpatial, x, e) }

// MulPerSampleChannel is x[N ... C] * e[N C].
func (g *Builder) MulPerSampleChannel(x, e Node) Node { return g.mul(overSpatial, x, e) }

// AddPerSample is x[N ...] + s[N].
func (g *Builder) AddPerSample(x, s Node) Node { return g.add(overSample, x, s) }

// MulPerSample is x[N ...] * s[N].
func (g *Builder) MulPerSample(x, s Node) Node { return g.mul(overSample, x, s) }

// AddLast is x[... K] + s[...]: one value per row of the last axis.
func (g *Builder) AddLast(x, s Node) Node { return g.add(overLast, x, s) }

// MulLast is x[... K] * s[...].
func (g *Builder) MulLast(x, s Node) Node { return g.mul(overLast, x, s) }

// MulScalar is x times a scalar node.
func (g *Builder) MulScalar(x, s Node) Node { return g.mul(overAll, x, s) }

// Broadcast repeats a scalar.
func (g *Builder) Broadcast(s Node, shape ...int) Node { return g.broadcast(overAll, s, shape) }

// BroadcastPerChannel repeats b[C] to shape [... C].
func (g *Builder) BroadcastPerChannel(b Node, shape ...int) Node {
	return g.broadcast(overRows, b, shape)
}

// BroadcastSpatial repeats e[N C] to shape [N ... C].
func (g *Builder) BroadcastSpatial(e Node, shape ...int) Node {
	return g.broadcast(overSpatial, e, shape)
}

// BroadcastPerSample repeats s[N] to shape [N ...].
func (g *Builder) BroadcastPerSample(s Node, shape ...int) Node {
	return g.broadcast(overSample, s, shape)
}

// BroadcastLast repeats s[...] to shape [... K].
func (g *Builder) BroadcastLast(s Node, shape ...int) Node { return g.broadcast(overLast, s, shape) }

func (g *Builder) add(v over, x, e Node) Node { return g.Apply(addOver[v], nil, x, e) }
func (g *Builder) mul(v over, x, e Node) Node { return g.Apply(mulOver[v], nil, x, e) }

func (g *Builder) broadcast(v over, e Node, shape []int) Node {
	if len(shape) > maxRank {
		g.failf("broadcast%s to %v: want at most %d axes", suffix[v], shape, maxRank)
	}
	return g.Apply(broadcastOver[v], keyOf(shape), e)
}

// kernel prepares dst = f(x, e): one where C is 1 and a stretch of x meets one
// value of e, many where rows of x meet a row of e.
func (v over) kernel(one func(dst, x []float32, e float32), many func(dst, x, e []float32)) Kernel {
	return func(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
		y, x, e := out.Data, in[0].Data, in[1].Data
		return v.eachStretch(pool, out.Shape, func(a, c, lo, hi int) {
			if c == 1 {
				one(y[lo:hi], x[lo:hi], e[a])
			} else {
				many(y[lo:hi], x[lo:hi], e[a*c:(a+1)*c])
			}
		})
	}
}

func (v over) broadcastKernel(pool *kernels.Pool, _ any, out Buf, in []Buf) func() {
	y, e := out.Data, in[0].Data
	return v.eachStretch(pool, out.Shape, func(a, c, lo, hi int) {
		if c == 1 {
			fill(y[lo:hi], e[a])
			return
		}
		for ; lo < hi; lo += c {
			copy(y[lo:lo+c], e[a*c:(a+1)*c])
		}
	})
}

// eachStretch prepares a loop over x [A P C]: f is called with ranges [lo, hi)
// of values that lie within one a and hold whole rows of c.
func (v over) eachStretch(pool *kernels.Pool, x Shape, f func(a, c, lo, hi int)) func() {
	as, p, c := v.view(x)
	rows := min(p, grainFor(c))        // rows in a stretch
	stretches := (p + rows - 1) / rows // stretches in each a
	return parallel(pool, as*stretches, grainFor(rows*c), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, r := i/stretches, i%stretches*rows
			f(a, c, (a*p+r)*c, (a*p+min(r+rows, p))*c)
		}
	})
}

// mulRows is dst = x*s[c] for rows of len(s) values.
func mulRows(dst, x, s []float32) {
	for len(dst) > 0 {
		kernels.Mul(dst[:len(s)], x[:len(s)], s)
		dst, x = dst[len(s):], x[len(s):]
	}
}
