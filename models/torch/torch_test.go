//go:build linux && (amd64 || arm64) && !static

package torch_test

import (
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/parity"
	"innate/models/device/reference"
	"innate/models/graph"
	"innate/models/torch"
	"innate/models/torch/libtorch"
)

// open returns a device over the PyTorch that the environment leads to; without
// one, the test is skipped.
func open(t *testing.T, o torch.Options) *torch.Device {
	t.Helper()
	if _, err := libtorch.Find(os.Getenv); err != nil {
		t.Skip(err)
	}
	dev, err := torch.New("torch:cpu", o, os.Getenv)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Close)
	return dev.(*torch.Device)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestEveryOperation: there is no operation of the graph without one of PyTorch.
func TestEveryOperation(t *testing.T) {
	for _, op := range graph.Ops() {
		if !torch.Knows(op) {
			t.Errorf("%s: no operation of PyTorch", op.Name)
		}
	}
}

func TestParseName(t *testing.T) {
	for name, want := range map[string]string{"torch:cpu": "cpu", "cuda": "cuda:0", "cuda:0": "cuda:0", "cuda:11": "cuda:11"} {
		if on, ok := torch.ParseName(name); !ok || on.String() != want {
			t.Errorf("%s: %v, %v, want %s", name, on, ok, want)
		}
	}
	for _, name := range []string{"", "cpu", "torch", "torch:cuda", "cuda:", "cuda:-1", "cuda:01", "cuda:x", "CUDA", "gpu"} {
		if on, ok := torch.ParseName(name); ok {
			t.Errorf("%s: taken for %v", name, on)
		}
	}
}

// net is a convolution, a norm of each kind and attention, with all gradients.
type net struct {
	g      *graph.Builder
	x      graph.Node
	params []*models.Param
	loss   graph.Node
	grads  []graph.Node
}

func newNet(t *testing.T, p graph.Precision) *net {
	t.Helper()
	n := &net{g: graph.NewBuilder()}
	g := n.g
	add := func(name string, shape ...int) graph.Node {
		p := models.NewParam(name, shape...)
		for i := range p.Data {
			p.Data[i] = float32(math.Sin(float64(3*i+len(n.params)))) / 4
		}
		n.params = append(n.params, p)
		return g.Param(p)
	}
	n.x = g.Input("x", 3, 8, 8, 4)
	for i := range g.Data(n.x) {
		g.Data(n.x)[i] = float32(math.Cos(float64(i)))
	}
	whole := g.Precision(p)
	end := g.Scope("first")
	h := g.Conv(n.x, add("conv.weight", 8, 4, 3, 3), add("conv.bias", 8), graph.ConvOpts{Stride: 1, Pad: 1})
	h = g.GroupNormSiLU(h, add("norm.weight", 8), add("norm.bias", 8), 2, 1e-5)
	end()
	h = g.Conv(h, add("qkv.weight", 24, 8, 1, 1), graph.Node{}, graph.ConvOpts{Stride: 1})
	h = g.Upsample2(g.Downsample2(g.Attention(h, 2), []int{1, 3, 3, 1}, 1), []int{1, 1})
	h, _, _ = g.BatchNormLeakyReLU(h, add("bn.weight", 8), add("bn.bias", 8), 1e-5, 0.2)
	h = g.GroupNorm(g.Reshape(h, 3, 64, 8), add("rows.weight", 8), add("rows.bias", 8), 4, 1e-5)
	whole()
	if p == graph.BFloat16 { // whose rounding the gradients of a loss near its minimum would drown in
		random := g.Input("random", h.Shape()...)
		for i := range g.Data(random) {
			g.Data(random)[i] = float32(math.Sin(float64(i * i)))
		}
		n.loss = g.Sum(g.Mul(h, random))
	} else {
		n.loss = g.Mean(g.Square(g.Softmax(h)))
	}
	var wrt []graph.Node
	for _, p := range n.params {
		wrt = append(wrt, g.Param(p))
	}
	var err error
	n.grads, err = g.Grad(n.loss, wrt...)
	must(t, err)
	return n
}

func (n *net) outputs() []graph.Node { return append([]graph.Node{n.loss}, n.grads...) }

