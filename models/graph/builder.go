package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"innate/models"
)

// Node is one value of a graph: an input, a parameter, a constant or the
// result of an operation. Nodes are small handles that can be compared; the
// zero Node stands for "none".
type Node struct {
	n   *gorgonia.Node
	how how // of a plan's values; that of a graph's nodes is zero
}

// IsZero reports whether n is the zero Node.
func (n Node) IsZero() bool { return n.n == nil }

// Shape is the shape of the value. The caller must not change it.
func (n Node) Shape() Shape {
	if o := n.op(); o != nil {
		return o.shape
	}
	return Shape(n.n.Shape())
}

// String names the node for messages.
func (n Node) String() string {
	if n.IsZero() {
		return "none"
	}
	if o := n.op(); o != nil {
		return fmt.Sprintf("%s %v", o.def.Name, []int(o.shape))
	}
	name := n.n.Name()
	return fmt.Sprintf("%s %v", name[:strings.LastIndexByte(name, '#')], []int(n.Shape()))
}

// op is the operation that makes n, nil for inputs, parameters and constants.
func (n Node) op() *op {
	o, _ := n.n.Op().(*op)
	return o
}

// id orders nodes: a node's id is larger than those of its inputs.
func (n Node) id() int64 { return n.n.ID() }

// Leaf is the host's storage behind a node that no operation makes.
type Leaf struct {
	Name  string
	Data  []float32
	Const bool          // set once, never changed: what depends on it alone is computed once
	Param *models.Param // nil for inputs and constants
}

// Def is the operation that makes n, nil for a leaf.
func (n Node) Def() *Def {
	if d := n.how.def(); d != nil {
		return d
	}
	if o := n.op(); o != nil {
		return o.def
	}
	return nil
}

// Attr is the attribute of the operation that makes n.
func (n Node) Attr() any {
	if n.how.def() != nil {
		return nil
	}
	return n.op().attr
}

// Layer is the scope in which n was built; a gradient has that of its forward
// operation.
func (n Node) Layer() string { return strings.Join(n.op().scope, ".") }

// Where names the operation that makes n with its layer and the shapes of its
// inputs, for messages.
func (n Node) Where() string { return n.op().where() }

// Precision is that of the operation that makes n.
func (n Node) Precision() Precision {
	if o := n.op(); o != nil && n.how.def() == nil {
		return o.precision
	}
	return Float32
}

// FLOP is the number of multiplications and additions of the operation that
// makes n; 0 where it counts none.
func (n Node) FLOP() int64 {
	o := n.op()
	if n.Def().FLOP == nil {
		return 0
	}
	return o.def.FLOP(o.attr, o.inShapes(), o.shape)
}

// Builder makes one graph. It is not safe for concurrent use; different
// builders are independent of each other.
type Builder struct {
	exprs     *gorgonia.ExprGraph
	twice     bool
	scope     []string
	precision Precision
	block     int // that is being built, or 0
	blocks    int // begun so far
	sweep     int // calls of Grad so far
	merged    map[callKey]Node
	leaves    map[Node]*Leaf
	params    map[*models.Param]Node
	consts    map[uint32]Node
	inputs    map[string]bool
	watch     func(layer, tap string, n Node) Node // nil for none
}

// callKey identifies one application of a Def exactly.
type callKey struct {
	def       *Def
	attr      any
	in        string // ids of the inputs, 8 bytes each
	precision Precision
}

// Option changes how a Builder builds.
type Option struct{ twice bool }

// TwiceDifferentiable makes fused operations expand to primitives, so that a
// gradient can be differentiated again (R1).
func TwiceDifferentiable() Option { return Option{twice: true} }

