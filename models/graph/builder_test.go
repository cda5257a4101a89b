package graph_test

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

func TestEqualApplicationsAreOneNode(t *testing.T) {
	g := graph.NewBuilder()
	x, y := g.Input("x", 2, 3), g.Input("y", 2, 3)
	if g.Add(x, y) != g.Add(x, y) {
		t.Error("x+y twice: two nodes, want one")
	}
	before := g.GorgoniaNodes()
	if g.AddN(x, y, x, y, x, y, x, y, x) != g.AddN(x, y, x, y, x, y, x, y, x) {
		t.Error("nine-fold sum twice: two nodes, want one")
	}
	if got := g.GorgoniaNodes() - before; got != 1 {
		t.Errorf("gorgonia holds %d more nodes, want 1", got)
	}
	different := map[string][2]node{
		"order":      {g.Sub(x, y), g.Sub(y, x)},
		"attribute":  {g.Scale(x, 2), g.Scale(x, 3)},
		"operation":  {g.Add(x, y), g.Mul(x, y)},
		"arity":      {g.AddN(x, y, x), g.AddN(x, y, x, y)},
		"last input": {g.AddN(x, y, x, y, x, y, x), g.AddN(x, y, x, y, x, y, y)},
	}
	for name, pair := range different {
		if pair[0] == pair[1] {
			t.Errorf("%s differs: one node, want two", name)
		}
	}
}

// Gorgonia compares 32-bit hashes; with this many sums of equal shape it merged
// different ones. Every sum here is x[i]+x[j] of powers of two, so its value
// identifies it.
func TestManyNodesStayApart(t *testing.T) {
	g := graph.NewBuilder()
	var in []node
	for i := range 60 {
		in = append(in, g.Const(float32(math.Ldexp(1, i))))
	}
	seen := map[node]string{}
	var all []node
	for i := range in {
		for j := range i {
			n := g.Add(in[i], in[j])
			name := fmt.Sprintf("%d+%d", i, j)
			if seen[n] != "" {
				t.Fatalf("%s is the node of %s", name, seen[n])
			}
			seen[n] = name
			all = append(all, n)
		}
	}
	m := compile(t, g, all...)
	m.Run()
	k := 0
	for i := range in {
		for j := range i {
			if got, want := m.Value(all[k])[0], float32(math.Ldexp(1, i))+float32(math.Ldexp(1, j)); got != want {
				t.Fatalf("%d+%d: %v, want %v", i, j, got, want)
			}
			k++
		}
	}
}

func TestParamsKeepApart(t *testing.T) {
	g := graph.NewBuilder()
	teacher, student := models.NewParam("enc.w", 2), models.NewParam("enc.w", 2)
	copy(teacher.Data, []float32{1, 2})
	copy(student.Data, []float32{10, 20})
	a, b := g.Param(teacher), g.Param(student)
	if a == b || a != g.Param(teacher) {
		t.Fatal("want one node per parameter, also where names are equal")
	}
	if got := run(t, g, g.Sub(b, a)); got[0] != 9 || got[1] != 18 {
		t.Errorf("difference %v, want [9 18]", got)
	}
	student.Data[0] = 5
	if got := run(t, g, g.Sub(b, a)); got[0] != 4 {
		t.Errorf("difference after a change %v, want 4", got[0])
	}
}

