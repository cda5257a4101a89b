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

// Presets are the names that FreezePreset takes: the paper's options 0 to 3.
func Presets() []string { return []string{"none", "gdd-i", "gdd-i+qkv", "gdd-i+qkv+skip"} }

// FreezePreset returns the names of a U-Net of residual blocks that a preset
// freezes, in order. GDD-I freezes the convolutions and attention projections
// inside the blocks; the larger presets add the attention inputs, then the
// shortcuts. Norms, affine layers, the mapping and the convolutions outside blocks
// always train.
func FreezePreset(names []string, preset string) ([]string, error) {
	parts := []string{"conv0", "conv1", "proj", "qkv", "skip"}
	switch preset {
	case "none":
		return nil, nil
	case "gdd-i":
		parts = parts[:3]
	case "gdd-i+qkv":
		parts = parts[:4]
	case "gdd-i+qkv+skip":
	default:
		return nil, fmt.Errorf("freeze: preset %q, want one of %s", preset, strings.Join(Presets(), ", "))
	}
	var frozen []string
	for _, name := range names {
		// A parameter of a residual block: enc.28x28_block0.conv0.weight.
		f := strings.Split(name, ".")
		if len(f) == 4 && (f[0] == PartEnc || f[0] == PartDec) && slices.Contains(parts, f[2]) {
			frozen = append(frozen, name)
		}
	}
	return frozen, nil
}
