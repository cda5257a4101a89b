package adm

import (
	"cmp"
	"fmt"
	"slices"

	"innate/models/nn"
)

// Config is everything that decides the network's parameters.
type Config struct {
	Resolution      int     `json:"resolution"`              // pixels a side
	Channels        int     `json:"channels"`                // of the image
	OutChannels     int     `json:"out_channels,omitempty"`  // of the output; 0: those of the image
	LabelDim        int     `json:"label_dim"`               // classes; 0 for an unconditional network
	AugmentDim      int     `json:"augment_dim"`             // augmentation inputs; 0 for none
	ModelChannels   int     `json:"model_channels"`          // width that ChannelMult multiplies
	ChannelMult     []int   `json:"channel_mult"`            // one per level, highest resolution first
	ChannelMultEmb  int     `json:"channel_mult_emb"`        // embedding width over ModelChannels; 4 in EDM
	NumBlocks       int     `json:"num_blocks"`              // residual blocks a level; the decoder has one more
	AttnResolutions []int   `json:"attn_resolutions"`        // levels with self-attention
	Dropout         float64 `json:"dropout"`                 // probability in [0, 1), in training only
	LabelDropout    float64 `json:"label_dropout,omitempty"` // probability that training leaves an image's class out
}

// headWidth is the channels of an attention head: a narrower layer has none.
const headWidth = 64

// Validate reports the first setting from which no network can be built. The
// upper bounds are far above any published network: they keep a damaged
// checkpoint's configuration from being laid out at all.
func (c Config) Validate() error {
	for _, f := range []struct {
		name          string
		value, lo, hi int
	}{
		{"resolution", c.Resolution, 1, 1 << 14},
		{"channels", c.Channels, 1, 1 << 10},
		{"out_channels", c.OutChannels, 0, 1 << 11},
		{"label_dim", c.LabelDim, 0, 1 << 20},
		{"augment_dim", c.AugmentDim, 0, 1 << 10},
		{"model_channels", c.ModelChannels, 4, 1 << 13},
		{"channel_mult_emb", c.ChannelMultEmb, 1, 1 << 6},
		{"num_blocks", c.NumBlocks, 1, 1 << 8},
	} {
		if f.value < f.lo || f.value > f.hi {
			return fmt.Errorf("adm: %s: %d, want %d to %d", f.name, f.value, f.lo, f.hi)
		}
	}
	if c.ModelChannels%4 != 0 {
		return fmt.Errorf("adm: model_channels: %d, want a multiple of 4", c.ModelChannels)
	}
	if n := len(c.ChannelMult); n < 1 || n > 12 {
		return fmt.Errorf("adm: channel_mult: %d entries, want 1 to 12, one a level", n)
	}
	for _, m := range c.ChannelMult {
		if m < 1 || m > 1<<6 {
			return fmt.Errorf("adm: channel_mult: %v, want entries from 1 to %d", c.ChannelMult, 1<<6)
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"dropout", c.Dropout}, {"label_dropout", c.LabelDropout}} {
		if !(f.value >= 0 && f.value < 1) {
			return fmt.Errorf("adm: %s: %v, want in [0, 1)", f.name, f.value)
		}
	}
	if halvings := len(c.ChannelMult) - 1; c.Resolution%(1<<halvings) != 0 {
		return fmt.Errorf("adm: resolution: %d, want a multiple of %d for %d levels", c.Resolution, 1<<halvings, halvings+1)
	}
	for _, l := range build(c, nn.NewHollowBuilder()).Layers() {
		width := l.Shape[0]
		if l.Kind == nn.KindNorm && width%nn.GroupCount(width) != 0 {
			return fmt.Errorf("adm: model_channels: %d gives a layer of %d channels, want a multiple of its %d groups", c.ModelChannels, width, nn.GroupCount(width))
		}
		if width := l.Shape[0] / 3; len(l.Shape) == 4 && l.Shape[0] == 3*l.Shape[1] && l.Shape[2] == 1 && width%max(1, width/headWidth) != 0 {
			return fmt.Errorf("adm: model_channels: %d gives attention of %d channels, want a multiple of its %d heads", c.ModelChannels, width, width/headWidth)
		}
	}
	return nil
}

// embWidth is the width E of the embedding that modulates every block.
func (c Config) embWidth() int { return c.ModelChannels * c.ChannelMultEmb }

// outChannels is the number of channels of the output.
func (c Config) outChannels() int { return cmp.Or(c.OutChannels, c.Channels) }

// attends reports whether the level of that resolution has self-attention.
func (c Config) attends(resolution int) bool {
	return slices.Contains(c.AttnResolutions, resolution)
}
