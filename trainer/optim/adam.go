package optim

import (
	"fmt"
	"math"
	"slices"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// maxSteps is where a step count stops. Counts up to it are exact in a float32
// tensor, and the bias corrections have long since reached 1.
const maxSteps = 1 << 24

// Adam is torch.optim.Adam over a fixed list of parameters: moments and a step
// count for each. A parameter that is not bound keeps all three, so freezing and
// unfreezing continues where it left off. Moments are allocated when a parameter
// is first bound.
type Adam struct {
	dev    device.Device
	slots  []*slot
	byName map[string]*slot
	rated  bool       // whether factors of the learning rate count
	sum    device.Sum // of the gradients of processes that train together; nil for one
}

// slot is the optimizer's side of one parameter.
type slot struct {
	param *models.Param
	m, v  *models.Param // nil until bound or loaded
	steps int64         // updates so far, at most maxSteps

	factor float64 // of the learning rate, where some parameter has another than 1
}

func (s *slot) allocate() {
	if s.m == nil {
		s.m = models.NewParam("m/"+s.param.Name, s.param.Shape...)
		s.v = models.NewParam("v/"+s.param.Name, s.param.Shape...)
	}
}

// NewAdam makes an optimizer for params, whose names must differ.
func NewAdam(params []*models.Param, dev device.Device) *Adam {
	a := &Adam{dev: dev, byName: make(map[string]*slot, len(params))}
	for _, p := range params {
		if a.byName[p.Name] != nil {
			panic(fmt.Sprintf("optim: parameter %q listed twice", p.Name))
		}
		s := &slot{param: p, factor: 1}
		a.slots = append(a.slots, s)
		a.byName[p.Name] = s
	}
	return a
}

// SumBy has every step follow the sum of the gradients of all processes.
func (a *Adam) SumBy(s device.Sum) { a.sum = s }

// Binding is the part of an Adam that trains, together with the places where
// its gradients appear. Several bindings may share an Adam: the discriminator's
// loss and its R1 penalty do.
type Binding struct {
	adam         *Adam
	slots        []*slot
	plan         device.Adam
	steps        []int64
	rates        []float64 // factors of the learning rate
	corr1, corr2 []float32 // 1-beta^t of each slot at the current step
}

// Bind names the parameters that train and for each the gradient, an output of
// a program, read and cleaned in place by every Step. Bind again when the frozen
// set or the program changes.
func (a *Adam) Bind(params []*models.Param, program device.Program, grads []graph.Node) (*Binding, error) {
	if len(params) != len(grads) {
		return nil, fmt.Errorf("optim: %d gradients for %d parameters", len(grads), len(params))
	}
	b := &Binding{adam: a, steps: make([]int64, len(params)), rates: make([]float64, len(params)), corr1: make([]float32, len(params)), corr2: make([]float32, len(params))}
	seen := make(map[string]bool, len(params))
	for i, p := range params {
		s := a.byName[p.Name]
		switch {
		case s == nil || s.param != p:
			return nil, fmt.Errorf("optim: parameter %q is not one of this optimizer's", p.Name)
		case seen[p.Name]:
			return nil, fmt.Errorf("optim: parameter %q bound twice", p.Name)
		case grads[i].Shape().Size() != len(p.Data):
			return nil, fmt.Errorf("optim: parameter %q: gradient of %d values, want %d", p.Name, grads[i].Shape().Size(), len(p.Data))
		}
		seen[p.Name] = true
		b.slots = append(b.slots, s)
	}
	places := make([]device.AdamSlot, len(params))
	for i, s := range b.slots {
		s.allocate()
		places[i] = device.AdamSlot{Param: s.param, M: s.m, V: s.v, Program: program, Grad: grads[i]}
	}
	var err error
	b.plan, err = a.dev.PlanAdam(places)
	return b, err
}

// Step cleans the gradients (NaN to 0, infinities to ±1e5) and updates the bound
// parameters.
func (b *Binding) Step(h Hyper) error {
	for i, s := range b.slots {
		s.steps = min(s.steps+1, maxSteps)
		b.steps[i] = s.steps
		b.rates[i] = s.factor
		b.corr1[i] = correction(h.Beta1, s.steps)
		b.corr2[i] = correction(h.Beta2, s.steps)
	}
	step := device.AdamStep{LR: h.LR, Beta1: h.Beta1, Beta2: h.Beta2, Eps: h.Eps, Steps: b.steps, Corr1: b.corr1, Corr2: b.corr2, Sum: b.adam.sum}
	if b.adam.rated {
		step.Rates = b.rates
	}
	return b.plan.Step(step)
}

// Records are what each Step since it was last asked found in the gradients,
// oldest first, valid until the next Step. It waits for the device.
func (b *Binding) Records() []device.AdamRecord { return b.plan.Records() }

// correction is 1-beta^t for the beta that the float32 kernel uses, so that the
// first steps' corrections cancel exactly.
func correction(beta float64, t int64) float32 {
	return float32(1 - math.Pow(float64(float32(beta)), float64(t)))
}

// Updates reports whether a parameter is one of this optimizer's.
func (a *Adam) Updates(p *models.Param) bool {
	s := a.byName[p.Name]
	return s != nil && s.param == p
}

// Steps is the number of updates that the named parameter has had.
func (a *Adam) Steps(name string) int64 {
	if s := a.byName[name]; s != nil {
		return s.steps
	}
	return 0
}

// State returns the optimizer's memory as tensors "m/<name>" and "v/<name>" in
// the parameter's shape and "step/<name>" [1], for each parameter that has been
// updated. The moments are the optimizer's own, not copies: write them out or
// Clone before the next step.
func (a *Adam) State() *models.ParamSet {
	state := models.NewParamSet()
	for _, s := range a.slots {
		if s.steps == 0 {
			continue
		}
		state.Add(s.m)
		state.Add(s.v)
		state.Add(&models.Param{Name: "step/" + s.param.Name, Shape: []int{1}, Data: []float32{float32(s.steps)}})
	}
	return state
}

// Load replaces the optimizer's memory by what State returned. A parameter that
// the state lacks starts anew. On an error nothing changes. Bindings stay
// valid.
func (a *Adam) Load(state *models.ParamSet) error {
	expected := 0
	for _, s := range a.slots {
		n, err := s.check(state)
		if err != nil {
			return err
		}
		expected += n
	}
	if expected != len(state.All()) {
		for _, p := range state.All() {
			if !a.holds(p.Name) {
				return fmt.Errorf("optim: state %q belongs to no parameter", p.Name)
			}
		}
	}
	var moments []*models.Param
	for _, s := range a.slots {
		s.load(state)
		if s.m != nil {
			moments = append(moments, s.m, s.v)
		}
	}
	return a.dev.Upload(moments...)
}

// holds reports whether name is that of a tensor State might return.
func (a *Adam) holds(name string) bool {
	for _, prefix := range []string{"m/", "v/", "step/"} {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix && a.byName[name[len(prefix):]] != nil {
			return true
		}
	}
	return false
}

// check validates the tensors of one parameter and returns how many there are.
func (s *slot) check(state *models.ParamSet) (int, error) {
	name := s.param.Name
	tensors := []*models.Param{state.Get("m/" + name), state.Get("v/" + name), state.Get("step/" + name)}
	shapes := [][]int{s.param.Shape, s.param.Shape, {1}}
	n := 0
	for i, p := range tensors {
		if p == nil {
			continue
		}
		n++
		if !slices.Equal(p.Shape, shapes[i]) {
			return 0, fmt.Errorf("optim: state %q: shape %v, want %v", p.Name, p.Shape, shapes[i])
		}
	}
	if n != 0 && n != len(tensors) {
		return 0, fmt.Errorf("optim: parameter %q: %d of its 3 state tensors m, v and step", name, n)
	}
	if n > 0 {
		steps := tensors[2].Data[0]
		if !(steps >= 1 && steps <= maxSteps) || steps != float32(int64(steps)) {
			return 0, fmt.Errorf("optim: state %q: %v, want a whole number from 1 to %d", tensors[2].Name, steps, maxSteps)
		}
	}
	return n, nil
}

// load takes over the tensors of one parameter, copying into the slices that
// bindings use.
func (s *slot) load(state *models.ParamSet) {
	step := state.Get("step/" + s.param.Name)
	if step == nil {
		s.steps = 0
		if s.m != nil {
			clear(s.m.Data)
			clear(s.v.Data)
		}
		return
	}
	s.allocate()
	copy(s.m.Data, state.Get(s.m.Name).Data)
	copy(s.v.Data, state.Get(s.v.Name).Data)
	s.steps = int64(step.Data[0])
}