func TestBuildErrors(t *testing.T) {
	p := &models.Param{Name: "enc.w", Shape: []int{2, 3}, Data: make([]float32, 5)}
	cases := []struct {
		want string
		f    func(g *builder)
	}{
		{"graph: enc.28x28_block0: add [64 28 28 16] [64 28 28 8]: want equal shapes", func(g *builder) {
			defer g.Scope("enc.28x28_block0")()
			g.Add(g.Input("x", 64, 28, 28, 16), g.Input("y", 64, 28, 28, 8))
		}},
		{"graph: enc.28x28_block0.affine: linear [4 8] [16 9] [16]: want x [N I], w [O I]", func(g *builder) {
			defer g.Scope("enc.28x28_block0")()
			defer g.Scope("affine")()
			g.Linear(g.Input("x", 4, 8), g.Input("w", 16, 9), g.Input("b", 16))
		}},
		{"graph: linear [4 8] [16 8] [8]: bias [8], want [16]", func(g *builder) {
			func() { defer g.Scope("left again")() }()
			g.Linear(g.Input("x", 4, 8), g.Input("w", 16, 8), g.Input("b", 8))
		}},
		{"graph: matmul [2 3 4] [3 4 5]: batches of 2 and 3", func(g *builder) {
			g.MatMul(g.Input("a", 2, 3, 4), g.Input("b", 3, 4, 5), false, false)
		}},
		{"graph: matmul [3 4] [5 4]: inner sizes 4 and 5", func(g *builder) {
			g.MatMul(g.Input("a", 3, 4), g.Input("b", 5, 4), false, false)
		}},
		{"graph: reshape [2 3]: to [4 2]: 6 values, want 8", func(g *builder) { g.Reshape(g.Input("x", 2, 3), 4, 2) }},
		{"graph: slice [2 3]: elements 1 to 5 step 1 of 3", func(g *builder) { g.Slice(g.Input("x", 2, 3), 1, 5) }},
		{"graph: concat [2 3] [3 3]: want equal shapes but for the last axis", func(g *builder) {
			g.Concat(g.Input("x", 2, 3), g.Input("y", 3, 3))
		}},
		{"graph: concat: no inputs", func(g *builder) { g.Concat() }},
		{"graph: add_n: no inputs", func(g *builder) { g.AddN() }},
		{"graph: slice [2 3]: elements 3 to 3 step 2 of 3", func(g *builder) { g.SliceStep(g.Input("x", 2, 3), 3, 2) }},
		{"graph: spread [2 3]: want a last axis of 2", func(g *builder) { g.PadSliceStep(g.Input("x", 2, 3), 1, 2, 5) }},
		{"graph: spread [2 3]: elements 3 to 6 step 1 of 5", func(g *builder) { g.PadSlice(g.Input("x", 2, 3), 3, 5) }},
		{"graph: slice []: want at least 1 axis", func(g *builder) { g.Slice(g.Input("x"), 0, 1) }},
		{"graph: softmax []: want at least 1 axis", func(g *builder) { g.Softmax(g.Input("x")) }},
		{"graph: sum_last []: want at least 1 axis", func(g *builder) { g.SumLast(g.Input("x")) }},
		{"graph: dot_last [3] [4]: want equal shapes", func(g *builder) { g.DotLast(g.Input("x", 3), g.Input("y", 4)) }},
		{"graph: reshape [2]: to [-1 -2]: want positive sizes", func(g *builder) { g.Reshape(g.Input("x", 2), -1, -2) }},
		{"graph: reshape [2] to [1 1 1 1 1 1 2]: want at most 6 axes", func(g *builder) {
			g.Reshape(g.Input("x", 2), 1, 1, 1, 1, 1, 1, 2)
		}},
		{"graph: broadcast to [1 1 1 1 1 1 2]: want at most 6 axes", func(g *builder) {
			g.Const(1, 1, 1, 1, 1, 1, 1, 2)
		}},
		{"graph: mul_per_sample [2 3] [3]: want the second [2]", func(g *builder) {
			g.MulPerSample(g.Input("x", 2, 3), g.Input("s", 3))
		}},
		{"graph: sum_per_sample_channel [3]: want at least 2 axes", func(g *builder) { g.SumSpatial(g.Input("x", 3)) }},
		{"graph: broadcast_per_channel [3]: to [2 4]: sizes do not fit", func(g *builder) {
			g.BroadcastPerChannel(g.Input("x", 3), 2, 4)
		}},
		{"graph: cross_entropy [2 3] [2 4]: want logits and target [N K]", func(g *builder) {
			g.CrossEntropy(g.Input("x", 2, 3), g.Input("t", 2, 4))
		}},
		{"graph: leaky_relu [3]: slope -0.1, want 0 to 1", func(g *builder) { g.LeakyReLU(g.Input("x", 3), -0.1) }},
		{"graph: add: input 1 is missing", func(g *builder) { g.Add(g.Input("x", 3), node{}) }},
		{"graph: add: input 1, y [3], belongs to another graph", func(g *builder) {
			g.Add(g.Input("x", 3), graph.NewBuilder().Input("y", 3))
		}},
		{`graph: input "x" declared twice`, func(g *builder) { g.Input("x", 3); g.Input("x", 4) }},
		{"graph: x: shape [2 0], want at most 6 positive sizes", func(g *builder) { g.Input("x", 2, 0) }},
		{`graph: parameter "enc.w": 5 values, want [2 3]`, func(g *builder) { g.Param(p) }},
	}
	for _, c := range cases {
		g, err := graph.Build(c.f)
		if err == nil || err.Error() != c.want {
			t.Errorf("error %v\n want %s", err, c.want)
		}
		if g != nil {
			t.Errorf("%s: a builder beside the error", c.want)
		}
	}
}

