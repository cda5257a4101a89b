package graph

// OpOnHost: x to what a function of the host makes of it, in the midst of a run. A
// device's own part of it is a copy; a program calls the function with the values in the
// host's memory (device.Outside). What it makes is a constant for differentiation.
var OpOnHost = register(&Def{Name: "on_host", Shape: sameShape, NoGrad: 1, InPlace: 1, Outside: true})

// HostFunc replaces values by others, in place. Its error fails the run.
type HostFunc struct{ F func(values []float32) error }

// OnHost is what f makes of x, once in every run. Two calls with the same f and x are
// one.
func (g *Builder) OnHost(x Node, f *HostFunc) Node { return g.Apply(OpOnHost, f, x) }
