//go:build (amd64 || arm64) && !static

package torch

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// Program computes part of a graph.
type Program struct {
	dev  *Device // nil once released
	plan *graph.Plan

	inputs  []*value // that lie on the host
	lows    []*param // that are read in bfloat16
	steps   []*call
	consts  []*call // steps until they have run, once
	values  map[graph.Node]*value
	results []*value
	copies  []*value // results that share memory with what a run or an update changes
	assigns []assign
	updates []*adam // whose memory ends with the program
	outside outside
	record  []*value
	row     []tensor // theirs, of the last run
	rows    *recorder
	records []float32

	capture capture
	memory  device.Memory
	profile bool
	runs    int // since profiling was turned on
	err     error
	asked   *value // whose value is downloaded
	runAll  func() // made once, as fetch is: a fresh closure would allocate
	fetch   func()
}

// value is what one node has at present.
type value struct {
	node   graph.Node
	now    tensor
	dtype  libtorch.DType
	param  *param      // whose values it is, or
	leaf   *graph.Leaf // which the host has, or
	feed   *feed       // from there
	rows   [2][]int    // shape and strides on the host
	by     *call       // which makes it
	kept   bool        // a result, or constant
	copied tensor      // of a result, that a later change does not reach
	held   bool        // of a result, that a graph writes in its place

	host    []float32 // the last download, of a result
	current bool      // host is that of the last run
}

type assign struct {
	dst *param
	src *value
}

// Compile plans a program. It takes memory for inputs, and for parameters that the
// device has not met.
func (d *Device) Compile(g *graph.Builder, r device.Request) (device.Program, error) {
	plan, err := graph.NewPlan(g, r.Outputs, r.Assigns, r.Keep)
	if err != nil {
		return nil, err
	}
	for _, n := range plan.Nodes {
		if op := n.Def(); op != nil && table[op] == nil {
			return nil, fmt.Errorf("graph: compile: %s: no operation of PyTorch", n.Where())
		}
	}
	if old, ok := r.Replaces.(*Program); ok && old != nil {
		old.Release()
	}
	p := &Program{dev: d, plan: plan, values: map[graph.Node]*value{}, outside: outside{by: r.Sum}}
	p.runAll, p.fetch, p.outside.proceed = p.run, p.download, p.proceed
	if err := d.call(func() {
		p.build(g)
		p.keepRecords(r.Record)
	}); err != nil {
		p.Release()
		return nil, err
	}
	d.programs = append(d.programs, p)
	return p, nil
}

// build makes the values and the steps. It is for the device's thread.
func (p *Program) build(g *graph.Builder) {
	for _, n := range p.plan.Nodes {
		v := &value{node: n}
		v.rows[0], v.rows[1] = rows(n.Shape())
		p.values[n] = v
		if leaf := g.Leaf(n); leaf != nil {
			p.addLeaf(v, leaf)
			continue
		}
		c := &call{dev: p.dev, Lib: p.dev.lib, f: table[n.Def()], attr: n.Attr(), out: v, shape: n.Shape(), size: sizes(n.Shape())}
		c.like, c.likeStrides = p.dev.memory(c.shape)
		for _, in := range p.plan.In(n) {
			c.from = append(c.from, p.values[in])
			c.shapes = append(c.shapes, in.Shape())
		}
		c.in = make([]tensor, len(c.from))
		v.by, v.kept = c, p.plan.Const(n)
		v.dtype, c.dtype = types(p.plan, n)
		if v.kept {
			p.consts = append(p.consts, c)
		} else {
			p.steps = append(p.steps, c)
		}
		p.outside.any = p.outside.any || n.Def().Outside
		p.outside.sums = p.outside.sums || n.Def() == graph.OpSumProcesses
	}
	for _, n := range p.plan.Results {
		if v := p.values[n]; !slices.Contains(p.results, v) {
			v.kept, v.dtype = true, libtorch.Float32
			p.results = append(p.results, v)
			if v.borrows() {
				p.copies = append(p.copies, v)
			}
		}
	}
	for _, a := range p.plan.Assigns {
		p.assigns = append(p.assigns, assign{p.dev.meet(a.Dst), p.values[a.Src]})
	}
	p.mix()
	p.pair()
	p.free()
	p.measure()
}

