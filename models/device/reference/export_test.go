package reference

import "innate/models/graph"

// Knows reports whether an operation has a definition.
func Knows(op *graph.Def) bool { return definitions[op] != nil }
