package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// normOf says of what the statistics of a group norm are.
type normOf struct {
	x      graph.Node
	groups int
	eps    float32
}

// normOfNode is what a group norm, or the sums of its gradient, measures.
func normOfNode(p *graph.Plan, n graph.Node) (of normOf, ok bool) {
	switch n.Def() {
	case graph.OpGroupNorm, graph.OpGroupNormSums, graph.OpGroupNormGrad:
		a := n.Attr().(graph.GroupNormAttr)
		return normOf{p.In(n)[0], a.Groups, a.Eps}, true
	}
	return of, false
}

// normStats are the statistics of one group norm, which its gradient reads again in
// the same run: [N·G] means and inverse deviations.
type normStats struct{ mean, inv []float64 }

// sharedNorms finds the norms whose gradients a program computes after them.
func sharedNorms(p *graph.Plan) map[normOf]*normStats {
	norms, forward := map[normOf]*normStats{}, map[normOf]bool{}
	for _, n := range p.Nodes {
		of, _ := normOfNode(p, n)
		switch n.Def() {
		case graph.OpGroupNorm:
			forward[of] = true
		case graph.OpGroupNormSums:
			if forward[of] {
				norms[of] = &normStats{}
			}
		}
	}
	return norms
}

// keepNorms places the statistics in r.
func (m *Program) keepNorms(r *kernels.Region) {
	placed := map[normOf]bool{}
	for _, n := range m.plan.Nodes {
		of, _ := normOfNode(m.plan, n)
		if s := m.norms[of]; s != nil && !placed[of] {
			size := of.x.Shape()[0] * of.groups
			s.mean, s.inv = r.Doubles(size), r.Doubles(size)
			placed[of] = true
		}
	}
}

// put stores what was measured of sample i, if it is wanted.
func (s *normStats) put(i int, mean, inv []float64) {
	if s != nil {
		copy(s.mean[i*len(mean):], mean)
		copy(s.inv[i*len(inv):], inv)
	}
}

// get sets mean and inv to what was stored of sample i, and reports whether it was.
func (s *normStats) get(i int, mean, inv []float64) bool {
	if s == nil {
		return false
	}
	copy(mean, s.mean[i*len(mean):])
	copy(inv, s.inv[i*len(inv):])
	return true
}
