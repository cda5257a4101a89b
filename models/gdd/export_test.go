package gdd

import "innate/models/graph"

// Distance is distance for tests.
func (t *Target) Distance(g *graph.Builder, x, y graph.Node) graph.Node { return t.distance(g, x, y) }
