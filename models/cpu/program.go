package cpu

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
)

// Program executes part of a graph: the nodes that its outputs need, and no
// others. Everything but inputs, parameters and constants lives in one arena,
// planned so that values share storage when their lifetimes allow it.
type Program struct {
	steps   []step
	copies  []copyStep // outputs and sources that no operation makes
	assigns []copyStep
	values  map[graph.Node][]float32
	arena   []float32
	profile bool
	runs    int // since profiling was turned on
}

// step is one operation of every run.
type step struct {
	run   func()
	node  graph.Node
	spent time.Duration
}

type copyStep struct{ dst, src []float32 }

// Compile plans a program and allocates all that a run needs.
func (d *Device) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	p, err := d.compile(g, r, true)
	if err != nil {
		return nil, err // not a nil *Program in an interface
	}
	return p, nil
}

func (d *Device) compile(g *graph.Builder, r device.Request, reuse bool) (*Program, error) {
	start := time.Now()
	plan, err := graph.NewPlan(g, r.Outputs, r.Assigns)
	if err != nil {
		return nil, err
	}
	for _, n := range plan.Nodes {
		if op := n.Def(); op != nil && !op.Alias && table[op] == nil {
			return nil, fmt.Errorf("graph: compile: %s: no cpu kernel", n.Where())
		}
	}
	offsets, size := plan.Place(reuse)
	m := &Program{arena: takeArena(r.Replaces, size), values: map[graph.Node][]float32{}}
	data := map[graph.Node][]float32{} // by root
	buf := func(n graph.Node) buffer {
		s := n.Shape()
		return buffer{data[plan.Root(n)][:s.Size():s.Size()], s}
	}
	for _, n := range plan.Nodes {
		op := n.Def()
		if op == nil {
			data[n] = g.Leaf(n).Data
			continue
		}
		if op.Alias {
			continue
		}
		if at, ok := offsets[n]; ok {
			data[n] = m.arena[at : at+n.Shape().Size()]
		} else { // a constant
			data[n] = models.AlignedFloats(n.Shape().Size())
		}
		in := make([]buffer, len(n.In()))
		for i, c := range n.In() {
			in[i] = buf(c)
		}
		run := table[op](d.pool, n.Attr(), buf(n), in)
		if plan.Const(n) {
			run()
			continue
		}
		m.steps = append(m.steps, step{run: run, node: n})
	}
	// A result that is an input or a parameter is copied when the run is
	// complete, before any assignment changes it.
	for _, n := range plan.Results {
		if m.values[n] != nil {
			continue
		}
		m.values[n] = buf(n).data
		if l := g.Leaf(plan.Root(n)); l != nil && !l.Const {
			own := models.AlignedFloats(n.Shape().Size())
			m.copies = append(m.copies, copyStep{own, m.values[n]})
			m.values[n] = own
		}
	}
	for _, a := range plan.Assigns {
		m.assigns = append(m.assigns, copyStep{a.Dst.Data, m.values[a.Src]})
	}
	for n := range m.values {
		if !slices.Contains(r.Outputs, n) {
			delete(m.values, n)
		}
	}
	slog.Debug("compile", "operations", len(m.steps), "activation_bytes", 4*len(m.arena), "outputs", len(r.Outputs), "replaces", r.Replaces != nil, "took", time.Since(start))
	return m, nil
}

// takeArena returns an arena of size values: that of a program which is replaced
// if it is large enough, else a new one, for which the old one makes room first.
func takeArena(replaced device.Program, size int) []float32 {
	old, ok := replaced.(*Program)
	if !ok || old == nil {
		return models.AlignedFloats(size)
	}
	arena := old.arena
	old.Release()
	if cap(arena) >= size {
		return arena[:size]
	}
	arena = nil
	runtime.GC() // or the heap would hold both for a while
	return models.AlignedFloats(size)
}

// Run executes every operation once. It does not allocate and has no errors.
func (m *Program) Run() error {
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
	return nil
}

func (m *Program) runProfiled() {
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

// Value is the value of one of the outputs, row-major.
func (m *Program) Value(n graph.Node) []float32 {
	v, ok := m.values[n]
	if !ok {
		panic(fmt.Sprintf("cpu: value of %v, which is not an output of this program", n))
	}
	return v
}

// Memory is the arena's size, and how many operations a run executes.
func (m *Program) Memory() device.Memory {
	return device.Memory{Activations: 4 * len(m.arena), Operations: len(m.steps)}
}

// Release drops the program's storage.
func (m *Program) Release() { *m = Program{} }

// Profile turns timing of every operation on, from zero, or off.
func (m *Program) Profile(on bool) {
	m.profile, m.runs = on, 0
	for i := range m.steps {
		m.steps[i].spent = 0
	}
}

// Costs are what every operation has cost since Profile(true), and how many runs
// there were.
func (m *Program) Costs() (runs int, costs []device.OpCost) {
	costs = make([]device.OpCost, len(m.steps))
	for i, s := range m.steps {
		costs[i] = device.OpCost{Op: s.node.Def().Name, Layer: s.node.Layer(), FLOP: s.node.FLOP(), Time: s.spent}
	}
	return m.runs, costs
}
