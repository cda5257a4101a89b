package kernels

import (
	"fmt"
	"os"
)

// convMode is what INNATE_CONV asks for: "" chooses by shape; "direct" never takes
// Winograd's algorithm; "f2" and "f4" take that tile wherever the algorithm applies.
// They are for comparing and for finding errors.
var convMode string

func init() {
	switch mode := os.Getenv("INNATE_CONV"); mode {
	case "", "direct", "f2", "f4":
		convMode = mode
	default:
		envError = fmt.Errorf("INNATE_CONV: %q, want direct, f2 or f4", mode)
	}
}

// What a convolution costs, in products of a register tile, measured on a Zen 3
// with AVX2 over layers of 16 to 512 channels and 7×7 to 32×32 pixels. Only ratios
// count, and they are alike for the other implementations.
const (
	directCost    = 1.15 // of one product, by the definition: borders, rows that do not fill a tile
	transformCost = 22   // of one transformed value of the input or the output
	weightCost    = 24   // of one transformed value of the weight

	// usualBatch is the number of images that a choice is made for, whatever their
	// number: an image then has the same values in any batch.
	usualBatch = 32
)

// winogradTile is the m of Winograd's F(m×m, 3×3) by which a convolution and its
// gradients are computed, 0 for the definition. It applies to 3×3 kernels of
// stride 1 and whole vectors of channels. The choice depends on the shape alone, and
// not on the number of images.
func (k *impl) winogradTile(s ConvShape) int {
	if convMode == "direct" || s.K != 3 || s.Wide != 0 || s.Stride != 1 || s.Pad > 2 || s.Ci%k.vl != 0 || s.Co%k.vl != 0 {
		return 0
	}
	switch convMode {
	case "f2":
		return 2
	case "f4":
		return 4
	}
	oh, ow := s.Out()
	pairs, values := float64(s.Ci*s.Co), float64(s.Ci+s.Co)
	best, tile := directCost*9*float64(usualBatch*oh*ow)*pairs, 0
	for m := 2; m <= 4; m += 2 {
		g := newTiling(m, extent{oh, ow, s.Co})
		tiles := float64(usualBatch * g.th * g.tw)
		if cost := float64(g.positions()) * (tiles*(pairs+transformCost*values) + weightCost*pairs); cost < best {
			best, tile = cost, m
		}
	}
	return tile
}
