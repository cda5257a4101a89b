package graph

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorgonia.org/gorgonia"

	"innate/models"
	"innate/models/kernels"
)

// Assign copies Src's value to Dst.Data when a run is complete.
type Assign struct {
	Dst *models.Param
	Src Node
}

// Machine executes part of a graph on the cpu: the nodes that its outputs need,
// and no others. Inputs and parameters are read where they are; everything else
// lives in one arena, planned so that values share storage when their lifetimes
// allow it. A Machine must not be used by two goroutines at once, nor two
// machines that share parameters or inputs.
type Machine struct {
	steps   []step
	copies  []copyStep // outputs and sources that no operation makes
	assigns []copyStep
	values  map[Node][]float32
	arena   []float32
	profile bool
	runs    int // since profiling was turned on
}

var _ gorgonia.VM = (*Machine)(nil)

// step is one operation of every run.
type step struct {
	run   func()
	op    *op
	spent time.Duration
}

type copyStep struct{ dst, src []float32 }

// Compile plans a machine that computes outputs and the sources of assigns. It
// allocates all that a run needs; what depends on constants alone is computed
// now, once. The pool belongs to the caller and must outlive the machine.
func Compile(g *Builder, pool *kernels.Pool, outputs []Node, assigns ...Assign) (*Machine, error) {
	return compile(g, pool, outputs, assigns, true)
}

func compile(g *Builder, pool *kernels.Pool, outputs []Node, assigns []Assign, reuse bool) (*Machine, error) {
	results := slices.Clone(outputs)
	for _, a := range assigns {
		results = append(results, a.Src)
	}
	if pool == nil {
		return nil, errors.New("graph: compile: no pool")
	}
	if len(results) == 0 {
		return nil, errors.New("graph: compile: no outputs")
	}
	for i, n := range results {
		if n.IsZero() || n.n.Graph() != g.exprs {
			return nil, fmt.Errorf("graph: compile: result %d, %v, does not belong to this graph", i, n)
		}
	}
	for _, a := range assigns {
		if !a.Src.Shape().Equal(a.Dst.Shape) {
			return nil, fmt.Errorf("graph: compile: assign %q: shape %v, want %v", a.Dst.Name, []int(a.Src.Shape()), a.Dst.Shape)
		}
	}
	p, err := newPlan(g, results)
	if err != nil {
		return nil, err
	}
	p.place(reuse)

	m := &Machine{arena: p.arena, values: map[Node][]float32{}}
	for _, n := range p.order {
		o := n.op()
		if o == nil || o.def.Alias {
			continue
		}
		in := make([]Buf, len(o.in))
		for i, c := range o.in {
			in[i] = p.buf(c)
		}
		run := cpuKernels[o.def](pool, o.attr, p.buf(n), in)
		if p.konst[n] {
			run()
			continue
		}
		m.steps = append(m.steps, step{run: run, op: o})
	}
	// A result that is an input or a parameter is copied when the run is
	// complete, before any assignment changes it.
	for _, n := range results {
		if m.values[n] != nil {
			continue
		}
		m.values[n] = p.buf(n).Data
		if l := g.leaves[p.root[n]]; l != nil && !l.konst {
			own := alignedFloats(n.Shape().Size())
			m.copies = append(m.copies, copyStep{own, m.values[n]})
			m.values[n] = own
		}
	}
	for _, a := range assigns {
		m.assigns = append(m.assigns, copyStep{a.Dst.Data, m.values[a.Src]})
	}
	for n := range m.values {
		if !slices.Contains(outputs, n) {
			delete(m.values, n)
		}
	}
	return m, nil
}

// Run executes every step once. It does not allocate.
func (m *Machine) Run() {
	if m.profile {
		m.runProfiled()
	} else {
		for i := range m.steps {
			m.steps[i].run()
		}
	}
	for _, c := range m.copies {
		copy(c.dst, c.src)
	}
	for _, a := range m.assigns {
		copy(a.dst, a.src)
	}
}

func (m *Machine) runProfiled() {
	m.runs++
	last := time.Now()
	for i := range m.steps {
		s := &m.steps[i]
		s.run()
		now := time.Now()
		s.spent += now.Sub(last)
		last = now
	}
}

// Value is the value of one of the outputs, row-major. It is valid until the
// next run, and must not be changed.
func (m *Machine) Value(n Node) []float32 {
	v, ok := m.values[n]
	if !ok {
		panic(fmt.Sprintf("graph: value of %v, which is not an output of this machine", n))
	}
	return v
}

// ArenaBytes is the size of the storage that intermediate values share.
func (m *Machine) ArenaBytes() int { return 4 * len(m.arena) }

// NodeCount is the number of operations that one run executes.
func (m *Machine) NodeCount() int { return len(m.steps) }

// RunAll is Run, for gorgonia.VM.
func (m *Machine) RunAll() error {
	m.Run()
	return nil
}

// Reset does nothing: every run starts from the inputs alone. It is part of
// gorgonia.VM.
func (m *Machine) Reset() {}

// Close drops the machine's storage; it cannot run any more. The pool is the
// caller's to close.
func (m *Machine) Close() error {
	*m = Machine{}
	return nil
}

// OpCost is what one operation of a machine has cost since Profile(true).
type OpCost struct {
	Op    string        // its kind: conv, group_norm_grad, …
	Layer string        // the scope it was built in; a gradient has that of its forward operation
	FLOP  int64         // multiplications and additions of one run; 0 for kinds that count none
	Time  time.Duration // of all runs
}

// Profile turns timing of every operation on, from zero, or off.
func (m *Machine) Profile(on bool) {
	m.profile, m.runs = on, 0
	for i := range m.steps {
		m.steps[i].spent = 0
	}
}

// Runs is how often the machine has run since Profile(true).
func (m *Machine) Runs() int { return m.runs }

// Report is what every operation has cost since Profile(true), in the order in
// which a run executes them.
func (m *Machine) Report() []OpCost {
	report := make([]OpCost, len(m.steps))
	for i, s := range m.steps {
		report[i] = OpCost{Op: s.op.def.Name, Layer: strings.Join(s.op.scope, "."), FLOP: s.op.flop(), Time: s.spent}
	}
	return report
}