// near holds values against those of the reference to 5e-5 of the largest, as
// graphtest does.
func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	top := 0.0
	for _, v := range want {
		top = max(top, math.Abs(float64(v)))
	}
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 5e-5*top+1e-9) {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestLayouts: images in either order of memory give the reference's values.
func TestLayouts(t *testing.T) {
	for _, last := range []bool{false, true} {
		n := newNet(t, graph.Float32)
		var want [][]float32
		p, err := reference.Device{}.Compile(n.g, device.Request{Outputs: n.outputs()})
		must(t, err)
		must(t, p.Run())
		for _, o := range n.outputs() {
			want = append(want, p.Value(o))
		}
		dev := open(t, torch.Options{ChannelsLast: last})
		p, err = dev.Compile(n.g, device.Request{Outputs: n.outputs()})
		must(t, err)
		for range 2 {
			must(t, p.Run())
			for i, o := range n.outputs() {
				near(t, o.String(), p.Value(o), want[i])
			}
		}
	}
}

// TestNoLeak runs, trains and replaces programs: the device ends with no more
// tensors than it had after the first round.
func TestNoLeak(t *testing.T) {
	dev := open(t, torch.Options{Threads: 1})
	n := newNet(t, graph.Float32)
	average := make([]*models.Param, len(n.params))
	slots := make([]device.AdamSlot, len(n.params))
	for i, p := range n.params {
		average[i] = p.Clone()
		slots[i] = device.AdamSlot{Param: p, M: models.NewParam("m", p.Shape...), V: models.NewParam("v", p.Shape...), Grad: n.grads[i]}
	}
	mean, err := dev.PlanAverage(average, n.params)
	must(t, err)
	var p device.Program
	live := 0
	for round := range 40 {
		trained := len(slots) - round%3 // what is frozen changes
		p, err = dev.Compile(n.g, device.Request{Outputs: n.outputs()[:1+trained], Record: n.outputs()[:1], Replaces: p})
		must(t, err)
		for i := range slots {
			slots[i].Program = p
		}
		adam, err := dev.PlanAdam(slots[:trained])
		must(t, err)
		steps, corr := make([]int64, trained), slices.Repeat([]float32{1}, trained)
		for step := range 20 {
			must(t, p.Run())
			for i := range steps {
				steps[i] = int64(step) + 1
			}
			if step == 7 {
				adam.Measure()
			}
			must(t, adam.Step(device.AdamStep{LR: 1e-4, Beta2: 0.99, Eps: 1e-8, Steps: steps, Corr1: corr, Corr2: corr}))
			must(t, mean.Update(0.9))
			p.Value(n.loss)
		}
		adam.Records()
		p.Records()
		adam.Squares(0)
		switch got := dev.Live(); {
		case round == 2:
			live = got
		case round > 2 && round%3 == 2 && got != live:
			t.Fatalf("round %d: %d tensors, %d before", round, got, live)
		}
	}
}

// TestAdamRates: Adam's first step goes as far as the learning rate of each slot says,
// whatever groups the factors make, from step to step.
func TestAdamRates(t *testing.T) {
	dev := open(t, torch.Options{Threads: 1})
	for _, rates := range [][]float64{nil, {1, 0.5, 1}, {0.1, 0.25, 0.5}, {1, 1, 1}} {
		n := newNet(t, graph.Float32)
		p, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()[:4], Record: n.outputs()[:1]})
		must(t, err)
		slots := make([]device.AdamSlot, 3)
		for i, w := range n.params[:3] {
			slots[i] = device.AdamSlot{Param: w, M: models.NewParam("m", w.Shape...), V: models.NewParam("v", w.Shape...), Grad: n.grads[i], Program: p}
		}
		adam, err := dev.PlanAdam(slots)
		must(t, err)
		for _, factor := range []float64{1, 0.5} {
			must(t, p.Run())
			step := device.AdamStep{LR: 0.01, Eps: 1e-12, Steps: []int64{1, 1, 1}, Corr1: []float32{1, 1, 1}, Corr2: []float32{1, 1, 1}}
			for _, r := range rates {
				step.Rates = append(step.Rates, r*factor)
			}
			adam.Measure()
			must(t, adam.Step(step))
			for i, s := range slots {
				moved := 0
				for _, g := range p.Value(s.Grad) {
					if g != 0 {
						moved++
					}
				}
				want := float64(moved) * step.Rate(i) * step.Rate(i)
				if got := adam.Squares(i).Update; math.Abs(got-want) > 1e-3*want {
					t.Errorf("rates %v: slot %d changed by %v, want %v", step.Rates, i, got, want)
				}
			}
		}
	}
}

