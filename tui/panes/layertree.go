package panes

import (
	"strconv"
	"strings"

	"innate/trainer/run"
)

// level is what a node of the tree stands for.
type level uint8

const (
	levelPart       level = iota // encoder, decoder, embedding
	levelResolution              // 28x28
	levelBlock                   // block0, down, in1
	levelUnit                    // conv0: a weight with its bias
	levelTensor                  // weight
)

// node is one row of the tree. Nodes stand in the order of the full tree, so a
// subtree is nodes[i:end], and its tensors are tensors[lo:hi].
type node struct {
	key    string // enc, enc.28x28, enc.28x28_block0, ….conv0, ….conv0.weight
	name   string // the last step of the key, as it is shown below its parent
	kind   string // of units and tensors
	shape  []int  // of units (their weight) and tensors
	level  level
	depth  int
	parent int // -1 at the top
	end    int
	lo, hi int

	params, frozen     int64 // values, and those of frozen tensors
	units, frozenUnits int   // layer units, and those frozen whole
	frozenTensors      int
}

// tensor is one parameter and what the user does with it.
type tensor struct {
	run.Layer
	unitName        string // the name less .weight or .bias
	role            string // conv0 and 28x28_aux_conv are convs, norm1 is a norm
	field           string // weight or bias
	pending, marked bool
}

// network is the tree of a network's layers.
type network struct {
	nodes   []node
	tensors []tensor // in order of the tree
	order   []int    // the position in tensors of the i-th layer as given
}

// branch is a node while the tree is built.
type branch struct {
	level     level
	key, name string
	kids      []*branch
	layers    []int // of a unit: positions as given
}

