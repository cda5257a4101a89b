package checkpoint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Summary counts what a file holds: "12 F32" or "3 conv", the most frequent first.
type Summary struct {
	Layers []string // by what the shapes of their weights tell
	Types  []string
}

// layerKinds names layers by the dimensions of their weights.
var layerKinds = map[int]string{1: "norm", 2: "linear", 3: "conv1d", 4: "conv", 5: "conv3d"}

// Summary counts tensors by type, and weights by the kind of layer that has such a
// one; embeddings count as linear.
func (f *File) Summary() Summary {
	layers, types := map[string]int{}, map[string]int{}
	for _, t := range f.tensors {
		types[string(t.DType)]++
		last := t.Name[strings.LastIndexAny(t.Name, "./")+1:]
		if kind := layerKinds[len(t.Shape)]; kind != "" && last == "weight" {
			layers[kind]++
		}
	}
	return Summary{tally(layers), tally(types)}
}

func tally(counts map[string]int) (out []string) {
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	for _, name := range names {
		out = append(out, fmt.Sprintf("%d %s", counts[name], name))
	}
	return out
}
