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

// winogradTile is the m of Winograd's algorithm by which a convolution and its
// gradients are computed, 0 for the definition. It applies to whole vectors of channels
// and 3×3 kernels of stride 1, or, with an m of 4 alone, 4×4 of stride 2. The choice depends on the shape alone, and
// not on the number of images.
func (k *impl) winogradTile(s ConvShape) int {
	square3, halving := s.K == 3 && s.Stride == 1, s.K == 4 && s.Stride == 2
	if convMode == "direct" || s.Wide != 0 || !square3 && !halving || s.Pad > 2 || s.Ci%k.vl != 0 || s.Co%k.vl != 0 {
		return 0
	}
	switch {
	case convMode == "f2" && halving:
		return 0
	case convMode == "f2":
		return 2
	case convMode == "f4":
		return 4
	}
	oh, ow := s.Out()
	phases := float64(s.Stride * s.Stride)
	pairs, values := phases*float64(s.Ci*s.Co), phases*float64(s.Ci)+float64(s.Co)
	best, tile := directCost*float64(s.K*s.K*usualBatch*oh*ow)*pairs/phases, 0
	for _, m := range []int{2, 4} {
		if halving && m == 2 {
			continue
		}
		g := newTiling(m, s, extent{oh, ow, s.Co})
		tiles := float64(usualBatch * g.th * g.tw)
		if cost := float64(g.positions()) * (tiles*(pairs+transformCost*values) + weightCost*pairs); cost < best {
			best, tile = cost, m
		}
	}
	return tile
}
