package parity

import "innate/models/graph"

// Operations are those that the expressions apply.
func Operations() (map[*graph.Def]bool, error) {
	seen := map[*graph.Def]bool{}
	for _, e := range expressions {
		for _, twice := range []bool{false, true} {
			g, outputs, err := e.build(twice)
			if err != nil {
				return nil, err
			}
			plan, err := graph.NewPlan(g, outputs, nil, graph.Keeping{})
			if err != nil {
				return nil, err
			}
			for _, n := range plan.Nodes {
				if n.Def() != nil {
					seen[n.Def()] = true
				}
			}
		}
	}
	return seen, nil
}