// keepRecords makes the place for what is recorded of every run.
func (p *Program) keepRecords(nodes []graph.Node) {
	for _, n := range nodes {
		p.record = append(p.record, p.values[n])
	}
	p.row, p.rows = make([]tensor, len(nodes)), p.dev.newRecorder(len(nodes))
}

func (p *Program) addLeaf(v *value, leaf *graph.Leaf) {
	v.kept = true
	switch l := p.dev.lib; {
	case leaf.Param != nil:
		v.param = p.dev.meet(leaf.Param)
	case leaf.Const:
		v.now = p.dev.value(leaf.Data[0], 0)
	default:
		v.leaf = leaf
		shape, strides := p.dev.memory(v.node.Shape())
		v.now = l.Keep(l.Empty(libtorch.Float32, shape, strides))
		v.feed = p.dev.newFeed(v.now, v.rows[0], v.rows[1])
		p.inputs = append(p.inputs, v)
	}
}

// borrows reports whether a result may lie in memory that an assignment, an update
// or the next run's inputs change.
func (v *value) borrows() bool {
	for v.by != nil {
		if !views[v.node.Def()] {
			return false
		}
		v = v.by.from[0]
	}
	return true
}

// free finds the last reader of every value.
func (p *Program) free() {
	last := map[*value]*call{}
	for _, c := range p.steps {
		for _, v := range c.from {
			last[v] = c
		}
		last[c.out] = c // its readers come later
		for of := c.of; of != nil; of = of.of {
			last[of.out] = c // what it keeps beside its value
		}
	}
	for v, c := range last {
		if v.by != nil && !p.plan.Const(v.node) {
			c.last = append(c.last, v)
		}
	}
}

// measure says what the program needs by the plan of its values.
func (p *Program) measure() {
	_, activations := p.plan.Place(true)
	p.memory = device.Memory{Activations: 4 * activations, Operations: len(p.steps)}
	for _, v := range p.values {
		switch {
		case v.leaf != nil:
			p.memory.Inputs += 4 * v.node.Shape().Size()
		case v.by != nil && v.kept:
			p.memory.Results += 4 * v.node.Shape().Size()
		}
	}
}

// Run executes every operation once.
func (p *Program) Run() error {
	if p.dev == nil {
		return errors.New("torch: run of a program that was released")
	}
	if p.outside.any {
		return p.runOutside()
	}
	p.dev.do(p.runAll)
	return p.err
}

// run is Run on the device's thread, up to what is outside of the device.
func (p *Program) run() {
	for _, v := range p.results {
		v.current = false
	}
	for _, v := range p.inputs {
		v.feed.send(v.leaf.Data)
	}
	for _, w := range p.lows {
		w.lower(p.dev.lib)
	}
	p.err = p.dev.take()
	if !p.captured() {
		p.forget()
		p.compute()
	}
	p.complete()
}

// complete takes note of a run that is done, and of its error.
func (p *Program) complete() {
	if p.outside.waits != nil {
		return
	}
	if p.err == nil {
		for i, v := range p.record {
			p.row[i] = v.result()
		}
		p.rows.add(p.row...)
	}
	if err := p.dev.take(); p.err == nil {
		p.err = err
	}
}

// forget gives back the copies of results that the last run has made.
func (p *Program) forget() {
	for _, v := range p.results {
		p.dev.lib.Free(v.copied)
		v.copied = 0
	}
}

// compute executes every operation, of inputs that the device has.
func (p *Program) compute() {
	for _, c := range p.consts {
		p.step(c)
	}
	if p.err == nil {
		p.consts = nil
	}
	if p.profile {
		p.runs++
	}
	p.outside.next = 0
	p.computeOn()
}

// computeOn executes what is left of the steps, up to what is outside of the device.
func (p *Program) computeOn() {
	l := p.dev.lib
	for p.outside.waits == nil && p.outside.next < len(p.steps) {
		c := p.steps[p.outside.next]
		p.outside.next++
		p.step(c)
	}
	if p.outside.waits != nil {
		return
	}
	for _, v := range p.copies {
		v.copied = l.Keep(l.Call(opClone).T(v.read()).None().One())
	}
	for _, a := range p.assigns {
		l.Copy(a.dst.value, a.src.result())
		a.dst.changed()
	}
}

