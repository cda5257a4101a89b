package graph

import (
	"cmp"
	"fmt"
	"slices"
)

// Grad builds the gradient of cost (of the sum of its values, if it is not a
// scalar) for every node of wrt, by reverse accumulation. It can be called any
// number of times on one graph, and a gradient can be differentiated again.
// Where no path leads from wrt to cost the gradient is a constant zero. Only
// what the gradients need is built.
//
// gorgonia.Grad is not used: its second call on a graph reuses derivatives of
// the first.
func (g *Builder) Grad(cost Node, wrt ...Node) ([]Node, error) {
	for i, n := range append([]Node{cost}, wrt...) {
		if n.IsZero() || n.n.Graph() != g.exprs {
			return nil, fmt.Errorf("graph: grad: node %d, %v, does not belong to this graph", i, n)
		}
	}
	order := reachable(cost)
	depends := make(map[Node]bool, len(order)) // on any of wrt
	for _, n := range wrt {
		depends[n] = true
	}
	for _, n := range order {
		o := n.op()
		for i := 0; o != nil && i < len(o.in); i++ {
			if depends[o.in[i]] && o.differentiable(i) {
				depends[n] = true
			}
		}
	}

	g.sweep++
	block := g.block
	defer func() { g.block = block }()
	parts := map[Node][]Node{cost: {g.Const(1, cost.Shape()...)}}
	total := make(map[Node]Node, len(order))
	for _, n := range slices.Backward(order) {
		if !depends[n] || len(parts[n]) == 0 {
			continue
		}
		o := n.op()
		if g.block = 0; o != nil {
			g.block = o.block
		}
		dy := g.AddN(parts[n]...)
		total[n] = dy
		if o == nil {
			continue
		}
		need := make([]bool, len(o.in))
		for i, in := range o.in {
			need[i] = depends[in] && o.differentiable(i)
		}
		if !slices.Contains(need, true) {
			continue
		}
		grads, err := o.grad(dy, need)
		if err != nil {
			return nil, err
		}
		for i, in := range o.in {
			if need[i] && !grads[i].IsZero() {
				parts[in] = append(parts[in], grads[i])
			}
		}
	}

	out := make([]Node, len(wrt))
	for i, n := range wrt {
		if dy, ok := total[n]; ok {
			out[i] = dy
		} else {
			out[i] = g.Const(0, n.Shape()...)
		}
	}
	return out, nil
}

// reachable lists the nodes that roots are computed from, and roots, each once
// and after its inputs. The order is that of building, so what is built
// together is computed together.
func reachable(roots ...Node) []Node {
	seen := map[Node]bool{}
	var order []Node
	stack := slices.Clone(roots)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		order = append(order, n)
		if o := n.op(); o != nil {
			stack = append(stack, o.in...)
		}
	}
	slices.SortFunc(order, func(a, b Node) int { return cmp.Compare(a.id(), b.id()) })
	return order
}
