package graph

import (
	"fmt"
	"slices"
)

// plan decides where every value of a machine lives.
type plan struct {
	order []Node        // what the results need, inputs first
	root  map[Node]Node // the node whose storage a value is; itself unless an alias
	konst map[Node]bool // depends on constants alone
	last  map[Node]int  // last step that reads a root; past the end for results
	data  map[Node][]float32
	arena []float32
}

// newPlan lists the nodes that results need and how long each must live.
func newPlan(g *Builder, results []Node) (*plan, error) {
	p := &plan{
		order: reachable(results...),
		root:  map[Node]Node{},
		konst: map[Node]bool{},
		last:  map[Node]int{},
		data:  map[Node][]float32{},
	}
	for i, n := range p.order {
		p.root[n] = n
		o := n.op()
		if o == nil {
			p.konst[n] = g.leaves[n].konst
			p.data[n] = g.leaves[n].data
			continue
		}
		if cpuKernels[o.def] == nil && !o.def.Alias {
			return nil, fmt.Errorf("graph: compile: %s: no cpu kernel", o.where())
		}
		p.konst[n] = true
		for _, c := range o.in {
			p.konst[n] = p.konst[n] && p.konst[c]
			p.last[p.root[c]] = i
		}
		if o.def.Alias {
			p.root[n] = p.root[o.in[0]]
		}
	}
	for _, n := range results {
		p.last[p.root[n]] = len(p.order)
	}
	return p, nil
}

// place gives every node that an operation makes its storage: constants and
// what follows from them apart, the rest in the arena.
func (p *plan) place(reuse bool) {
	held := map[Node]*want{} // by root
	var wants []*want
	for i, n := range p.order {
		o := n.op()
		switch {
		case o == nil || p.root[n] != n:
		case p.konst[n]:
			p.data[n] = alignedFloats(o.shape.Size())
		default:
			w := p.inherit(i, o, held)
			if w == nil || !reuse {
				w = &want{size: o.shape.Size(), from: i}
				wants = append(wants, w)
			}
			w.to = max(i, p.last[n])
			held[n] = w
		}
	}
	p.arena = alignedFloats(arrange(wants, reuse))
	for n, w := range held {
		p.data[n] = p.arena[w.offset : w.offset+w.size : w.offset+w.size]
	}
}

// inherit finds the storage of an input that o, step i, may overwrite: o is the
// last to read it, it has the output's size and its kernel allows it, also for
// every other input that lies there.
func (p *plan) inherit(i int, o *op, held map[Node]*want) *want {
	var fixed []*want
	for j, c := range o.in {
		if o.def.InPlace>>uint(j)&1 == 0 {
			fixed = append(fixed, held[p.root[c]])
		}
	}
	for j, c := range o.in {
		w := held[p.root[c]]
		if o.def.InPlace>>uint(j)&1 == 1 && w != nil && w.to == i && w.size == o.shape.Size() && !slices.Contains(fixed, w) {
			return w
		}
	}
	return nil
}

// buf is the storage of n in n's shape.
func (p *plan) buf(n Node) Buf {
	s := n.Shape()
	size := s.Size()
	return Buf{Data: p.data[p.root[n]][:size:size], Shape: s}
}
