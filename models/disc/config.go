package disc

import "fmt"

// Config describes the heads; there is one on each of the projector's maps.
type Config struct {
	Channels []int `json:"channels"` // of the mixed maps, finest first (Projector.Channels)
	Sizes    []int `json:"sizes"`    // their sides (Projector.Sizes)
	Nominal  []int `json:"nominal"`  // the sides by which the heads are sized; empty: the real ones
	End      int   `json:"end"`      // side at which a head stops halving
	Width    int   `json:"width"`    // channels of every halving layer; 0 takes the reference's table by size

	LabelDim int `json:"label_dim"` // classes; 0 for unconditional heads
	CMap     int `json:"cmap"`      // conditional heads: channels matched with the class vector (64 in GDD)
	EmbedDim int `json:"embed_dim"` // conditional heads: columns of the class table: EmbedDim in GDD
}

// EmbedDim is how many columns a table of classes has: the pooled features of
// EfficientNet-Lite0.
const EmbedDim = 320

// NewConfig describes heads for a projector the way GDD sizes them: they stop
// at side 8, or at that of the coarsest map if it is smaller.
func NewConfig(p *Projector, width, labelDim int) Config {
	return Config{
		Channels: p.Channels, Sizes: p.Sizes, Nominal: p.Nominal,
		End:   min(8, p.Nominal[len(p.Nominal)-1]),
		Width: width, LabelDim: labelDim, CMap: 64, EmbedDim: EmbedDim,
	}
}

// Validate reports the first setting from which no heads can be built.
func (c Config) Validate() error {
	if len(c.Channels) == 0 || len(c.Channels) != len(c.Sizes) {
		return fmt.Errorf("disc: %d channels and %d sizes, want one each a head", len(c.Channels), len(c.Sizes))
	}
	if len(c.Nominal) != 0 && len(c.Nominal) != len(c.Sizes) {
		return fmt.Errorf("disc: %d nominal sizes, want none or one each of %d heads", len(c.Nominal), len(c.Sizes))
	}
	if c.End < 1 {
		return fmt.Errorf("disc: end: %d, want > 0", c.End)
	}
	if c.Width < 0 {
		return fmt.Errorf("disc: width: %d, want >= 0", c.Width)
	}
	if c.LabelDim < 0 {
		return fmt.Errorf("disc: label_dim: %d, want >= 0", c.LabelDim)
	}
	if c.LabelDim > 0 && (c.CMap < 1 || c.EmbedDim < 1) {
		return fmt.Errorf("disc: cmap %d and embed_dim %d, want > 0 for class labels", c.CMap, c.EmbedDim)
	}
	for i, size := range c.Sizes {
		if c.Channels[i] < 1 {
			return fmt.Errorf("disc: channels: %v, want entries > 0", c.Channels)
		}
		if end := c.lastSize(i); end < c.clsKernel() {
			return fmt.Errorf("disc: head %d on side %d ends at side %d, want at least %d", i, size, end, c.clsKernel())
		}
	}
	return nil
}

// widthTable is the reference's number of channels at each nominal side.
var widthTable = []struct{ size, width int }{
	{1, 2048}, {2, 1024}, {4, 512}, {8, 512}, {16, 256}, {32, 128},
	{64, 64}, {128, 64}, {256, 32}, {512, 16}, {1024, 8},
}

// nominal is the tabulated side nearest to size, the smaller of two as near.
func nominal(size int) int {
	best := widthTable[0].size
	for _, e := range widthTable {
		if abs(e.size-size) < abs(best-size) {
			best = e.size
		}
	}
	return best
}

func abs(x int) int { return max(x, -x) }

// downWidths lists the channels after each halving layer of head i.
func (c Config) downWidths(i int) []int {
	var widths []int
	sides := c.Sizes
	if len(c.Nominal) > 0 {
		sides = c.Nominal
	}
	for size := nominal(sides[i]); size > c.End; size /= 2 {
		width := c.Width
		for _, e := range widthTable {
			if width == 0 && e.size == size/2 {
				width = e.width
			}
		}
		widths = append(widths, width)
	}
	return widths
}

// lastSize is the side of head i's last map; halving rounds down.
func (c Config) lastSize(i int) int { return c.Sizes[i] >> len(c.downWidths(i)) }

// clsKernel is the side of the final convolution.
func (c Config) clsKernel() int {
	if c.End >= 8 {
		return 4
	}
	return max(1, c.End/2)
}

// Logits is the number of logits of one image, over all heads.
func (c Config) Logits() int {
	n := 0
	for i := range c.Sizes {
		side := c.lastSize(i) - c.clsKernel() + 1
		n += side * side
	}
	return n
}
