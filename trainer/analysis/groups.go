package analysis

import (
	"fmt"
	"strings"

	"innate/models/nn"
)

// Groupings are the ways in which layers are put together: by nn.Kind, by their role
// in a block (conv0, qkv, …), by resolution, by part of the U-Net, by block, by unit
// (weight and bias of one layer), or each tensor for itself.
var Groupings = []string{"kind", "role", "resolution", "part", "block", "unit", "tensor"}

// GroupOf is the name of a layer's group.
func GroupOf(l nn.Layer, by string) string {
	switch by {
	case "kind":
		return string(l.Kind)
	case "role":
		return roleOf(l)
	case "resolution":
		if l.Resolution == 0 {
			return l.Part
		}
		return fmt.Sprintf("%dx%d", l.Resolution, l.Resolution)
	case "part":
		return l.Part
	case "block":
		if l.Block == "" {
			return l.Part
		}
		return l.Part + "." + l.Block
	case "unit":
		return l.Unit
	}
	return l.Name
}

// roleOf is conv0 for enc.28x28_block0.conv0; of a layer that stands for itself what
// follows the resolution, conv or aux_norm, and in the embedding its name.
func roleOf(l nn.Layer) string {
	parts := strings.Split(l.Unit, ".")
	last := parts[len(parts)-1]
	if len(parts) == 2 {
		if _, name, ok := strings.Cut(last, "_"); ok && strings.ContainsRune(last, 'x') {
			return name
		}
	}
	return last
}

// group is layers that belong together, by their places among the network's.
type group struct {
	name   string
	layers []int
}

// groupsOf puts layers together, in the order of the first of each group.
func groupsOf(layers []nn.Layer, by string) []group {
	var list []group
	at := map[string]int{}
	for i, l := range layers {
		name := GroupOf(l, by)
		k, ok := at[name]
		if !ok {
			k = len(list)
			at[name] = k
			list = append(list, group{name: name})
		}
		list[k].layers = append(list[k].layers, i)
	}
	return list
}
