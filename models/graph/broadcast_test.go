package graph_test

import (
	"testing"

	"innate/models/graph/graphtest"
)

// overOps are the operations of one kind of axes: x has the shape of the large
// operand and e that of the small one.
var overOps = []struct {
	name      string
	x, e      []int
	add, mul  func(g *builder, x, e node) node
	broadcast func(g *builder, e node, shape ...int) node
	sum       func(g *builder, x node) node
	dot       func(g *builder, a, b node) node
}{
	{"all", []int{2, 3, 4}, nil, nil, (*builder).MulScalar, (*builder).Broadcast, (*builder).Sum, (*builder).Dot},
	{"channel", []int{2, 3, 2, 4}, []int{4}, (*builder).AddPerChannel, (*builder).MulPerChannel,
		(*builder).BroadcastPerChannel, (*builder).SumPerChannel, (*builder).DotPerChannel},
	{"one channel", []int{2, 3, 3, 1}, []int{1}, (*builder).AddPerChannel, (*builder).MulPerChannel,
		(*builder).BroadcastPerChannel, (*builder).SumPerChannel, (*builder).DotPerChannel},
	{"spatial", []int{2, 3, 2, 4}, []int{2, 4}, (*builder).AddPerSampleChannel, (*builder).MulPerSampleChannel,
		(*builder).BroadcastSpatial, (*builder).SumSpatial, (*builder).DotSpatial},
	{"sample", []int{3, 2, 2, 2}, []int{3}, (*builder).AddPerSample, (*builder).MulPerSample,
		(*builder).BroadcastPerSample, (*builder).SumPerSample, (*builder).DotPerSample},
	{"last", []int{2, 3, 4}, []int{2, 3}, (*builder).AddLast, (*builder).MulLast,
		(*builder).BroadcastLast, (*builder).SumLast, (*builder).DotLast},
}

func TestBroadcastOps(t *testing.T) {
	for _, op := range overOps {
		x, e := graphtest.Normal(op.x...), graphtest.Normal(op.e...)
		t.Run(op.name, func(t *testing.T) {
			if op.add != nil {
				graphtest.Check(t, func(g *builder, in ...node) node { return op.add(g, in[0], in[1]) }, x, e)
			}
			graphtest.Check(t, func(g *builder, in ...node) node { return op.mul(g, in[0], in[1]) }, x, e)
			graphtest.Check(t, func(g *builder, in ...node) node { return op.broadcast(g, in[0], op.x...) }, e)
		})
	}
}

func TestReductions(t *testing.T) {
	for _, op := range overOps {
		x := graphtest.Normal(op.x...)
		t.Run(op.name, func(t *testing.T) {
			graphtest.Check(t, func(g *builder, in ...node) node { return op.sum(g, in[0]) }, x)
			graphtest.Check(t, func(g *builder, in ...node) node { return op.dot(g, in[0], in[1]) }, x, x)
		})
	}
}

func TestMeans(t *testing.T) {
	graphtest.Check(t, func(g *builder, x ...node) node { return g.Mean(x[0]) }, graphtest.Normal(2, 5))
	graphtest.Check(t, func(g *builder, x ...node) node { return g.MeanSpatial(x[0]) }, graphtest.Normal(2, 3, 3, 2))
}

// The values of sums and means, by counting: the gradient checks alone would
// accept a constant offset.
func TestReductionValues(t *testing.T) {
	x := make([]float32, 2*3*2*2)
	for i := range x {
		x[i] = float32(i)
	}
	in := graphtest.Values(x, 2, 3, 2, 2)
	want := map[string][]float32{
		"sum":         {276},
		"mean":        {11.5},
		"per channel": {132, 144},
		"per sample":  {66, 210},
		"spatial":     {30, 36, 102, 108},
		"last":        {1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45},
	}
	ops := map[string]func(g *builder, x node) node{
		"sum": (*builder).Sum, "mean": (*builder).Mean, "per channel": (*builder).SumPerChannel,
		"per sample": (*builder).SumPerSample, "spatial": (*builder).SumSpatial, "last": (*builder).SumLast,
	}
	for name, op := range ops {
		graphtest.CheckValue(t, name, want[name], func(g *builder, x ...node) node { return op(g, x[0]) }, in)
	}
}

// Large shapes are cut into several chunks and blocks.
func TestBroadcastThreads(t *testing.T) {
	for c, side := range map[int]int{1: 90, 3: 60, 64: 13} {
		x, e, s := graphtest.Normal(5, side, side+1, c), graphtest.Normal(c), graphtest.Normal(5)
		graphtest.CheckThreads(t, func(g *builder, in ...node) node {
			y := g.AddPerChannel(g.MulPerSample(in[0], in[2]), in[1])
			return g.Sum(g.SiLU(y))
		}, x, e, s)
	}
}
