package unet

import (
	"fmt"
	"slices"
)

// Config is everything that decides the network's parameters.
type Config struct {
	Arch            string  `json:"arch" toml:"arch"`                         // "ddpmpp" or "ncsnpp"
	Resolution      int     `json:"resolution" toml:"resolution"`             // pixels a side
	Channels        int     `json:"channels" toml:"channels"`                 // of the image: 1 or 3
	LabelDim        int     `json:"label_dim" toml:"label_dim"`               // classes; 0 for an unconditional network
	AugmentDim      int     `json:"augment_dim" toml:"augment_dim"`           // augmentation inputs; 0 for none
	ModelChannels   int     `json:"model_channels" toml:"model_channels"`     // width that ChannelMult multiplies
	ChannelMult     []int   `json:"channel_mult" toml:"channel_mult"`         // one per level, highest resolution first
	ChannelMultEmb  int     `json:"channel_mult_emb" toml:"channel_mult_emb"` // embedding width over ModelChannels; 4 in EDM
	NumBlocks       int     `json:"num_blocks" toml:"num_blocks"`             // residual blocks a level; the decoder has one more
	AttnResolutions []int   `json:"attn_resolutions" toml:"attn_resolutions"` // levels with self-attention
	Dropout         float64 `json:"dropout" toml:"dropout"`                   // probability in [0, 1), in training only
}

// Validate reports the first setting from which no network can be built. The
// upper bounds are far above any published network: they keep a damaged
// checkpoint's configuration from being laid out at all.
func (c Config) Validate() error {
	if _, err := Archs.Get(c.Arch); err != nil {
		return fmt.Errorf("unet: %w", err)
	}
	for _, f := range []struct {
		name          string
		value, lo, hi int
	}{
		{"resolution", c.Resolution, 1, 1 << 14},
		{"channels", c.Channels, 1, 1 << 10},
		{"label_dim", c.LabelDim, 0, 1 << 20},
		{"augment_dim", c.AugmentDim, 0, 1 << 10},
		{"model_channels", c.ModelChannels, 4, 1 << 13},
		{"channel_mult_emb", c.ChannelMultEmb, 1, 1 << 6},
		{"num_blocks", c.NumBlocks, 1, 1 << 8},
	} {
		if f.value < f.lo || f.value > f.hi {
			return fmt.Errorf("unet: %s: %d, want %d to %d", f.name, f.value, f.lo, f.hi)
		}
	}
	if c.ModelChannels%4 != 0 {
		return fmt.Errorf("unet: model_channels: %d, want a multiple of 4", c.ModelChannels)
	}
	if n := len(c.ChannelMult); n < 1 || n > 12 {
		return fmt.Errorf("unet: channel_mult: %d entries, want 1 to 12, one a level", n)
	}
	for _, m := range c.ChannelMult {
		if m < 1 || m > 1<<6 {
			return fmt.Errorf("unet: channel_mult: %v, want entries from 1 to %d", c.ChannelMult, 1<<6)
		}
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("unet: dropout: %v, want in [0, 1)", c.Dropout)
	}
	if halvings := len(c.ChannelMult) - 1; c.Resolution%(1<<halvings) != 0 {
		return fmt.Errorf("unet: resolution: %d, want a multiple of %d for %d levels", c.Resolution, 1<<halvings, halvings+1)
	}
	for _, width := range c.normWidths() {
		if groups := groupCount(width); width%groups != 0 {
			return fmt.Errorf("unet: model_channels: %d gives a layer of %d channels, want a multiple of its %d groups", c.ModelChannels, width, groups)
		}
	}
	return nil
}

// embWidth is the width E of the embedding that modulates every block.
func (c Config) embWidth() int { return c.ModelChannels * c.ChannelMultEmb }

// NoiseWidth is the width Q of the noise embedding.
func (c Config) NoiseWidth() int {
	if c.arch().Fourier {
		return 2 * c.ModelChannels
	}
	return c.ModelChannels
}

// attends reports whether the level of that resolution has self-attention.
func (c Config) attends(resolution int) bool {
	return slices.Contains(c.AttnResolutions, resolution)
}

// normWidths lists the channel counts that meet a group norm.
func (c Config) normWidths() []int {
	var out []int
	walk(c, func(_ string, _ int, b blockShape) { out = append(out, b.in, b.out) }, nil)
	return out
}

// groupCount is the number of groups of a norm over channels.
func groupCount(channels int) int { return max(1, min(32, channels/4)) }