// TestAllFrozen: an Adam of no parameters steps, which PyTorch's own would refuse.
func TestAllFrozen(t *testing.T) {
	dev := open(t, torch.Options{})
	adam, err := dev.PlanAdam(nil)
	must(t, err)
	must(t, adam.Step(device.AdamStep{LR: 1}))
	mean, err := dev.PlanAverage(nil, nil)
	must(t, err)
	must(t, mean.Update(0.5))
	if found := adam.Records(); len(found) != 1 || found[0] != (device.AdamRecord{}) {
		t.Errorf("one step found %+v, want nothing", found)
	}
}

// TestErrorsNameTheLayer: an operation that PyTorch refuses is named with its layer
// and PyTorch's reason, and the device goes on.
func TestErrorsNameTheLayer(t *testing.T) {
	dev := open(t, torch.Options{})
	g := graph.NewBuilder()
	x := g.Input("x", 2, 3)
	end := g.Scope("enc.broken")
	y := g.Apply(torch.Refused, nil, x)
	end()
	p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{y}})
	must(t, err)
	err = p.Run()
	if err == nil || !strings.HasPrefix(err.Error(), "enc.broken: refused [2 3]: torch: aten::mm: ") {
		t.Errorf("error %v", err)
	}
	n := newNet(t, graph.Float32)
	p, err = dev.Compile(n.g, device.Request{Outputs: n.outputs()})
	must(t, err)
	must(t, p.Run())
}

// TestNoGPU: without CUDA, or without a GPU, a line says so.
func TestNoGPU(t *testing.T) {
	if _, err := libtorch.Find(os.Getenv); err != nil {
		t.Skip(err)
	}
	dev, err := torch.New("cuda:63", torch.Options{}, os.Getenv)
	if err == nil {
		dev.Close()
		t.Skip("64 GPUs")
	}
	if !strings.HasPrefix(err.Error(), "torch: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q", err)
	}
	t.Log(err)
}

// TestBFloat16 computes the middle of a network in bfloat16. Its eight bits leave
// 2^-9 of each rounding; what a dozen of them in a row, and three norms, leave of
// all results together is below 3 %, and above what float32 would. (Of one gradient
// it can be more: what is left of sums that cancel.) A parameter that changes is
// read as it is.
func TestBFloat16(t *testing.T) {
	for _, last := range []bool{false, true} {
		n := newNet(t, graph.BFloat16)
		p, err := reference.Device{}.Compile(n.g, device.Request{Outputs: n.outputs()})
		must(t, err)
		must(t, p.Run())
		dev := open(t, torch.Options{ChannelsLast: last})
		low, err := dev.Compile(n.g, device.Request{Outputs: n.outputs()})
		must(t, err)
		for round := range 2 {
			must(t, low.Run())
			apart, norm := 0.0, 0.0
			for _, o := range n.outputs() {
				for j, want := range p.Value(o) {
					apart += math.Pow(float64(low.Value(o)[j]-want), 2)
					norm += math.Pow(float64(want), 2)
				}
			}
			if d := math.Sqrt(apart / norm); !(d <= 0.03 && d >= 1e-4) {
				t.Errorf("channels last %v, round %d: %.3g apart, relative to the norm", last, round, d)
			}
			if round == 0 { // parameters that change are read as they are
				for _, param := range n.params {
					for i := range param.Data {
						param.Data[i] = -param.Data[i]
					}
				}
				must(t, dev.Upload(n.params...))
				must(t, p.Run())
			}
		}
	}
}

// TestCallsFollowSchemas: what is given to operations is what the schemas of this
// PyTorch ask for. libtorch does not look.
func TestCallsFollowSchemas(t *testing.T) {
	dev := open(t, torch.Options{Threads: 1})
	dev.RecordCalls()
	parity.Run(dev, reference.Device{})
	tr := newTrainee(t, dev)
	tr.schedule()
	n, err := dev.CheckCalls()
	if err != nil {
		t.Error(err)
	}
	if n < 45 {
		t.Errorf("%d operations were called, want 45 or more", n)
	}
}
