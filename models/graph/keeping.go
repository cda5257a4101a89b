package graph

import (
	"slices"
	"strings"
)

// Keeping says how a plan keeps what a gradient reads of the values before it: those
// of the forward pass and, where a gradient is differentiated, those of the first one.
// The zero value keeps them as they are.
//
// What is made in or behind the last block lives no longer for being kept, and always
// is as it is.
type Keeping struct {
	// Recompute keeps what lies between blocks alone. What is inside of a block is
	// computed again, each time that gradients pass through the block. Results are the
	// same to the bit: the operations are, and no input of a graph changes in a run.
	Recompute bool

	// BFloat16 keeps what images and tokens are made into in bfloat16, rounded to the
	// nearest, ties to even: in half the memory. Operations compute in float32, and of
	// the values before a gradient none changes but those that are computed again.
	BFloat16 bool
}

// how tells the values of a plan that the graph has no node for. Such a value belongs
// to one visit, a stretch of the plan in which one block is computed.
type how struct {
	kind  kind
	visit int32
}

type kind uint8

const (
	built    kind = iota // as the graph has it
	repeated             // computed again
	narrowed             // in bfloat16, in any visit
	widened              // from there in float32
)

// def is the operation that makes the value, nil where it is that of the graph's node.
func (h how) def() *Def {
	switch h.kind {
	case narrowed:
		return OpToBFloat16
	case widened:
		return OpToFloat32
	}
	return nil
}

// keeper rewrites the nodes of a plan by a Keeping.
type keeper struct {
	p       *Plan
	visit   map[Node]int32 // from 1 on
	repeats map[Node]bool  // roots that are computed again
	narrows map[Node]bool  // roots that are kept in bfloat16
	made    map[Node]bool  // of the values that the graph has not
	nodes   []Node
}

// keep makes the plan's operations read what is kept by k.
func (p *Plan) keep(k Keeping) {
	r := &keeper{p: p, visit: map[Node]int32{}, repeats: map[Node]bool{}, narrows: map[Node]bool{}, made: map[Node]bool{}}
	long := r.visits()
	if k.Recompute {
		r.chooseRepeats(long)
	}
	if k.BFloat16 {
		r.chooseNarrows(long)
	}
	for _, n := range p.Nodes {
		r.add(n)
	}
	p.Nodes = r.nodes
	p.dropUnread()
}

// visits cuts the plan into visits and returns the operations that are made before the
// last block of their sweep begins. What is outside of all blocks is cut by layer.
func (r *keeper) visits() (long []Node) {
	var visits, ofBlock int32
	block, sweep, layer := 0, 0, ""
	begin := map[int]int{} // position of each sweep's last block
	for i, n := range r.p.Nodes {
		o := n.op()
		if o == nil {
			continue
		}
		switch l := strings.Join(o.scope, "."); {
		case o.block == 0 && (visits == 0 || l != layer || o.sweep != sweep):
			visits++
			layer = l
		case o.block != 0 && (o.block != block || o.sweep != sweep):
			visits++
			block, ofBlock, begin[o.sweep] = o.block, visits, i
		}
		sweep = o.sweep
		if r.visit[n] = visits; o.block != 0 {
			r.visit[n] = ofBlock
		}
	}
	for i, n := range r.p.Nodes {
		if o := n.op(); o != nil && i < begin[o.sweep] {
			long = append(long, n)
		}
	}
	return long
}

// chooseRepeats takes what is made inside of a block, but for what leaves the block
// within its sweep, and for what happens once in a run, outside of the device.
func (r *keeper) chooseRepeats(long []Node) {
	for _, n := range long {
		if n.op().block != 0 && !n.op().def.Outside && r.p.root[n] == n && !r.p.Kept(n) {
			r.repeats[n] = true
		}
	}
	for _, n := range r.p.Nodes {
		for _, c := range r.p.In(n) {
			if o := c.op(); o != nil && o.sweep == n.op().sweep && r.visit[c] != r.visit[n] {
				delete(r.repeats, r.p.root[c])
			}
		}
	}
}

// narrowRank is how many axes a value has at least that is kept in bfloat16. Of less,
// embeddings and statistics, there is little.
const narrowRank = 3

// chooseNarrows takes of what is not computed again what is large.
func (r *keeper) chooseNarrows(long []Node) {
	for _, n := range long {
		if r.p.root[n] == n && len(n.Shape()) >= narrowRank && !r.p.Kept(n) && !r.repeats[n] {
			r.narrows[n] = true
		}
	}
}

// add adds n, and before it what it reads that nothing has made yet.
func (r *keeper) add(n Node) {
	o := n.op()
	if o == nil {
		r.nodes = append(r.nodes, n)
		return
	}
	in := slices.Clone(o.in)
	for i, c := range in {
		if before := c.op(); before != nil && before.sweep != o.sweep {
			in[i] = r.later(c, r.visit[n])
		}
	}
	r.append(n, in)
	if r.narrows[n] { // taken out again if nothing reads it
		r.append(Node{n.n, how{kind: narrowed}}, []Node{n})
	}
}

func (r *keeper) append(n Node, in []Node) {
	r.p.in[n] = in
	r.nodes = append(r.nodes, n)
}

// later is the value of c as a visit of a later sweep reads it.
func (r *keeper) later(c Node, visit int32) Node {
	root := r.p.root[c]
	if !r.repeats[root] && !r.narrows[root] {
		return c
	}
	if r.narrows[c] {
		return r.make(c, how{widened, visit}, func() []Node { return []Node{{c.n, how{kind: narrowed}}} })
	}
	return r.make(c, how{repeated, visit}, func() []Node { // or the same storage under another shape
		in := slices.Clone(c.op().in)
		for i, d := range in {
			in[i] = r.later(d, visit)
		}
		return in
	})
}

// make is the value of c that is made by how, once.
func (r *keeper) make(c Node, by how, in func() []Node) Node {
	n := Node{c.n, by}
	if !r.made[n] {
		r.made[n] = true
		r.append(n, in())
	}
	return n
}

// dropUnread takes the nodes out that nothing needs, such as the first value of what
// only a gradient reads.
func (p *Plan) dropUnread() {
	read := map[Node]bool{}
	for _, n := range p.Results {
		read[n] = true
	}
	var nodes []Node
	for _, n := range slices.Backward(p.Nodes) {
		if !read[n] {
			continue
		}
		nodes = append(nodes, n)
		for _, c := range p.In(n) {
			read[c] = true
		}
	}
	slices.Reverse(nodes)
	p.Nodes = nodes
}