// NewBuilder returns an empty graph.
func NewBuilder(opts ...Option) *Builder {
	g := &Builder{
		exprs:  gorgonia.NewGraph(),
		merged: map[callKey]Node{},
		leaves: map[Node]*Leaf{},
		params: map[*models.Param]Node{},
		consts: map[uint32]Node{},
		inputs: map[string]bool{},
	}
	for _, o := range opts {
		g.twice = g.twice || o.twice
	}
	return g
}

// buildError is what a Builder panics with when a graph cannot be built: shapes
// that do not fit, mostly.
type buildError struct{ msg string }

func (e *buildError) Error() string { return e.msg }

// Build runs f on a new Builder. Graph builders panic on shapes that do not
// fit; this is the one place where such a panic becomes an error. Other panics
// pass through.
func Build(f func(g *Builder), opts ...Option) (g *Builder, err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *buildError:
			g, err = nil, r
		default:
			panic(r)
		}
	}()
	g = NewBuilder(opts...)
	f(g)
	return g, nil
}

// Failf ends the building of a graph that has no such shapes, from outside of this
// package: Build returns the message, which names the current scope.
func (g *Builder) Failf(format string, args ...any) { g.failf(format, args...) }

// failf panics with a message that names the current scope.
func (g *Builder) failf(format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if len(g.scope) > 0 {
		msg = strings.Join(g.scope, ".") + ": " + msg
	}
	panic(&buildError{"graph: " + msg})
}

// Scope names the layer being built in messages, until the function it returns
// is called: defer g.Scope("enc.28x28_block0")(). Scopes nest with a dot.
func (g *Builder) Scope(name string) func() {
	n := len(g.scope)
	g.scope = append(g.scope[:n:n], name)
	return func() { g.scope = g.scope[:n] }
}

// Block makes one block of what is built until the function it returns is called: a
// part of a network between two values that are kept for a gradient, whose inside may
// be computed again instead (Keeping). A block within a block is part of that.
func (g *Builder) Block() func() {
	if g.block != 0 {
		return func() {}
	}
	g.blocks++
	g.block = g.blocks
	return func() { g.block = 0 }
}

// Watch has f called at every Tap that follows, with the layer that it belongs to. What
// f returns takes the place of the value, so that a graph can be looked into, and
// changed there, without another form of the network.
func (g *Builder) Watch(f func(layer, tap string, n Node) Node) { g.watch = f }

// Tap offers n, by a name within its scope, to what watches the graph; where nothing
// does, it is n itself.
func (g *Builder) Tap(tap string, n Node) Node {
	if g.watch == nil {
		return n
	}
	return g.watch(strings.Join(g.scope, "."), tap, n)
}

// TapOf is Tap of a layer whose name is not that of the scope.
func (g *Builder) TapOf(layer, tap string, n Node) Node {
	if g.watch == nil {
		return n
	}
	return g.watch(layer, tap, n)
}

// Precision is how exact operations must at least be.
type Precision uint8

// Float32 is what all values of a graph mean. An operation of BFloat16 may be
// computed, and its activations kept, in bfloat16 by a device that gains by it:
// parameters, their gradients, norms and softmax stay float32.
const (
	Float32 Precision = iota
	BFloat16
)

// Precision sets that of what is being built, until the function it returns is
// called. A gradient has the precision of its forward operation.
func (g *Builder) Precision(p Precision) func() {
	before := g.precision
	g.precision = p
	return func() { g.precision = before }
}

// newLeaf adds a node that no operation makes.
func (g *Builder) newLeaf(l *Leaf, s Shape) Node {
	if len(s) > maxRank || slices.ContainsFunc(s, func(d int) bool { return d <= 0 }) {
		g.failf("%s: shape %v, want at most %d positive sizes", l.Name, []int(s), maxRank)
	}
	// Gorgonia merges inputs of equal name and shape, hence the number.
	name := gorgonia.WithName(fmt.Sprintf("%s#%d", l.Name, len(g.leaves)))
	var n *gorgonia.Node
	if len(s) == 0 {
		n = gorgonia.NewScalar(g.exprs, tensor.Float32, name)
	} else {
		n = gorgonia.NewTensor(g.exprs, tensor.Float32, len(s), name, gorgonia.WithShape(s...))
	}
	g.leaves[Node{n: n}] = l
	return Node{n: n}
}

