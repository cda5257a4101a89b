package graph

import (
	"fmt"
	"slices"

	"innate/models"
)

// Assign copies Src's value to Dst when a run is complete.
type Assign struct {
	Dst *models.Param
	Src Node
}

// Plan says what a device has to do for some results: the nodes that they need
// and no others, in which order, and how long the value of each must live. By its
// Keeping it has values that the graph has no nodes for, which are computed again or
// kept in another form: In, and not the graph, says what an operation reads.
type Plan struct {
	Nodes   []Node   // everything that the results need, inputs first
	Results []Node   // outputs, then the sources of assigns
	Assigns []Assign // in order

	in    map[Node][]Node // of nodes that read something else than in the graph
	root  map[Node]Node   // whose storage a value is; itself unless an alias
	konst map[Node]bool   // depends on constants alone
	kept  map[Node]bool   // roots of results
	last  map[Node]int    // last position in Nodes that reads a root
}

// NewPlan plans the computation of outputs and of the sources of assigns.
func NewPlan(g *Builder, outputs []Node, assigns []Assign, k Keeping) (*Plan, error) {
	p := &Plan{
		Results: slices.Clone(outputs), Assigns: assigns,
		in: map[Node][]Node{}, root: map[Node]Node{}, konst: map[Node]bool{}, kept: map[Node]bool{}, last: map[Node]int{},
	}
	for _, a := range assigns {
		p.Results = append(p.Results, a.Src)
	}
	if len(p.Results) == 0 {
		return nil, fmt.Errorf("graph: compile: no outputs")
	}
	for i, n := range p.Results {
		if n.IsZero() || n.n.Graph() != g.exprs {
			return nil, fmt.Errorf("graph: compile: result %d, %v, does not belong to this graph", i, n)
		}
	}
	for _, a := range assigns {
		if !a.Src.Shape().Equal(a.Dst.Shape) {
			return nil, fmt.Errorf("graph: compile: assign %q: shape %v, want %v", a.Dst.Name, []int(a.Src.Shape()), a.Dst.Shape)
		}
	}
	p.Nodes = reachable(p.Results...)
	p.trace(g)
	if k != (Keeping{}) {
		p.keep(k)
		p.trace(g)
	}
	return p, nil
}

// trace finds out about every node where its storage is, and how long.
func (p *Plan) trace(g *Builder) {
	clear(p.last)
	for i, n := range p.Nodes {
		p.root[n] = n
		o := n.op()
		if o == nil {
			p.konst[n] = g.leaves[n].Const
			continue
		}
		p.konst[n] = !o.def.Outside // which happens every time
		in := p.In(n)
		for _, c := range in {
			p.konst[n] = p.konst[n] && p.konst[c]
			p.last[p.root[c]] = i
		}
		if n.Def().Alias {
			p.root[n] = p.root[in[0]]
		}
	}
	for _, n := range p.Results {
		p.kept[p.root[n]] = true
	}
}

// In are the inputs of the operation that makes n in this plan. The caller must not
// change them.
func (p *Plan) In(n Node) []Node {
	if in, ok := p.in[n]; ok {
		return in
	}
	if o := n.op(); o != nil {
		return o.in
	}
	return nil
}

// Root is the node whose storage n's value is: n itself unless it is an alias.
func (p *Plan) Root(n Node) Node { return p.root[n] }

// Const reports whether n depends on constants alone, so that it need be
// computed only once.
func (p *Plan) Const(n Node) bool { return p.konst[n] }

// Kept reports whether n is what operations make and a run leaves behind: a
// result, or what depends on constants alone. Only roots are.
func (p *Plan) Kept(n Node) bool {
	return n.op() != nil && p.root[n] == n && (p.konst[n] || p.kept[n])
}

// Size is how many float32 values have room where n lies: half as many as n has in
// bfloat16.
func (p *Plan) Size(n Node) int {
	size := n.Shape().Size()
	if n.Def() == OpToBFloat16 {
		size = (size + 1) / 2
	}
	return size
}

// Place arranges what operations make for each other, and nobody needs after a
// run, in one arena of size values: values whose lifetimes overlap never overlap
// there, unless a kernel may write over an input that it is the last to read.
// Offsets are those of roots. With reuse false every value has its own place:
// tests compare the two.
func (p *Plan) Place(reuse bool) (offsets map[Node]int, size int) {
	held := map[Node]*want{} // by root
	var wants []*want
	for i, n := range p.Nodes {
		if n.op() == nil || p.root[n] != n || p.Kept(n) {
			continue
		}
		w := p.inherit(i, n, held)
		if w == nil || !reuse {
			w = &want{size: p.Size(n), from: i}
			wants = append(wants, w)
		}
		w.to = max(i, p.last[n])
		held[n] = w
	}
	size = arrange(wants, reuse)
	offsets = make(map[Node]int, len(held))
	for n, w := range held {
		offsets[n] = w.offset
	}
	return offsets, size
}

// inherit finds the storage of an input that n, at position i, may overwrite: n
// is the last to read it, it has the output's size and its kernel allows it,
// also for every other input that lies there.
func (p *Plan) inherit(i int, n Node, held map[Node]*want) *want {
	in, inPlace := p.In(n), n.Def().InPlace
	var fixed []*want
	for j, c := range in {
		if inPlace>>uint(j)&1 == 0 {
			fixed = append(fixed, held[p.root[c]])
		}
	}
	for j, c := range in {
		w := held[p.root[c]]
		if inPlace>>uint(j)&1 == 1 && w != nil && w.to == i && w.size == p.Size(n) && !slices.Contains(fixed, w) {
			return w
		}
	}
	return nil
}
