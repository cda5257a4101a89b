package cpu_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
)

// mlp is a small network with its loss and parameters.
type (
	builder = graph.Builder
	node    = graph.Node
)

// scalarGraph is a graph with one scalar input of that value.
func scalarGraph(t *testing.T, v float32) (*builder, node) {
	t.Helper()
	g := graph.NewBuilder()
	x := g.Input("x")
	g.Data(x)[0] = v
	return g, x
}

// newDevice is a device for the length of a test.
func newDevice(t *testing.T, threads int) *cpu.Device {
	t.Helper()
	dev := cpu.New(threads)
	t.Cleanup(dev.Close)
	return dev
}

func compile(t *testing.T, g *builder, outputs ...node) device.Program {
	t.Helper()
	m, err := newDevice(t, 1).Compile(g, device.Request{Outputs: outputs})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

type mlp struct {
	g      *builder
	x      node
	params []*models.Param
	loss   node
}

func newMLP(batch int, widths ...int) mlp {
	rng := rand.New(rand.NewPCG(3, 4))
	g := graph.NewBuilder()
	net := mlp{g: g, x: g.Input("x", batch, widths[0])}
	random := func(data []float32) {
		for i := range data {
			data[i] = float32(rng.NormFloat64()) * 0.5
		}
	}
	random(g.Data(net.x))
	h := net.x
	for i := range widths[1:] {
		w, b := models.NewParam("w", widths[i+1], widths[i]), models.NewParam("b", widths[i+1])
		random(w.Data)
		random(b.Data)
		net.params = append(net.params, w, b)
		h = g.SiLU(g.Linear(h, g.Param(w), g.Param(b)))
	}
	net.loss = g.Mean(g.Square(h))
	return net
}

// grads returns the gradients of some parameters and the loss.
func (net mlp) grads(t *testing.T, params ...*models.Param) []node {
	t.Helper()
	var wrt []node
	for _, p := range params {
		wrt = append(wrt, net.g.Param(p))
	}
	grads, err := net.g.Grad(net.loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	return append(grads, net.loss)
}

func TestMachineRunsOnlyWhatIsNeeded(t *testing.T) {
	net := newMLP(4, 3, 5, 5, 5, 2)
	all := net.grads(t, net.params...)
	count := func(outputs ...node) int { return compile(t, net.g, outputs...).Memory().Operations }

	full := count(all...)
	frozen := slices.Clone(all)
	frozen = slices.Delete(frozen, 4, 5) // the weight of a middle layer
	if got := count(frozen...); got != full-1 {
		t.Errorf("one frozen weight: %d operations, want %d", got, full-1)
	}
	forward := count(net.loss)
	if want := 4*2 + 3; forward != want { // linear and silu, square, sum and scale
		t.Errorf("loss alone: %d operations, want %d", forward, want)
	}
	// The last layer: mul and scale (square), silu_grad and one product.
	if got := count(all[6]); got != 4*2+4 {
		t.Errorf("last weight: %d operations, want %d", got, 4*2+4)
	}
}

func TestMachineDoesNotAllocate(t *testing.T) {
	net := newMLP(300, 40, 200, 200, 10)
	p := models.NewParam("copy", 10, 200)
	outputs := net.grads(t, net.params...)
	for _, threads := range []int{1, 2} {
		m, err := newDevice(t, threads).Compile(net.g, device.Request{Outputs: outputs, Assigns: []graph.Assign{{Dst: p, Src: outputs[4]}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, profile := range []bool{false, true} {
			m.Profile(profile)
			if n := testing.AllocsPerRun(5, func() { m.Run() }); n != 0 {
				t.Errorf("%d threads, profile %v: %v allocations a run, want 0", threads, profile, n)
			}
		}
	}
}

// Storage is shared, and what shares it does not change the results.
func TestMachineReusesStorage(t *testing.T) {
	net := newMLP(64, 30, 64, 64, 64, 64, 64, 8)
	outputs := net.grads(t, net.params...)
	shared := compile(t, net.g, outputs...)
	apart, err := newDevice(t, 1).CompileApart(net.g, outputs)
	if err != nil {
		t.Fatal(err)
	}
	cpu.Poison(shared)
	cpu.Poison(apart)
	for range 2 {
		shared.Run()
		apart.Run()
		for i, n := range outputs {
			if !slices.Equal(shared.Value(n), apart.Value(n)) {
				t.Fatalf("output %d depends on how storage is shared", i)
			}
		}
	}
	if a, b := shared.Memory().Activations, apart.Memory().Activations; a > b*6/10 {
		t.Errorf("%d bytes shared, %d apart: want at most 60 %%", a, b)
	}
	// A chain of elementwise operations works in place.
	g := graph.NewBuilder()
	x := g.Input("x", 1000)
	y := g.Exp(x)
	for range 20 {
		y = g.SiLU(g.AddScalar(y, 0.5))
	}
	if got := compile(t, g, y).Memory().Activations; got != 4*1008 {
		t.Errorf("in-place chain: %d bytes, want %d", got, 4*1008)
	}
}

// An operation must not write over an input that is read again later.
func TestInPlaceKeepsLiveValues(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 4)
	copy(g.Data(x), []float32{1, 2, 3, 4})
	a := g.AddScalar(x, 1)         // 2 3 4 5
	b := g.Scale(a, 10)            // must not overwrite a
	c := g.Reshape(a, 2, 2)        // a again, under another shape
	d := g.Mul(b, g.Reshape(c, 4)) // last use of a and b
	e := g.MulPerChannel(g.Reshape(d, 2, 2), g.Input("s", 2))
	f := g.Concat(d, g.Reshape(e, 4), x)
	m := compile(t, g, f)
	cpu.Poison(m)
	m.Run()
	want := []float32{40, 90, 160, 250, 0, 0, 0, 0, 1, 2, 3, 4}
	if got := m.Value(f); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !slices.Equal(g.Data(x), []float32{1, 2, 3, 4}) {
		t.Errorf("input overwritten: %v", g.Data(x))
	}
}

// An operation that may write over one input must not do so while another
// input, which it reads in another order, lies in the same place.
func TestInPlaceWithSharedStorage(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 4)
	copy(g.Data(x), []float32{1, 2, 3, 4})
	a := g.Scale(x, 2)
	y := g.AddScalar(g.Apply(cpu.AddReversedDef, nil, a, g.Reshape(a, 2, 2)), 0)
	m := compile(t, g, y)
	m.Run()
	if got := m.Value(y); !slices.Equal(got, []float32{10, 10, 10, 10}) {
		t.Errorf("%v, want 10 throughout", got)
	}
	alone := g.AddScalar(g.Apply(cpu.AddReversedDef, nil, g.Scale(x, 3), x), 0)
	m = compile(t, g, alone)
	m.Run()
	if got := m.Value(alone); !slices.Equal(got, []float32{7, 9, 11, 13}) || m.Memory().Activations != 64 {
		t.Errorf("%v in %d bytes, want [7 9 11 13] in one cache line", got, m.Memory().Activations)
	}
}

func TestOutputsOfEveryKind(t *testing.T) {
	g := graph.NewBuilder()
	p := models.NewParam("p", 2)
	copy(p.Data, []float32{5, 6})
	x := g.Input("x", 2)
	copy(g.Data(x), []float32{1, 2})
	pn := g.Param(p)
	sum := g.Add(x, pn)
	outputs := []node{x, pn, g.Reshape(x, 1, 2), sum, g.Reshape(sum, 2, 1), g.Const(7), g.Const(8, 2), g.StopGradient(pn), sum}
	want := [][]float32{{1, 2}, {5, 6}, {1, 2}, {6, 8}, {6, 8}, {7}, {8, 8}, {5, 6}, {6, 8}}
	m, err := newDevice(t, 1).Compile(g, device.Request{Outputs: outputs, Assigns: []graph.Assign{{Dst: p, Src: x}}})
	if err != nil {
		t.Fatal(err)
	}
	m.Run()
	if !slices.Equal(p.Data, []float32{1, 2}) {
		t.Errorf("parameter after the run: %v, want [1 2]", p.Data)
	}
	g.Data(x)[0] = 100 // the values are those of the run
	for i, n := range outputs {
		if got := m.Value(n); !slices.Equal(got, want[i]) {
			t.Errorf("output %d, %v: %v, want %v", i, n, got, want[i])
		}
	}
	if m.Memory().Operations != 1 {
		t.Errorf("%d operations, want the sum alone", m.Memory().Operations)
	}
}

// Assignments see the values before any of them.
func TestAssignSwaps(t *testing.T) {
	g := graph.NewBuilder()
	a, b := models.NewParam("a", 2), models.NewParam("b", 2)
	copy(a.Data, []float32{1, 2})
	copy(b.Data, []float32{3, 4})
	m, err := newDevice(t, 1).Compile(g, device.Request{Assigns: []graph.Assign{
		{Dst: a, Src: g.Param(b)}, {Dst: b, Src: g.Add(g.Param(a), g.Param(b))},
	}})
	if err != nil {
		t.Fatal(err)
	}
	m.Run()
	if !slices.Equal(a.Data, []float32{3, 4}) || !slices.Equal(b.Data, []float32{4, 6}) {
		t.Errorf("a %v, b %v, want [3 4] and [4 6]", a.Data, b.Data)
	}
	m.Run()
	if !slices.Equal(b.Data, []float32{7, 10}) {
		t.Errorf("b after the second run %v, want [7 10]", b.Data)
	}
}

func TestConstantsAreComputedOnce(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 3)
	c := g.Exp(g.Scale(g.Const(1, 3), 2))
	m := compile(t, g, g.Mul(x, c))
	if m.Memory().Operations != 1 {
		t.Errorf("%d operations, want 1", m.Memory().Operations)
	}
	g.Data(x)[0] = 1
	m.Run()
	if got := float64(m.Value(g.Mul(x, c))[0]); math.Abs(got-math.Exp(2)) > 1e-5 {
		t.Errorf("%v, want e²", got)
	}
}

func TestTwoMachinesOnOneGraph(t *testing.T) {
	net := newMLP(4, 3, 5, 2)
	outputs := net.grads(t, net.params...)
	full, forward := compile(t, net.g, outputs...), compile(t, net.g, net.loss)
	full.Run()
	forward.Run()
	if a, b := full.Value(net.loss)[0], forward.Value(net.loss)[0]; a != b {
		t.Errorf("loss %v and %v", a, b)
	}
}

// A released program gives its storage back.
func TestRelease(t *testing.T) {
	g, x := scalarGraph(t, 3)
	m := compile(t, g, g.Square(x))
	if err := m.Run(); err != nil {
		t.Fatal(err)
	}
	m.Release()
	if got := m.Memory(); got != (device.Memory{}) {
		t.Errorf("%+v after Release", got)
	}
}

// A program that replaces another takes over what that left behind, if it is
// large enough, and leaves it alone if it cannot be planned.
func TestReplace(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 1000)
	g.Data(x)[0] = 2
	dev := newDevice(t, 1)
	request := func(n node, old device.Program) device.Request {
		return device.Request{Outputs: []node{n}, Replaces: old}
	}
	large, err := dev.Compile(g, request(g.Concat(g.Square(x), g.Exp(x)), nil))
	if err != nil {
		t.Fatal(err)
	}
	at := cpu.OwnStart(large)
	if _, err := dev.Compile(g, request(node{}, large)); err == nil || large.Run() != nil {
		t.Errorf("a request that cannot be planned: %v; the old program has to continue to run", err)
	}
	square := g.Square(x)
	small, err := dev.Compile(g, request(square, large))
	if err != nil {
		t.Fatal(err)
	}
	if cpu.OwnStart(small) != at || large.Memory() != (device.Memory{}) {
		t.Error("the smaller program has memory of its own, or the old one still has some")
	}
	if err := large.Run(); err == nil || err.Error() != "cpu: run of a program that was released" {
		t.Errorf("the replaced program runs: %v", err)
	}
	if err := small.Run(); err != nil || small.Value(square)[0] != 4 {
		t.Errorf("value %v, %v", small.Value(square)[0], err)
	}
	again := g.Concat(g.Square(x), g.Exp(x))
	larger, err := dev.Compile(g, request(again, small))
	if err != nil {
		t.Fatal(err)
	}
	if err := larger.Run(); err != nil || larger.Value(again)[0] != 4 {
		t.Errorf("value %v, %v", larger.Value(again)[0], err)
	}
}

// The programs of a device share what means nothing between two runs: as much as
// the largest needs, taken when one runs. What they leave behind stays.
func TestWorkspace(t *testing.T) {
	dev := newDevice(t, 2)
	var nets []mlp
	var programs []device.Program
	most := 0
	for _, batch := range []int{300, 20, 900} {
		net := newMLP(batch, 30, 64, 64, 8)
		p, err := dev.Compile(net.g, device.Request{Outputs: net.grads(t, net.params...)})
		if err != nil {
			t.Fatal(err)
		}
		nets, programs = append(nets, net), append(programs, p)
		m := p.Memory()
		if m.Activations <= 0 || m.Scratch <= 0 || m.Results < 4*(30*64+64*64+64*8) || m.Inputs != 4*batch*30 {
			t.Errorf("batch %d: %+v", batch, m)
		}
		most = max(most, m.Activations+m.Scratch)
	}
	if dev.Workspace() != most || dev.Held() != 0 {
		t.Errorf("workspace of %d bytes, want the most that one needs, %d; %d values taken before a run, want 0", dev.Workspace(), most, dev.Held())
	}
	var losses []float32
	for round := range 2 {
		for i, p := range programs {
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			loss := p.Value(nets[i].loss)[0]
			if round == 0 {
				losses = append(losses, loss)
			}
			if loss != losses[i] {
				t.Errorf("program %d: loss %v beside others, %v before", i, loss, losses[i])
			}
		}
	}
	for i, p := range programs {
		if got := p.Value(nets[i].loss)[0]; got != losses[i] {
			t.Errorf("program %d: loss %v after others ran, want %v", i, got, losses[i])
		}
	}
	if 4*dev.Held() != most || dev.Moved() != 1 {
		t.Errorf("%d bytes taken, moved %d times; want %d at once", 4*dev.Held(), dev.Moved(), most)
	}

	// Without the largest less is needed; the others stay where they are.
	programs[2].Release()
	if m := programs[0].Memory(); dev.Workspace() != m.Activations+m.Scratch {
		t.Errorf("workspace of %d bytes without the largest program, want %d", dev.Workspace(), m.Activations+m.Scratch)
	}
	if err := programs[0].Run(); err != nil || programs[0].Value(nets[0].loss)[0] != losses[0] {
		t.Errorf("loss %v, %v, want %v", programs[0].Value(nets[0].loss)[0], err, losses[0])
	}

	// A larger one moves it, and the others with it.
	net := newMLP(2000, 30, 64, 64, 8)
	large, err := dev.Compile(net.g, device.Request{Outputs: net.grads(t, net.params...)})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []device.Program{large, programs[0]} {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	if got := programs[0].Value(nets[0].loss)[0]; got != losses[0] || dev.Moved() < 2 {
		t.Errorf("loss %v, want %v, after %d moves", got, losses[0], dev.Moved())
	}
	dev.Close()
	if programs[0].Run() == nil || dev.Held() != 0 {
		t.Error("a program runs after its device was closed")
	}
}

// Every operation of a graph has a kernel, or is another shape of its input.
func TestEveryOperation(t *testing.T) {
	for _, op := range graph.Ops() {
		if !op.Alias && !cpu.Knows(op) {
			t.Errorf("%s: no cpu kernel", op.Name)
		}
	}
}

func TestProfile(t *testing.T) {
	net := newMLP(200, 30, 64, 64, 8)
	m := compile(t, net.g, net.loss)
	m.Profile(true)
	for range 5 {
		if err := m.Run(); err != nil {
			t.Fatal(err)
		}
	}
	_, report := m.Costs()
	linear, flop := 0, int64(0)
	for _, r := range report {
		if r.Op == "linear" {
			linear++
			flop += r.FLOP
		}
		if r.Time <= 0 {
			t.Errorf("%v took no time", r)
		}
	}
	want := int64(2 * 200 * (30*64 + 64*64 + 64*8))
	if len(report) != m.Memory().Operations || linear != 3 || flop != want {
		t.Errorf("%d operations, want %d; %d linear of %d FLOP, want 3 of %d", len(report), m.Memory().Operations, linear, flop, want)
	}
}

// TestCosts checks scopes and counts of the operations that have them.
func TestCosts(t *testing.T) {
	g := graph.NewBuilder()
	x, w := g.Input("x", 2, 8, 8, 3), g.Param(models.NewParam("w", 12, 3, 3, 3))
	conv := func() node {
		defer g.Scope("enc")()
		return g.Conv(x, w, node{}, graph.ConvOpts{Stride: 1, Pad: 1})
	}()
	att := g.Attention(conv, 2)
	grads, err := g.Grad(g.Sum(att), x, w)
	if err != nil {
		t.Fatal(err)
	}
	m := compile(t, g, append(grads, g.MatMul(g.Input("a", 5, 7), g.Input("b", 9, 7), false, true))...)
	const taps, attention = 2 * 2 * 64 * 12 * 3 * 9, 2 * 2 * 64 * 4 * 64
	want := map[string]device.OpCost{
		"conv":             {Op: "conv", Layer: "enc", FLOP: taps},
		"conv_grad_input":  {Op: "conv_grad_input", Layer: "enc", FLOP: taps},
		"conv_grad_weight": {Op: "conv_grad_weight", Layer: "enc", FLOP: taps},
		"attention_grad":   {Op: "attention_grad", FLOP: 5 * attention},
		"matmul":           {Op: "matmul", FLOP: 2 * 5 * 7 * 9},
	}
	_, costs := m.Costs()
	for _, got := range costs {
		if w, ok := want[got.Op]; ok && got != w {
			t.Errorf("got %+v, want %+v", got, w)
		}
		delete(want, got.Op)
	}
	if len(want) > 0 {
		t.Errorf("not in the report: %v", want)
	}
}

func TestCompileErrors(t *testing.T) {
	g := graph.NewBuilder()
	x := g.Input("x", 3)
	defer g.Scope("enc")()
	dev := newDevice(t, 1)
	p := models.NewParam("u", 4)
	cases := []struct {
		want    string
		outputs []node
		assigns []graph.Assign
	}{
		{"graph: compile: no outputs", nil, nil},
		{"graph: compile: enc: bare [3]: no cpu kernel", []node{g.Apply(cpu.BareDef, nil, x)}, nil},
		{`graph: compile: assign "u": shape [3], want [4]`, nil, []graph.Assign{{Dst: p, Src: x}}},
		{"graph: compile: result 1, none, does not belong to this graph", []node{x, {}}, nil},
	}
	for _, c := range cases {
		if _, err := dev.Compile(g, device.Request{Outputs: c.outputs, Assigns: c.assigns}); err == nil || err.Error() != c.want {
			t.Errorf("error %v\n want %s", err, c.want)
		}
	}
}

func TestValueOfOtherNodePanics(t *testing.T) {
	g, x := scalarGraph(t, 1)
	y := g.Square(x)
	m := compile(t, g, g.Exp(y))
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "square [], which is not an output") {
			t.Errorf("recovered %q", r)
		}
	}()
	m.Value(y)
}
