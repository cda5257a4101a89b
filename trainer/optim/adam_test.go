package optim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/npz"
	"innate/trainer/optim"
)

// genHyper is the Adam of GDD's generator and, before Lazy, discriminator.
func genHyper(lr float64) optim.Hyper { return optim.Hyper{LR: lr, Beta2: 0.99, Eps: 1e-8} }

// edmHyper is the Adam of EDM, which trains teachers.
func edmHyper(lr float64) optim.Hyper {
	return optim.Hyper{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
}

func newDevice(t testing.TB, threads int) device.Device {
	dev := cpu.New(threads)
	t.Cleanup(dev.Close)
	return dev
}

// golden reads the arrays that torch.optim.Adam and EDM's formula produced.
func golden(t *testing.T) map[string]npz.Array {
	t.Helper()
	arrays, err := npz.Load("testdata/optim.npz")
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

func param(name string, values ...float32) *models.Param {
	return &models.Param{Name: name, Shape: []int{len(values)}, Data: values}
}

// given is a program whose outputs are given slices.
type given struct {
	device.Program
	values map[graph.Node][]float32
}

func (g *given) Value(n graph.Node) []float32 { return g.values[n] }

// gradients is a program with those outputs.
func gradients(grads [][]float32) (device.Program, []graph.Node) {
	g, p := graph.NewBuilder(), &given{values: map[graph.Node][]float32{}}
	var nodes []graph.Node
	for i, grad := range grads {
		n := g.Input(fmt.Sprint(i), len(grad))
		p.values[n] = grad
		nodes = append(nodes, n)
	}
	return p, nodes
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func bind(t *testing.T, a *optim.Adam, params []*models.Param, grads ...[]float32) *optim.Binding {
	t.Helper()
	program, nodes := gradients(grads)
	b, err := a.Bind(params, program, nodes)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAdamGolden(t *testing.T) {
	arrays := golden(t)
	for name, h := range map[string]optim.Hyper{
		"adam_edm":  edmHyper(1e-3),
		"adam_gen":  genHyper(1e-4),
		"adam_disc": genHyper(1e-4).Lazy(16),
	} {
		p := models.NewParam("p", 6)
		for i, v := range arrays["adam_p0"].Data {
			p.Data[i] = float32(v)
		}
		grad := make([]float32, 6)
		b := bind(t, optim.NewAdam([]*models.Param{p}, newDevice(t, 1)), []*models.Param{p}, grad)
		for step := range 5 {
			for i := range grad {
				grad[i] = float32(arrays["adam_g"].Data[step*6+i])
			}
			b.Step(h)
			for i, v := range p.Data {
				want := arrays[name].Data[step*6+i]
				// One rounding of the parameter and a millionth of the update.
				if d := math.Abs(float64(v) - want); d > 6e-8*math.Abs(want)+1e-6*h.LR {
					t.Errorf("%s: step %d, value %d: %.9g, want %.9g", name, step, i, v, want)
				}
			}
		}
	}
}

func TestLazyCorrection(t *testing.T) {
	h := genHyper(1e-4).Lazy(16)
	if math.Abs(h.LR-1e-4*16/17) > 1e-18 || h.Beta1 != 0 || math.Abs(h.Beta2-0.9905855) > 1e-7 || h.Eps != 1e-8 {
		t.Errorf("lazy %+v", h)
	}
	if got := genHyper(1e-4).Lazy(0); got != genHyper(1e-4) {
		t.Errorf("without a regulariser %+v", got)
	}
}

func TestAdamCleansGradients(t *testing.T) {
	inf := float32(math.Inf(1))
	p := param("p", 1, 1, 1, 1)
	grad := []float32{float32(math.NaN()), inf, -inf, 0.5}
	b := bind(t, optim.NewAdam([]*models.Param{p}, newDevice(t, 1)), []*models.Param{p}, grad)
	must(t, b.Step(genHyper(0.1)))
	if want := []float32{0, 1e5, -1e5, 0.5}; !slices.Equal(grad, want) {
		t.Errorf("gradients %v, want %v", grad, want)
	}
	for i, want := range []float32{1, 0.9, 1.1, 0.9} {
		if math.Abs(float64(p.Data[i]-want)) > 1e-6 {
			t.Errorf("value %d is %v, want %v", i, p.Data[i], want)
		}
	}
	must(t, b.Step(genHyper(0.1)))
	if found := b.Records(); len(found) != 2 || found[0].NonFinite != 3 || found[1].NonFinite != 0 || found[1].GradSquares != 2e10+0.25 {
		t.Errorf("found %+v, want 3 values to clean in the first step and none in the second", found)
	}
	if again := b.Records(); len(again) != 0 {
		t.Errorf("found %+v when asked again, want nothing", again)
	}
}

// system is two parameters with gradients that a seeded stream provides.
type system struct {
	params []*models.Param
	grads  [][]float32
	rng    *rand.Rand
}

func newSystem(sizes ...int) *system {
	s := &system{rng: rand.New(rand.NewPCG(1, 2))}
	for i, n := range sizes {
		p := models.NewParam(string(rune('a'+i)), n)
		for j := range p.Data {
			p.Data[j] = float32(s.rng.NormFloat64())
		}
		s.params = append(s.params, p)
		s.grads = append(s.grads, make([]float32, n))
	}
	return s
}

func (s *system) draw() {
	for _, g := range s.grads {
		for j := range g {
			g[j] = float32(s.rng.NormFloat64())
		}
	}
}

func (s *system) values() []float32 {
	var all []float32
	for _, p := range s.params {
		all = append(all, p.Data...)
	}
	return all
}

func TestAdamFrozenKeepsState(t *testing.T) {
	s := newSystem(3, 4)
	a := optim.NewAdam(s.params, newDevice(t, 1))
	both := bind(t, a, s.params, s.grads...)
	first := bind(t, a, s.params[:1], s.grads[0])
	s.draw()
	both.Step(edmHyper(0.1))
	frozen := slices.Clone(s.params[1].Data)
	moment := slices.Clone(a.State().Get("m/b").Data)
	for range 3 {
		s.draw()
		first.Step(edmHyper(0.1))
	}
	if !slices.Equal(s.params[1].Data, frozen) || !slices.Equal(a.State().Get("m/b").Data, moment) {
		t.Error("an unbound parameter or its moments changed")
	}
	if a.Steps("a") != 4 || a.Steps("b") != 1 || a.Steps("c") != 0 {
		t.Errorf("steps %d, %d, %d; want 4, 1, 0", a.Steps("a"), a.Steps("b"), a.Steps("c"))
	}

	// Thawed, it continues as if the steps in between had not been: compare
	// with an optimizer that only knows b.
	lone := newSystem(3, 4)
	alone := bind(t, optim.NewAdam(lone.params, newDevice(t, 1)), lone.params[1:], lone.grads[1])
	lone.draw()
	alone.Step(edmHyper(0.1))
	copy(lone.grads[1], s.grads[1])
	alone.Step(edmHyper(0.1))
	both.Step(edmHyper(0.1))
	if !slices.Equal(lone.params[1].Data, s.params[1].Data) {
		t.Error("a thawed parameter does not continue from its own state")
	}
}

// TestRates: a parameter with a factor is one with a learning rate of its own, bit for
// bit, and none is a factor of 1.
func TestRates(t *testing.T) {
	rated, slow, fast := newSystem(5, 40000), newSystem(5, 40000), newSystem(5, 40000)
	hyper, tenth := edmHyper(0.1), edmHyper(0.1)
	tenth.LR *= 0.1
	bound := bind(t, optim.NewAdam(rated.params, newDevice(t, 2)), rated.params, rated.grads...)
	bound.SetRates(map[string]float64{"b": 0.1})
	other := bind(t, optim.NewAdam(slow.params, newDevice(t, 2)), slow.params, slow.grads...)
	plain := bind(t, optim.NewAdam(fast.params, newDevice(t, 2)), fast.params, fast.grads...)
	for range 3 {
		for _, s := range []*system{rated, slow, fast} {
			s.draw()
		}
		must(t, bound.Step(hyper))
		must(t, other.Step(tenth))
		must(t, plain.Step(hyper))
	}
	if !slices.Equal(rated.params[0].Data, fast.params[0].Data) || !slices.Equal(rated.params[1].Data, slow.params[1].Data) {
		t.Error("not the values of learning rates of their own")
	}
	bound.SetRates(nil)
	for i, p := range rated.params {
		copy(p.Data, fast.params[i].Data)
	}
	rated.draw()
	fast.draw()
	must(t, bound.Step(hyper))
	must(t, plain.Step(hyper))
	if !slices.Equal(rated.values(), fast.values()) {
		t.Error("without rates a step is another one")
	}

	rates := optim.Rates{{Pattern: "*", Factor: 0.5}, {Pattern: "dec.*", Factor: 0.1}, {Pattern: "dec.b", Factor: 1}}
	factors, err := rates.Resolve([]string{"enc.a", "dec.a", "dec.b"})
	if err != nil || fmt.Sprint(factors) != "map[dec.a:0.1 enc.a:0.5]" {
		t.Errorf("factors %v, %v, want the last line that matches", factors, err)
	}
}

func TestAdamResumeIsExact(t *testing.T) {
	straight, resumed := newSystem(5, 40000), newSystem(5, 40000)
	h := edmHyper(0.01)
	a := optim.NewAdam(straight.params, newDevice(t, 1))
	b := bind(t, a, straight.params, straight.grads...)
	r := optim.NewAdam(resumed.params, newDevice(t, 2))
	rb := bind(t, r, resumed.params, resumed.grads...)
	for step := range 6 {
		straight.draw()
		b.Step(h)
		resumed.draw()
		rb.Step(h)
		if step == 2 { // through a checkpoint into a new optimizer with other threads
			state := r.State().Clone()
			r = optim.NewAdam(resumed.params, newDevice(t, 3))
			rb = bind(t, r, resumed.params, resumed.grads...)
			if err := r.Load(state); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(straight.values(), resumed.values()) {
		t.Error("a resumed run differs")
	}
	if names := r.State().Names(); !slices.Equal(names, []string{"m/a", "v/a", "step/a", "m/b", "v/b", "step/b"}) {
		t.Errorf("state names %v", names)
	}
	if err := r.Load(models.NewParamSet()); err != nil || r.Steps("a") != 0 || len(r.State().All()) != 0 {
		t.Errorf("an empty state: %v, %d steps", err, r.Steps("a"))
	}
}

func TestAdamLoadErrors(t *testing.T) {
	s := newSystem(2)
	a := optim.NewAdam(s.params, newDevice(t, 1))
	bind(t, a, s.params, s.grads...).Step(edmHyper(0.1))
	tensors := func(m, v, step *models.Param) *models.ParamSet {
		set := models.NewParamSet()
		for _, p := range []*models.Param{m, v, step} {
			if p != nil {
				set.Add(p)
			}
		}
		return set
	}
	m, v, step := param("m/a", 7, 7), param("v/a", 7, 7), param("step/a", 3)
	for want, state := range map[string]*models.ParamSet{
		`state "m/a": shape [3], want [2]`:        tensors(param("m/a", 1, 2, 3), v, step),
		`parameter "a": 2 of its 3 state tensors`: tensors(m, nil, step),
		`state "step/a": 0, want a whole number`:  tensors(m, v, param("step/a", 0)),
		`state "step/a": 1.5, want a whole`:       tensors(m, v, param("step/a", 1.5)),
		`state "m/z" belongs to no parameter`:     tensors(param("m/z", 1), nil, nil),
		`state "a" belongs to no parameter`:       tensors(param("a", 1), nil, nil),
	} {
		err := a.Load(state)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if a.Steps("a") != 1 || a.State().Get("m/a").Data[0] == 7 {
		t.Error("a refused state changed the optimizer")
	}
}

func TestAdamBindErrors(t *testing.T) {
	s := newSystem(2, 3)
	a := optim.NewAdam(s.params[:1], newDevice(t, 1))
	for want, b := range map[string]struct {
		params []*models.Param
		grads  [][]float32
	}{
		"1 gradients for 0 parameters":       {nil, s.grads[:1]},
		`"b" is not one of this optimizer`:   {s.params[1:], s.grads[1:]},
		`"a" bound twice`:                    {[]*models.Param{s.params[0], s.params[0]}, [][]float32{s.grads[0], s.grads[0]}},
		`gradient of 3 values, want 2`:       {s.params[:1], s.grads[1:]},
		`parameter "a" is not one of this o`: {[]*models.Param{param("a", 1, 2)}, s.grads[:1]},
	} {
		program, nodes := gradients(b.grads)
		if _, err := a.Bind(b.params, program, nodes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	s := newSystem(5, 40000)
	dev := newDevice(t, 2)
	b := bind(t, optim.NewAdam(s.params, dev), s.params, s.grads...)
	params, avg := models.NewParamSet(), models.NewParamSet()
	for _, p := range s.params {
		params.Add(p)
		avg.Add(p.Clone())
	}
	ema, err := optim.NewEMA(avg, params, dev)
	if err != nil {
		t.Fatal(err)
	}
	s.draw()
	if n := testing.AllocsPerRun(20, func() { b.Step(genHyper(1e-4)) }); n != 0 {
		t.Errorf("an Adam step allocates %v times", n)
	}
	b.SetRates(map[string]float64{"b": 0.1})
	if n := testing.AllocsPerRun(20, func() { b.Step(genHyper(1e-4)) }); n != 0 {
		t.Errorf("an Adam step with rates allocates %v times", n)
	}
	if n := testing.AllocsPerRun(20, func() { ema.Update(0.99) }); n != 0 {
		t.Errorf("an EMA update allocates %v times", n)
	}
}

func BenchmarkAdamStep(b *testing.B) {
	p := models.NewParam("p", 1<<20)
	grad := make([]float32, len(p.Data))
	a := optim.NewAdam([]*models.Param{p}, newDevice(b, 1))
	program, nodes := gradients([][]float32{grad})
	binding, err := a.Bind([]*models.Param{p}, program, nodes)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(4 * len(grad)))
	for b.Loop() {
		binding.Step(genHyper(1e-4))
	}
}
