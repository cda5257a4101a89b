package nn

import (
	"fmt"
	"slices"
	"strings"
)

// Kind is the kind of layer that a parameter belongs to.
type Kind string

// The kinds of layer.
const (
	KindConv   Kind = "conv"
	KindLinear Kind = "linear"
	KindNorm   Kind = "norm"
)

// The parts of a U-Net; Part of a Layer is one of them.
const (
	PartMap = "map" // the embedding's layers
	PartEnc = "enc"
	PartDec = "dec"
	PartOut = "out" // what follows the decoder, where that is no part of it
)

// Layer describes one parameter for screens and freezing.
type Layer struct {
	Name       string // "enc.28x28_block0.conv0.weight"
	Kind       Kind
	Part       string // "map", "enc", "dec" or "out"
	Block      string // "28x28_block0"; empty in "map"
	Unit       string // the name less .weight or .bias
	Resolution int    // pixels a side; 0 in "map"
	Shape      []int
}

// Count is the number of values.
func (l Layer) Count() int {
	n := 1
	for _, d := range l.Shape {
		n *= d
	}
	return n
}

// A preset is a rule over the parts of a parameter's name, which reads
// enc.28x28_block0.conv0.weight inside a residual block and has fewer parts elsewhere.
type preset struct {
	name    string
	freezes func(parts []string) bool
}

// presets are the paper's options 0 to 3, and then those that name all that trains.
var presets = []preset{
	{"none", func([]string) bool { return false }},
	{"gdd-i", inBlocks("conv0", "conv1", "proj")},
	{"gdd-i+qkv", inBlocks("conv0", "conv1", "proj", "qkv")},
	{"gdd-i+qkv+skip", inBlocks("conv0", "conv1", "proj", "qkv", "skip")},
	{"norms", func(parts []string) bool {
		unit := parts[max(len(parts)-2, 0)]
		return !strings.Contains(unit, "norm") && unit != "affine"
	}},
	{"embedding", func(parts []string) bool { return partOf(parts) != PartMap }},
	{"encoder", func(parts []string) bool { return partOf(parts) != PartEnc }},
	{"decoder", func(parts []string) bool { return partOf(parts) != PartDec && partOf(parts) != PartOut }},
}

func inBlocks(units ...string) func(parts []string) bool {
	return func(parts []string) bool {
		part := partOf(parts)
		return len(parts) == 4 && (part == PartEnc || part == PartDec) && slices.Contains(units, parts[2])
	}
}

// partOf is the part of a U-Net that a parameter belongs to: enc and dec hold
// blocks, and map_layer0 and out_norm stand beside them.
func partOf(parts []string) string {
	part, _, _ := strings.Cut(parts[0], "_")
	return part
}

// Presets are the names that FreezePreset takes: the paper's options 0 to 3, and
// then norms, embedding, encoder and decoder.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// FreezePreset returns the names of a U-Net of residual blocks that a preset
// freezes, in order. GDD-I freezes the convolutions and attention projections
// inside the blocks; the larger ones of the paper add the attention inputs, then the
// shortcuts: norms, affine layers, the mapping and the convolutions outside blocks
// always train. The others are named by all that trains: norms with the blocks'
// affine layers, the mapping of noise levels and classes, or one half of the U-Net,
// the decoder with what follows it.
func FreezePreset(names []string, preset string) ([]string, error) {
	for _, p := range presets {
		if p.name != preset {
			continue
		}
		var frozen []string
		for _, name := range names {
			if p.freezes(strings.Split(name, ".")) {
				frozen = append(frozen, name)
			}
		}
		return frozen, nil
	}
	return nil, fmt.Errorf("freeze: preset %q, want one of %s", preset, strings.Join(Presets(), ", "))
}
