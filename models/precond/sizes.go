package precond

import (
	"cmp"
	"fmt"
	"slices"

	"innate/models/nn"
)

// Sizes are what the configurations of all architectures state: how large the
// network is, what it maps, and its rates of dropout.
type Sizes struct {
	Resolution      int     `json:"resolution"`       // pixels a side
	Channels        int     `json:"channels"`         // of the image: 1 or 3
	LabelDim        int     `json:"label_dim"`        // classes; 0 for an unconditional network
	AugmentDim      int     `json:"augment_dim"`      // augmentation inputs; 0 for none
	ModelChannels   int     `json:"model_channels"`   // width that ChannelMult multiplies
	ChannelMult     []int   `json:"channel_mult"`     // one per level, highest resolution first
	ChannelMultEmb  int     `json:"channel_mult_emb"` // embedding width over ModelChannels; 4 in EDM
	NumBlocks       int     `json:"num_blocks"`       // residual blocks a level; the decoder has one more
	AttnResolutions []int   `json:"attn_resolutions"` // levels with self-attention
	Dropout         float64 `json:"dropout"`          // probability in [0, 1), in training only

	LabelDropout float64 `json:"label_dropout,omitempty"` // probability that training leaves an image's class out
	OutChannels  int     `json:"out_channels,omitempty"`  // of the output; 0: those of the image
}

// Validate reports the first size of which no network can be built. The upper
// bounds are far above any published network: they keep a damaged checkpoint's
// configuration from being laid out at all.
func (s Sizes) Validate() error {
	for _, f := range []struct {
		name          string
		value, lo, hi int
	}{
		{"resolution", s.Resolution, 1, 1 << 14},
		{"channels", s.Channels, 1, 1 << 10},
		{"label_dim", s.LabelDim, 0, 1 << 20},
		{"augment_dim", s.AugmentDim, 0, 1 << 10},
		{"model_channels", s.ModelChannels, 4, 1 << 13},
		{"channel_mult_emb", s.ChannelMultEmb, 1, 1 << 6},
		{"num_blocks", s.NumBlocks, 1, 1 << 8},
		{"out_channels", s.OutChannels, 0, 1 << 11},
	} {
		if f.value < f.lo || f.value > f.hi {
			return fmt.Errorf("%s: %d, want %d to %d", f.name, f.value, f.lo, f.hi)
		}
	}
	if s.ModelChannels%4 != 0 {
		return fmt.Errorf("model_channels: %d, want a multiple of 4", s.ModelChannels)
	}
	n := len(s.ChannelMult)
	if n < 1 || n > 12 {
		return fmt.Errorf("channel_mult: %d entries, want 1 to 12, one a level", n)
	}
	for _, m := range s.ChannelMult {
		if m < 1 || m > 1<<6 {
			return fmt.Errorf("channel_mult: %v, want entries from 1 to %d", s.ChannelMult, 1<<6)
		}
	}
	for _, f := range []struct {
		name  string
		value float64
	}{{"dropout", s.Dropout}, {"label_dropout", s.LabelDropout}} {
		if !(f.value >= 0 && f.value < 1) {
			return fmt.Errorf("%s: %v, want in [0, 1)", f.name, f.value)
		}
	}
	if halvings := n - 1; s.Resolution%(1<<halvings) != 0 {
		return fmt.Errorf("resolution: %d, want a multiple of %d for %d levels", s.Resolution, 1<<halvings, halvings+1)
	}
	return nil
}

// ValidateLayers refuses a width that the norms of the network laid out cannot
// divide into their groups.
func (s Sizes) ValidateLayers(layers []nn.Layer) error {
	for _, l := range layers {
		if width := l.Shape[0]; l.Kind == nn.KindNorm && width%nn.GroupCount(width) != 0 {
			return fmt.Errorf("model_channels: %d gives a layer of %d channels, want a multiple of its %d groups", s.ModelChannels, width, nn.GroupCount(width))
		}
	}
	return nil
}

// EmbWidth is the width E of the embedding that modulates every block.
func (s Sizes) EmbWidth() int { return s.ModelChannels * s.ChannelMultEmb }

// Out is the number of channels of the output.
func (s Sizes) Out() int { return cmp.Or(s.OutChannels, s.Channels) }

// Attends reports whether the level of that resolution has self-attention.
func (s Sizes) Attends(resolution int) bool { return slices.Contains(s.AttnResolutions, resolution) }

// Shape is what the network maps, with a noise embedding of the given width.
func (s Sizes) Shape(noiseWidth int) Shape {
	return Shape{
		Resolution: s.Resolution, Channels: s.Channels, OutChannels: s.Out(),
		LabelDim: s.LabelDim, LabelDropout: s.LabelDropout, AugmentDim: s.AugmentDim, NoiseWidth: noiseWidth,
	}
}