// step executes one operation, unless one before it has failed, and gives back
// what nobody will read.
func (p *Program) step(c *call) {
	if p.err != nil {
		return
	}
	start := time.Time{}
	if p.profile {
		start = time.Now()
	}
	l := c.Lib
	l.Free(c.out.now)
	for i, v := range c.from {
		c.in[i] = c.input(v)
	}
	c.out.now = l.Keep(c.to(c.out.dtype, c.f(c)))
	l.FreeTemps()
	if c.out.node.Def().Outside {
		p.goOutside(c)
	}
	if err := l.Err(); err != nil && p.err == nil {
		p.err = fmt.Errorf("%s: %w", c.out.node.Where(), err)
	}
	if p.profile {
		l.Synchronize()
		c.spent += time.Since(start)
	}
	for _, v := range c.last {
		v.by.drop(!v.kept)
	}
}

// input is a value as the call wants it.
func (c *call) input(v *value) tensor {
	if v.param != nil {
		return v.param.read(c.dtype, false)
	}
	if v.dtype == c.dtype {
		return v.now
	}
	return c.to(c.dtype, v.now)
}

// to is t in a type; t itself if it has that.
func (c *call) to(d libtorch.DType, t tensor) tensor {
	if !c.mixed {
		return t // there is no other type
	}
	return c.Call(opTo).T(t).DType(d).Bool(false).Bool(false).None().One()
}

// read is the value as operations see it.
func (v *value) read() tensor {
	if v.param != nil {
		return v.param.value
	}
	return v.now
}

// result is the value of a result once a run is complete.
func (v *value) result() tensor {
	if v.copied != 0 {
		return v.copied
	}
	return v.now
}

// drop gives back what a call has kept, and its value if nobody wants that.
func (c *call) drop(value bool) {
	for i, t := range c.kept {
		c.Free(t)
		c.kept[i] = 0
	}
	if value {
		c.Free(c.out.now)
		c.out.now = 0
	}
}

// Value is the value of one of the outputs, row-major. It waits for the device.
func (p *Program) Value(n graph.Node) []float32 {
	v := p.values[n]
	if v == nil || !slices.Contains(p.plan.Results, n) {
		panic(fmt.Sprintf("torch: value of %v, which is not an output of this program", n))
	}
	if v.current {
		return v.host
	}
	if v.host == nil {
		v.host = make([]float32, n.Shape().Size())
	}
	v.current = true
	p.asked = v
	p.dev.do(p.fetch)
	return v.host
}

// Records are the recorded values of the runs since it was last asked.
func (p *Program) Records() []float32 {
	if p.dev == nil {
		return nil
	}
	p.records = p.records[:0]
	for _, v := range p.rows.take() {
		p.records = append(p.records, float32(v))
	}
	return p.records
}

// download is Value on the device's thread.
func (p *Program) download() {
	v := p.asked
	if t := v.result(); t != 0 {
		p.dev.lib.Download(v.host, v.rows[0], v.rows[1], t)
	}
	p.dev.finish()
}

// Memory is what the program needs by the plan of its values. The device's
// allocator may take more.
func (p *Program) Memory() device.Memory { return p.memory }

// Release gives the program's memory back.
func (p *Program) Release() {
	if p.dev == nil {
		return
	}
	p.dev.do(func() {
		p.uncapture()
		for _, a := range p.updates {
			a.release()
		}
		if p.rows != nil {
			p.rows.release()
		}
		for _, v := range p.values {
			if v.by != nil {
				v.by.drop(true)
			}
			if v.leaf != nil {
				v.feed.free()
				p.dev.lib.Free(v.now)
			}
			p.dev.lib.Free(v.copied)
		}
	})
	p.dev.programs = slices.DeleteFunc(p.dev.programs, func(q *Program) bool { return q == p })
	*p = Program{}
}

// Profile turns timing of every operation on, from zero, or off.
func (p *Program) Profile(on bool) {
	p.profile, p.runs = on, 0
	for _, c := range p.steps {
		c.spent = 0
	}
}

// Costs are what every operation has cost since Profile(true).
func (p *Program) Costs() (runs int, costs []device.OpCost) {
	for _, c := range p.steps {
		n := c.out.node
		costs = append(costs, device.OpCost{Op: n.Def().Name, Layer: n.Layer(), FLOP: n.FLOP(), Time: c.spent})
	}
	return p.runs, costs
}
