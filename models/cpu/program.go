package cpu

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/kernels"
)

// Program executes part of a graph: the nodes that its outputs need, and no
// others. The package says where its values lie.
type Program struct {
	dev *Device // nil once released
	g   *graph.Builder

	plan    *graph.Plan
	offsets map[graph.Node]int // in the arena, by root
	arena   int                // values in the workspace, planned by lifetime …
	scratch int                // … and before them, as many as the operation that needs most
	inputs  int                // values on the host that a run reads beside parameters

	own    []float32                // in one piece: …
	kept   map[graph.Node][]float32 // … results and constants, by root …
	values map[graph.Node][]float32 // … and results, which may be copies of a leaf

	norms  map[normOf]*normStats // statistics that a gradient reads again
	packed []packedUse           // weights that its convolutions could have kept for them

	consts  []step // until they have run, once
	steps   []step
	copies  []copyStep // results that no operation makes
	sum     device.Sum // over processes; nil for none
	failed  error      // of what is outside, in this run
	record  []graph.Node
	records []float32 // of the runs since they were asked for
	assigns []copyStep

	bound   int // workspace.moved of the place where steps run
	profile bool
	runs    int // since profiling was turned on
}

// recordRuns is how many runs have room for what they record before more is taken:
// those of a tick, as a rule.
const recordRuns = 256

// step is one operation of every run.
type step struct {
	node  graph.Node
	sums  bool   // of a group norm's gradient: it makes its sums as well
	run   func() // nil until bound
	spent time.Duration
}

type copyStep struct{ dst, src []float32 }

// Compile plans a program. Of memory it takes what a run leaves behind; the rest
// is taken when a program first runs.
func (d *Device) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	p, err := d.compile(g, r, true)
	if err != nil {
		return nil, err // not a nil *Program in an interface
	}
	return p, nil
}

func (d *Device) compile(g *graph.Builder, r device.Request, reuse bool) (*Program, error) {
	start := time.Now()
	plan, err := graph.NewPlan(g, r.Outputs, r.Assigns, r.Keep)
	if err != nil {
		return nil, err
	}
	m := &Program{
		dev: d, g: g, plan: plan, bound: -1,
		kept: map[graph.Node][]float32{}, values: map[graph.Node][]float32{}, norms: sharedNorms(plan), sum: r.Sum, record: r.Record,
		records: make([]float32, 0, recordRuns*len(r.Record)),
	}
	shape := func(n graph.Node) buffer { return buffer{shape: n.Shape()} }
	for _, n := range plan.Nodes {
		op := n.Def()
		if op == nil {
			if l := g.Leaf(n); l.Param == nil && !l.Const {
				m.inputs += len(l.Data)
			}
			continue
		}
		if op.Alias {
			continue
		}
		if table[op] == nil {
			return nil, fmt.Errorf("graph: compile: %s: no cpu kernel", n.Where())
		}
		s := step{node: n}
		if k := len(m.steps) - 1; k >= 0 && op == graph.OpGroupNormGrad && m.steps[k].node == plan.In(n)[4] {
			s.sums, m.steps = true, m.steps[:k]
		}
		var count kernels.Region
		m.prepare(s, &count, shape)
		m.scratch = max(m.scratch, count.Size())
		if use, ok := m.packedUseOf(n); ok {
			m.packed = append(m.packed, use)
		}
		if plan.Const(n) {
			m.consts = append(m.consts, s)
		} else {
			m.steps = append(m.steps, s)
		}
	}
	m.offsets, m.arena = plan.Place(reuse)
	var count kernels.Region
	m.keep(&count)
	m.own = takeOver(r.Replaces, count.Size())
	m.keep(kernels.NewRegion(m.own))
	d.work.add(m)
	d.packed.replan = true
	slog.Debug("compile", "operations", len(m.steps), "arena_bytes", 4*m.arena, "scratch_bytes", 4*m.scratch, "kept_bytes", 4*len(m.own),
		"outputs", len(r.Outputs), "replaces", r.Replaces != nil, "took", time.Since(start))
	return m, nil
}

// prepare makes the body of one operation, whose values lie where at says.
func (m *Program) prepare(s step, scratch *kernels.Region, at func(graph.Node) buffer) func() {
	n := s.node
	from := m.plan.In(n)
	in := make([]buffer, len(from))
	for i, c := range from {
		in[i] = at(c)
	}
	if of, ok := normOfNode(m.plan, n); ok {
		in[0].norm = m.norms[of]
	}
	if s.sums {
		in[4].unmade = true
	}
	run := table[n.Def()](m.dev.pool, scratch, n.Attr(), at(n), in)
	if n.Def().Outside {
		return m.outside(run, device.Outside(n, m.sum), at(n).data)
	}
	return run
}