func TestBuildPassesOtherPanics(t *testing.T) {
	defer func() {
		if r := recover(); r != "mine" {
			t.Errorf("recovered %v, want mine", r)
		}
	}()
	graph.Build(func(*builder) { panic("mine") })
}

func TestScopesNameInputs(t *testing.T) {
	g, err := graph.Build(func(g *builder) {
		g.Input("sigma", 1)
		defer g.Scope("teacher")()
		g.Input("sigma", 1)
	})
	if err != nil || g == nil {
		t.Errorf("the same input name in another scope: %v", err)
	}
}

func TestDataOfResultPanics(t *testing.T) {
	g := graph.NewBuilder()
	for _, n := range []node{g.Add(g.Const(1), g.Const(2)), g.Const(1)} {
		func() {
			defer func() {
				if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "want an input or a parameter") {
					t.Errorf("Data of %v: recovered %v", n, r)
				}
			}()
			g.Data(n)
		}()
	}
}

// Builders share nothing but the operations' definitions.
func TestBuildersInParallel(t *testing.T) {
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			g := graph.NewBuilder()
			x := g.Input("x", 3, 4)
			for i := range g.Data(x) {
				g.Data(x)[i] = float32(k)
			}
			y := x
			for range 50 {
				y = g.SiLU(g.AddScalar(y, 0.1))
			}
			dx, err := g.Grad(g.Sum(y), x)
			if err != nil {
				t.Error(err)
				return
			}
			m, err := newDevice(t, 1).Compile(g, device.Request{Outputs: dx})
			if err != nil {
				t.Error(err)
				return
			}
			m.Run()
		})
	}
	wg.Wait()
}

// The operations answer Gorgonia's interfaces, so its tools work on our graph.
func TestGorgoniaOp(t *testing.T) {
	g := graph.NewBuilder()
	x, w := g.Input("x", 2), g.Input("w")
	y := g.MulScalar(x, w)
	sd, ok := y.Gorgonia().Op().(gorgonia.SDOp)
	if !ok {
		t.Fatal("not an SDOp")
	}
	if _, err := sd.Do(gorgonia.NewF32(3)); err == nil {
		t.Error("Do without a device: no error")
	}
	grads, err := sd.SymDiff(nil, y.Gorgonia(), g.Const(1, 2).Gorgonia())
	if err != nil || len(grads) != 2 || !grads[0].Shape().Eq(tensor.Shape{2}) || !grads[1].IsScalar() {
		t.Errorf("SymDiff gives %v, %v", grads, err)
	}
	if got := sd.DiffWRT(2); !got[0] || !got[1] {
		t.Errorf("DiffWRT %v", got)
	}
	stopped := g.StopGradient(x).Gorgonia().Op().(gorgonia.SDOp)
	if got := stopped.DiffWRT(1); got[0] {
		t.Error("DiffWRT of stop_gradient is true")
	}
}