// newNetwork sorts tensors into the tree by their names:
// enc.28x28_block0.conv0.weight is a tensor of the unit conv0 of block0 at
// 28x28 in the encoder; enc.28x28_conv stands directly below its resolution,
// out_conv at the top.
func newNetwork(layers []run.Layer) *network {
	type id struct {
		level level
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
	n := &network{order: make([]int, len(layers))}
	for _, b := range root.kids {
		n.flatten(b, layers, -1, 0)
	}
	n.sum()
	return n
}

// flatten appends a branch and what hangs on it.
func (n *network) flatten(b *branch, layers []run.Layer, parent, depth int) {
	at := len(n.nodes)
	n.nodes = append(n.nodes, node{
		key: safe(b.key), name: safe(b.name), level: b.level, depth: depth, parent: parent, lo: len(n.tensors),
	})
	for _, kid := range b.kids {
		n.flatten(kid, layers, at, depth+1)
	}
	for _, i := range b.layers {
		t := newTensor(layers[i])
		n.order[i] = len(n.tensors)
		n.tensors = append(n.tensors, t)
		if len(b.layers) == 1 {
			break // the unit's own row says it all
		}
		k := len(n.tensors)
		n.nodes = append(n.nodes, node{
			key: safe(t.Name), name: safe(t.field), level: levelTensor, kind: safe(t.Kind), shape: t.Shape,
			depth: depth + 1, parent: at, end: len(n.nodes) + 1, lo: k - 1, hi: k,
		})
	}
	u := &n.nodes[at]
	u.end, u.hi = len(n.nodes), len(n.tensors)
	if u.level == levelUnit {
		first := &n.tensors[u.lo]
		u.kind, u.shape = safe(first.Kind), first.Shape
	}
}

func newTensor(l run.Layer) tensor {
	t := tensor{Layer: l, unitName: l.Name, field: l.Name}
	if i := strings.LastIndexByte(l.Name, '.'); i > 0 {
		t.unitName, t.field = l.Name[:i], l.Name[i+1:]
	}
	t.role = t.unitName[strings.LastIndexAny(t.unitName, "._")+1:]
	t.role = strings.TrimRight(t.role, "0123456789")
	return t
}

// pathOf returns the steps from the top of the tree to the unit of a tensor.
func pathOf(l *run.Layer) []branch {
	t := newTensor(*l)
	unit, part := t.unitName, l.Part
	steps := strings.SplitN(unit, ".", 3)
	if len(steps) > 1 {
		part, steps = steps[0], steps[1:]
	} else if strings.HasPrefix(unit, "map_") {
		part = "map"
	}
	if part == "" {
		return []branch{{level: levelUnit, key: unit, name: unit}}
	}
	path := []branch{{level: levelPart, key: part, name: partName(part)}}
	pixels, rest := cutResolution(steps[0])
	if pixels == "" && l.Resolution > 0 {
		side := strconv.Itoa(l.Resolution)
		pixels = side + "x" + side
	}
	if pixels != "" {
		path = append(path, branch{level: levelResolution, key: part + "." + pixels, name: pixels})
	}
	if len(steps) == 2 {
		path = append(path,
			branch{level: levelBlock, key: part + "." + steps[0], name: rest},
			branch{level: levelUnit, key: unit, name: steps[1]})
		return path
	}
	return append(path, branch{level: levelUnit, key: unit, name: strings.TrimPrefix(rest, part+"_")})
}

func partName(part string) string {
	switch part {
	case "enc":
		return "encoder"
	case "dec":
		return "decoder"
	case "map":
		return "embedding"
	}
	return part
}

// cutResolution splits 28x28_block0 into 28x28 and block0; what has no
// resolution is all rest.
func cutResolution(s string) (pixels, rest string) {
	pixels, rest, ok := strings.Cut(s, "_")
	x, y, times := strings.Cut(pixels, "x")
	if _, err := strconv.ParseUint(x+y, 10, 32); !ok || !times || x == "" || y == "" || rest == "" || err != nil {
		return "", s
	}
	return pixels, rest
}

// side is the height in pixels of a resolution node.
func (n *node) side() int {
	x, _, _ := strings.Cut(n.name, "x")
	v, _ := strconv.Atoi(x)
	return v
}

// same reports whether the layers are those of the tree, in the same order.
func (n *network) same(layers []run.Layer) bool {
	if len(layers) != len(n.order) {
		return false
	}
	for i := range layers {
		if t := &n.tensors[n.order[i]]; t.Name != layers[i].Name || t.Count != layers[i].Count {
			return false
		}
	}
	return true
}

// update takes over what is frozen now.
func (n *network) update(layers []run.Layer) {
	for i := range layers {
		n.tensors[n.order[i]].Frozen = layers[i].Frozen
	}
	n.sum()
}

// sum counts parameters and frozen units of every node, from the leaves up.
func (n *network) sum() {
	for i := range n.nodes {
		u := &n.nodes[i]
		u.params, u.frozen, u.units, u.frozenUnits, u.frozenTensors = 0, 0, 0, 0, 0
		if u.level != levelUnit && u.level != levelTensor {
			continue
		}
		for k := range n.tensors[u.lo:u.hi] {
			t := &n.tensors[u.lo+k]
			u.params += int64(t.Count)
			if t.Frozen {
				u.frozen += int64(t.Count)
				u.frozenTensors++
			}
		}
		if u.level == levelUnit {
			u.units = 1
			if u.frozenTensors == u.hi-u.lo {
				u.frozenUnits = 1
			}
		}
	}
	for i := len(n.nodes) - 1; i >= 0; i-- {
		u := &n.nodes[i]
		if u.parent < 0 || u.level == levelTensor {
			continue // a unit has counted its tensors itself
		}
		p := &n.nodes[u.parent]
		p.params += u.params
		p.frozen += u.frozen
		p.units += u.units
		p.frozenUnits += u.frozenUnits
		p.frozenTensors += u.frozenTensors
	}
}

// leaf reports whether the node has no rows below it.
func (n *network) leaf(i int) bool { return n.nodes[i].end == i+1 }

// safe makes a name from a file fit to stand in columns, one cell a rune:
// parameters are named in ASCII.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, s)
}
