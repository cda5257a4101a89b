package graph

import (
	"fmt"
	"hash"
	"strings"
	"sync/atomic"

	"github.com/chewxy/hm"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// op is the one operation type that Gorgonia sees: the application of a Def.
// Gorgonia keeps a node's inputs to itself, so op has them too.
type op struct {
	def       *Def
	attr      any
	in        []Node
	out       Node
	shape     Shape
	scope     []string
	precision Precision
	block     int // that the forward operation is part of, or 0
	sweep     int // 0 forward, n for what the n-th call of Grad has made
	g         *Builder
	serial    uint32
}

var _ gorgonia.SDOp = (*op)(nil)

// serials numbers all operations of the process. Gorgonia merges nodes whose
// 32-bit hashes agree without looking at their inputs; a unique number in the
// hash keeps it from merging, and Builder.Apply merges exactly instead.
var serials atomic.Uint32

// newOp adds a node to Gorgonia's graph.
func (g *Builder) newOp(d *Def, attr any, in []Node, s Shape) Node {
	o := &op{def: d, attr: attr, in: in, shape: s, scope: g.scope[:len(g.scope):len(g.scope)], precision: g.precision,
		block: g.block, sweep: g.sweep, g: g, serial: serials.Add(1)}
	children := make(gorgonia.Nodes, len(in))
	for i, n := range in {
		children[i] = n.n
	}
	n, err := gorgonia.ApplyOp(o, children...)
	if err != nil {
		g.failf("%s: %v", d.Name, err)
	}
	if n.Op() != gorgonia.Op(o) {
		panic(fmt.Sprintf("graph: gorgonia merged %v with %v", o, n))
	}
	o.out = Node{n: n}
	return o.out
}

// Arity is the number of inputs.
func (o *op) Arity() int { return len(o.in) }

// Type is the function type inputs → output. Gorgonia returns it to a pool
// after use, so every call makes a new one.
func (o *op) Type() hm.Type {
	types := make([]hm.Type, 0, len(o.in)+1)
	for _, n := range o.in {
		types = append(types, n.n.Type())
	}
	if len(o.shape) == 0 {
		types = append(types, tensor.Float32)
	} else {
		types = append(types, gorgonia.TensorType{Dims: len(o.shape), Of: tensor.Float32})
	}
	return hm.NewFnType(types...)
}

// InferShape is the output's shape, known since the op was made.
func (o *op) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) {
	return tensor.Shape(o.shape).Clone(), nil
}

// Do is Gorgonia's way of computing an operation alone. Devices do that here,
// whole programs at a time.
func (o *op) Do(...gorgonia.Value) (gorgonia.Value, error) {
	return nil, fmt.Errorf("graph: %s: want a device to run it", o.def.Name)
}

// ReturnsPtr, CallsExtern and OverwritesInput answer Gorgonia's own machines.
func (o *op) ReturnsPtr() bool { return false }

// CallsExtern is false: there is no cgo.
func (o *op) CallsExtern() bool { return false }

// OverwritesInput is -1: storage is planned by Plan.
func (o *op) OverwritesInput() int { return -1 }

// WriteHash writes what is unique to this op.
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d", o.def.Name, o.serial) }

// Hashcode is the op's serial number.
func (o *op) Hashcode() uint32 { return o.serial }

// String names the operation and its attributes.
func (o *op) String() string {
	if o.attr == nil {
		return o.def.Name
	}
	return fmt.Sprintf("%s%v", o.def.Name, o.attr)
}

// inShapes are the shapes of the inputs.
func (o *op) inShapes() []Shape {
	shapes := make([]Shape, len(o.in))
	for i, n := range o.in {
		shapes[i] = n.Shape()
	}
	return shapes
}

// where names the op with its scope and input shapes, for messages.
func (o *op) where() string {
	at := o.def.Name + describe(o.inShapes())
	if len(o.scope) > 0 {
		at = strings.Join(o.scope, ".") + ": " + at
	}
	return at
}

// differentiable reports whether a gradient flows to input i.
func (o *op) differentiable(i int) bool { return o.def.NoGrad>>uint(i)&1 == 0 }

// DiffWRT tells Gorgonia which inputs have gradients.
func (o *op) DiffWRT(n int) []bool {
	need := make([]bool, n)
	for i := range need {
		need[i] = o.def.Grad != nil && o.differentiable(i)
	}
	return need
}

// SymDiff builds the gradients of all inputs from that of the output.
func (o *op) SymDiff(_ gorgonia.Nodes, _, dy *gorgonia.Node) (gorgonia.Nodes, error) {
	grads, err := o.grad(Node{n: dy}, o.DiffWRT(len(o.in)))
	if err != nil {
		return nil, err
	}
	nodes := make(gorgonia.Nodes, len(grads))
	for i, n := range grads {
		nodes[i] = n.n
	}
	return nodes, nil
}

// grad builds the gradients of the inputs that need names, in the scope, the block
// and the precision of the forward operation.
func (o *op) grad(dy Node, need []bool) ([]Node, error) {
	if o.def.Grad == nil {
		return nil, fmt.Errorf("graph: %s: %s has no gradient; a graph whose gradients are differentiated again must be built with TwiceDifferentiable",
			o.where(), o.def.Name)
	}
	scope, block := o.g.scope, o.g.block
	o.g.scope, o.g.block = o.scope, o.block
	defer func() { o.g.scope, o.g.block = scope, block }()
	defer o.g.Precision(o.precision)()
	grads := o.def.Grad(o.g, Call{Attr: o.attr, In: o.in, Out: o.out}, dy, need)
	if len(grads) != len(o.in) {
		panic(fmt.Sprintf("graph: %s: %d gradients for %d inputs", o.where(), len(grads), len(o.in)))
	}
	for i, n := range grads {
		if !n.IsZero() && !n.Shape().Equal(o.in[i].Shape()) {
			panic(fmt.Sprintf("graph: %s: gradient of input %d is %v", o.where(), i, n.Shape()))
		}
	}
	return grads, nil
}