// outside prepares that values, once an operation has made this process's, become what
// change makes of them. After one that failed no other is tried.
func (m *Program) outside(run func(), change func([]float32) error, values []float32) func() {
	return func() {
		if run(); m.failed == nil {
			m.failed = change(values)
		}
	}
}

// keep places what a run leaves behind in r. A result that is an input or a
// parameter is copied when the run is complete, before any assignment changes it.
func (m *Program) keep(r *kernels.Region) {
	for _, n := range m.plan.Nodes {
		if m.plan.Kept(n) {
			m.kept[n] = r.Floats(m.plan.Size(n))
		}
	}
	m.keepNorms(r)
	m.copies, m.assigns = nil, nil
	clear(m.values)
	for _, n := range m.plan.Results {
		if _, done := m.values[n]; done {
			continue
		}
		if l := m.g.Leaf(m.plan.Root(n)); l != nil && !l.Const {
			m.values[n] = r.Floats(len(l.Data))
			m.copies = append(m.copies, copyStep{m.values[n], l.Data})
			continue
		}
		m.values[n] = m.at(nil)(n).data
	}
	for _, a := range m.plan.Assigns {
		m.assigns = append(m.assigns, copyStep{a.Dst.Data, m.values[a.Src]})
	}
}

// at says where values lie, given the arena.
func (m *Program) at(arena []float32) func(graph.Node) buffer {
	return func(n graph.Node) buffer {
		root, s, size := m.plan.Root(n), n.Shape(), m.plan.Size(n)
		if l := m.g.Leaf(root); l != nil {
			return buffer{data: l.Data, shape: s, kept: m.keptOf(l.Param)}
		}
		if kept, ok := m.kept[root]; ok {
			return buffer{data: kept, shape: s}
		}
		lo := m.offsets[root]
		return buffer{data: arena[lo : lo+size : lo+size], shape: s}
	}
}

// keptOf finds the packed forms of a parameter.
func (m *Program) keptOf(p *models.Param) func(kernels.Packing) *kernels.Packed {
	return func(k kernels.Packing) *kernels.Packed { return m.dev.packed.of[packedWeight{p, k}] }
}

// takeOver returns memory for n values: that of a program which is replaced if it
// is enough, else new, for which the old one makes room first.
func takeOver(replaced device.Program, n int) []float32 {
	old, ok := replaced.(*Program)
	if !ok || old == nil {
		return models.AlignedFloats(n)
	}
	own := old.own
	old.Release()
	if cap(own) >= n {
		return own[:n]
	}
	own = nil
	debug.FreeOSMemory() // or the process would hold both for a while
	return models.AlignedFloats(n)
}

// bind makes the steps run where the workspace is now, and computes constants
// the first time.
func (m *Program) bind() error {
	w := &m.dev.work
	if err := w.hold(); err != nil {
		return err
	}
	if err := m.dev.keepPacked(); err != nil {
		return err
	}
	if m.bound == w.moved {
		return nil
	}
	scratch, at := w.values[:m.scratch], m.at(w.values[m.scratch:][:m.arena])
	for _, s := range m.consts {
		m.prepare(s, kernels.NewRegion(scratch), at)()
	}
	m.consts = nil
	for i := range m.steps {
		m.steps[i].run = m.prepare(m.steps[i], kernels.NewRegion(scratch), at)
	}
	m.bound = w.moved
	return nil
}

// Run executes every operation once. It does not allocate, unless the workspace
// has moved since the last run, and fails only if there is no memory for it, or
// another process is lost that it adds up with.
func (m *Program) Run() error {
	if m.dev == nil {
		return errors.New("cpu: run of a program that was released")
	}
	if err := m.bind(); err != nil {
		return err
	}
	m.failed = nil
	if m.profile {
		m.runProfiled()
	} else {
		for i := range m.steps {
			m.steps[i].run()
		}
	}
	if m.failed != nil {
		return m.failed
	}
	for _, c := range m.copies {
		copy(c.dst, c.src)
	}
	for _, a := range m.assigns {
		copy(a.dst, a.src)
	}
	for _, n := range m.record {
		m.records = append(m.records, m.values[n][0])
	}
	return nil
}

// Records are the recorded values of the runs since it was last asked.
func (m *Program) Records() []float32 {
	r := m.records
	m.records = r[:0]
	return r
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

// Memory is what the program has of its own, and what it needs of the workspace.
func (m *Program) Memory() device.Memory {
	return device.Memory{
		Activations: 4 * m.arena, Scratch: 4 * m.scratch, Results: 4 * len(m.own), Inputs: 4 * m.inputs,
		Operations: len(m.steps),
	}
}

// Release gives the program's memory back.
func (m *Program) Release() {
	if m.dev != nil {
		m.dev.work.remove(m)
		m.dev.packed.replan = true
	}
	*m = Program{}
}

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
