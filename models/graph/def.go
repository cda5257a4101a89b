package graph

import "slices"

// Def defines one kind of operation. Attributes (the attr arguments) must be
// comparable: equal definition, attributes and inputs mean the same node.
type Def struct {
	Name string

	// Shape gives the output's shape, or says in one line what is wrong.
	Shape func(attr any, in []Shape) (Shape, error)

	// Grad builds the gradient of every input from that of the output, dy. It
	// returns one node per input; where need is false, or the input has no
	// gradient, the zero Node. Nil means that the operation cannot be
	// differentiated.
	Grad func(g *Builder, c Call, dy Node, need []bool) []Node

	// NoGrad has bit i set where input i is a constant for differentiation: no
	// gradient flows to it and its need is always false.
	NoGrad uint64

	// Expand rebuilds a fused operation from primitives that can be
	// differentiated any number of times. A Builder made with
	// TwiceDifferentiable uses it in place of the fused node. Nil means that
	// the operation already is such a primitive.
	Expand func(g *Builder, attr any, in []Node) Node

	// Alias says that the output is the storage of input 0 under another shape.
	Alias bool

	// InPlace has bit i set where the kernel may write its output over input i:
	// whenever that input has as many values as the output, the kernel reads
	// element j of it no later than it writes element j of the output.
	InPlace uint64

	// Outside says that a run stops there for what is outside of the device: it happens
	// once in every run, in its order, on values of the host (device.Outside).
	Outside bool

	// FLOP counts the multiplications and additions of one application by the
	// textbook's algorithm, whatever a kernel does instead. Nil for operations
	// that are bound by memory, for which a count would say nothing.
	FLOP func(attr any, in []Shape, out Shape) int64
}

// Call is one application of a Def, as its Grad sees it.
type Call struct {
	Attr any
	In   []Node
	Out  Node
}

// defs are all operations, in the order in which the package initialises.
var defs []*Def

// Ops lists every operation, so that a device can be checked to know them all.
func Ops() []*Def { return slices.Clone(defs) }

// register adds d to the operations. It is called from the init function of the
// operation's file where a variable initialiser would be cyclic, because a
// gradient refers to the operations that it is built from.
func register(d *Def) *Def {
	defs = append(defs, d)
	return d
}
