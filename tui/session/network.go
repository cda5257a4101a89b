package session

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"innate/trainer/run"
)

// Level is what a node of the tree stands for.
type Level uint8

// The levels, from the top.
const (
	LevelPart       Level = iota // encoder, decoder, embedding
	LevelResolution              // 28x28
	LevelBlock                   // block0, down, in1
	LevelUnit                    // conv0: a weight with its bias, which freezing works on
	LevelTensor                  // weight
)

// Node is a part of the network of any size. Nodes stand in the order of the
// full tree, so a subtree is Nodes[i:End], and its tensors are Tensors[Lo:Hi].
type Node struct {
	Key    string // enc, enc.28x28, enc.28x28_block0, ….conv0, ….conv0.weight
	Name   string // the last step of the key, as it is shown below its parent
	Kind   string // of units and tensors
	Shape  []int  // of units (their weight) and tensors
	Level  Level
	Depth  int
	Parent int // -1 at the top
	End    int
	Lo, Hi int

	Counts
}

// Counts are what freezing is measured by.
type Counts struct {
	Params, Frozen     int64 // values, and those of frozen tensors
	Units, FrozenUnits int   // layer units, and those frozen whole
	FrozenTensors      int
}

// FrozenShare is the share of the values that are frozen, 0 of none.
func (c *Counts) FrozenShare() float64 {
	if c.Params == 0 {
		return 0
	}
	return float64(c.Frozen) / float64(c.Params)
}

func (c *Counts) add(d *Counts) {
	c.Params += d.Params
	c.Frozen += d.Frozen
	c.Units += d.Units
	c.FrozenUnits += d.FrozenUnits
	c.FrozenTensors += d.FrozenTensors
}

// Tensor is one parameter.
type Tensor struct {
	run.Layer
	Unit  string // the name less .weight or .bias
	Role  string // conv0 and 28x28_aux_conv are convs, norm1 is a norm
	Field string // weight or bias
}

// Network is the tree of a network's layers: parts, resolutions, blocks, units
// and tensors.
type Network struct {
	Nodes   []Node
	Tensors []Tensor // in order of the tree
	Total   Counts   // of the whole network
	order   []int    // the position in Tensors of the i-th layer as given
}

// branch is a node while the tree is built.
type branch struct {
	level     Level
	key, name string
	kids      []*branch
	layers    []int // of a unit: positions as given
}

// newNetwork sorts tensors into the tree by their names:
// enc.28x28_block0.conv0.weight is a tensor of the unit conv0 of block0 at
// 28x28 in the encoder; enc.28x28_conv stands directly below its resolution,
// out_conv at the top.
func newNetwork(layers []run.Layer) *Network {
	type id struct {
		level Level
		key   string
	}
	root, index := &branch{}, map[id]*branch{}
	for i := range layers {
		at := root
		for _, step := range pathOf(&layers[i]) {
			next, ok := index[id{step.level, step.key}]
			if !ok {
				next = &step
				index[id{step.level, step.key}] = next
				at.kids = append(at.kids, next)
			}
			at = next
		}
		at.layers = append(at.layers, i)
	}
	n := &Network{order: make([]int, len(layers))}
	for _, b := range root.kids {
		n.flatten(b, layers, -1, 0)
	}
	n.sum()
	return n
}

// flatten appends a branch and what hangs on it.
func (n *Network) flatten(b *branch, layers []run.Layer, parent, depth int) {
	at := len(n.Nodes)
	n.Nodes = append(n.Nodes, Node{
		Key: safe(b.key), Name: safe(b.name), Level: b.level, Depth: depth, Parent: parent, Lo: len(n.Tensors),
	})
	for _, kid := range b.kids {
		n.flatten(kid, layers, at, depth+1)
	}
	for _, i := range b.layers {
		t := newTensor(layers[i])
		n.order[i] = len(n.Tensors)
		n.Tensors = append(n.Tensors, t)
		if len(b.layers) == 1 {
			break // the unit's own row says it all
		}
		k := len(n.Tensors)
		n.Nodes = append(n.Nodes, Node{
			Key: safe(t.Name), Name: safe(t.Field), Level: LevelTensor, Kind: safe(t.Kind), Shape: t.Shape,
			Depth: depth + 1, Parent: at, End: len(n.Nodes) + 1, Lo: k - 1, Hi: k,
		})
	}
	u := &n.Nodes[at]
	u.End, u.Hi = len(n.Nodes), len(n.Tensors)
	if u.Level == LevelUnit {
		first := &n.Tensors[u.Lo]
		u.Kind, u.Shape = safe(first.Kind), first.Shape
	}
}

func newTensor(l run.Layer) Tensor {
	t := Tensor{Layer: l, Unit: l.Name, Field: l.Name}
	if i := strings.LastIndexByte(l.Name, '.'); i > 0 {
		t.Unit, t.Field = l.Name[:i], l.Name[i+1:]
	}
	t.Role = t.Unit[strings.LastIndexAny(t.Unit, "._")+1:]
	t.Role = strings.TrimRight(t.Role, "0123456789")
	return t
}