// Input adds a value that the caller fills between runs, through Data; it
// starts as zeros. Names are unique within a scope.
func (g *Builder) Input(name string, shape ...int) Node {
	full := strings.Join(append(slices.Clone(g.scope), name), ".")
	if g.inputs[full] {
		g.failf("input %q declared twice", name)
	}
	g.inputs[full] = true
	l := &Leaf{Name: full}
	n := g.newLeaf(l, shape)
	l.Data = models.AlignedFloats(Shape(shape).Size())
	return n
}

// Param adds a parameter. Its values are p.Data itself, as it is now: the
// caller may change the values, but must not replace the slice. The same
// parameter gives the same node.
func (g *Builder) Param(p *models.Param) Node {
	if n, ok := g.params[p]; ok {
		return n
	}
	if len(p.Data) != Shape(p.Shape).Size() {
		g.failf("parameter %q: %d values, want %v", p.Name, len(p.Data), p.Shape)
	}
	n := g.newLeaf(&Leaf{Name: p.Name, Data: p.Data, Param: p}, slices.Clone(p.Shape))
	g.params[p] = n
	return n
}

// Const is a tensor of that shape (no sizes: a scalar) whose values are all v.
func (g *Builder) Const(v float32, shape ...int) Node {
	n, ok := g.consts[math.Float32bits(v)]
	if !ok {
		n = g.newLeaf(&Leaf{Name: fmt.Sprintf("const %v", v), Data: []float32{v}, Const: true}, nil)
		g.consts[math.Float32bits(v)] = n
	}
	if len(shape) == 0 {
		return n
	}
	return g.Broadcast(n, shape...)
}

// Data is the storage of an Input or a Param.
func (g *Builder) Data(n Node) []float32 {
	l := g.leaves[n]
	if l == nil || l.Const {
		panic(fmt.Sprintf("graph: Data of %v, want an input or a parameter", n))
	}
	return l.Data
}

// Leaf is what lies behind a node that no operation makes.
func (g *Builder) Leaf(n Node) *Leaf { return g.leaves[n] }

// Apply adds the application of d to in, or returns the node of an equal
// application made before. It panics if the shapes do not fit.
func (g *Builder) Apply(d *Def, attr any, in ...Node) Node {
	shapes := make([]Shape, len(in))
	ids := make([]byte, 0, 8*len(in))
	for i, n := range in {
		if n.IsZero() {
			g.failf("%s: input %d is missing", d.Name, i)
		}
		if n.n.Graph() != g.exprs {
			g.failf("%s: input %d, %v, belongs to another graph", d.Name, i, n)
		}
		shapes[i] = n.Shape()
		ids = binary.LittleEndian.AppendUint64(ids, uint64(n.id()))
	}
	key := callKey{d, attr, string(ids), g.precision}
	if n, ok := g.merged[key]; ok {
		return n
	}
	s, err := d.Shape(attr, shapes)
	if err != nil {
		g.failf("%s%s: %v", d.Name, describe(shapes), err)
	}
	var n Node
	if g.twice && d.Expand != nil {
		n = d.Expand(g, attr, in)
		if !n.Shape().Equal(s) {
			g.failf("%s%s: expands to %v, want %v", d.Name, describe(shapes), n.Shape(), s)
		}
	} else {
		n = g.newOp(d, attr, slices.Clone(in), slices.Clone(s))
	}
	g.merged[key] = n
	return n
}

// describe lists shapes as they follow an operation's name in messages.
func describe(shapes []Shape) string {
	var b strings.Builder
	for _, s := range shapes {
		fmt.Fprintf(&b, " %v", []int(s))
	}
	return b.String()
}