// same reports whether the layers are those of the tree, in the same order.
func (n *Network) same(layers []run.Layer) bool {
	if len(layers) != len(n.order) {
		return false
	}
	for i := range layers {
		if t := &n.Tensors[n.order[i]]; t.Name != layers[i].Name || t.Count != layers[i].Count {
			return false
		}
	}
	return true
}

// update takes over what is frozen now, by whom, and factors of the learning rate.
func (n *Network) update(layers []run.Layer) {
	for i, now := range layers {
		t := &n.Tensors[n.order[i]]
		t.Frozen, t.ByRule, t.Rate = now.Frozen, now.ByRule, now.Rate
	}
	n.sum()
}

// sum counts parameters and frozen units of every node, from the leaves up.
func (n *Network) sum() {
	for i := range n.Nodes {
		u := &n.Nodes[i]
		u.Counts = Counts{}
		if u.Level != LevelUnit && u.Level != LevelTensor {
			continue
		}
		for k := range n.Tensors[u.Lo:u.Hi] {
			t := &n.Tensors[u.Lo+k]
			u.Params += int64(t.Count)
			if t.Frozen {
				u.Frozen += int64(t.Count)
				u.FrozenTensors++
			}
		}
		if u.Level == LevelUnit {
			u.Units = 1
			if u.FrozenTensors == u.Hi-u.Lo {
				u.FrozenUnits = 1
			}
		}
	}
	n.Total = Counts{}
	for i := len(n.Nodes) - 1; i >= 0; i-- {
		switch u := &n.Nodes[i]; {
		case u.Level == LevelTensor: // a unit has counted its tensors itself
		case u.Parent < 0:
			n.Total.add(&u.Counts)
		default:
			n.Nodes[u.Parent].add(&u.Counts)
		}
	}
}

// Leaf reports whether the node has no rows below it.
func (n *Network) Leaf(i int) bool { return n.Nodes[i].End == i+1 }

// Names returns the names of all parameters, in the order in which the trainer
// gave them.
func (n *Network) Names() []string {
	var names []string
	for _, i := range n.order {
		names = append(names, n.Tensors[i].Name)
	}
	return names
}

// NamesOf returns the names of a node's parameters.
func (n *Network) NamesOf(node int) []string {
	var names []string
	u := &n.Nodes[node]
	for i := range n.Tensors[u.Lo:u.Hi] {
		names = append(names, n.Tensors[u.Lo+i].Name)
	}
	return names
}

// ParamsOf sums the values of the named parameters.
func (n *Network) ParamsOf(names map[string]bool) (params int64) {
	for i := range n.Tensors {
		if t := &n.Tensors[i]; names[t.Name] {
			params += int64(t.Count)
		}
	}
	return params
}

// Blocks returns the blocks that the named tensors belong to, in order of the
// tree. What stands outside a block counts to the part it stands in.
func (n *Network) Blocks(names []string) []string {
	set := setOf(names)
	var blocks []string
	for i := range n.Nodes {
		u := &n.Nodes[i]
		if u.Level != LevelUnit || !slices.ContainsFunc(n.Tensors[u.Lo:u.Hi], func(t Tensor) bool { return set[t.Name] }) {
			continue
		}
		block := u.Key
		if u.Parent >= 0 {
			block = n.Nodes[u.Parent].Key
		}
		if !slices.Contains(blocks, block) {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// Differing returns the names of the tensors that are not as a rule wants them.
func (n *Network) Differing(frozen map[string]bool) []string {
	var names []string
	for i := range n.Tensors {
		if t := &n.Tensors[i]; t.Frozen != frozen[t.Name] {
			names = append(names, t.Name)
		}
	}
	return names
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// RatesOf are the least and the largest factor of the learning rate of a node's
// tensors that train; 1 and 1 where none does.
func (n *Network) RatesOf(u *Node) (lo, hi float64) { return ratesOf(n.Tensors[u.Lo:u.Hi], all) }

func all(int) bool { return true }

// ByRule reports whether a rule has frozen or thawed all of a node's tensors.
func (n *Network) ByRule(u *Node) bool {
	return !slices.ContainsFunc(n.Tensors[u.Lo:u.Hi], func(t Tensor) bool { return !t.ByRule })
}

// ratesOf are those of the tensors that are taken.
func ratesOf(tensors []Tensor, taken func(i int) bool) (lo, hi float64) {
	lo, hi = math.Inf(1), 0
	for i := range tensors {
		if t := &tensors[i]; taken(i) && !t.Frozen {
			f := cmp.Or(t.Rate, 1)
			lo, hi = min(lo, f), max(hi, f)
		}
	}
	if hi == 0 {
		return 1, 1
	}
	return lo, hi
}
