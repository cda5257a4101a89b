package unet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"innate/models/nn"
)

// Config is everything that decides the network's parameters.
type Config struct {
	Arch            string  `json:"arch"`             // one of Archs
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

	// What the architecture says unless these do.
	Embedding string `json:"embedding,omitempty"`
	NoiseMult int    `json:"channel_mult_noise,omitempty"`
	Encoder   string `json:"encoder,omitempty"`
	Decoder   string `json:"decoder,omitempty"`
	Taps      []int  `json:"resample_filter,omitempty"`
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
		{"out_channels", c.OutChannels, 0, 1 << 11},
		{"channel_mult_noise", c.NoiseMult, 0, 1 << 6},
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
	if err := c.checkArch(); err != nil {
		return err
	}
	if !(c.Dropout >= 0 && c.Dropout < 1) {
		return fmt.Errorf("unet: dropout: %v, want in [0, 1)", c.Dropout)
	}
	if !(c.LabelDropout >= 0 && c.LabelDropout < 1) {
		return fmt.Errorf("unet: label_dropout: %v, want in [0, 1)", c.LabelDropout)
	}
	if halvings := len(c.ChannelMult) - 1; c.Resolution%(1<<halvings) != 0 {
		return fmt.Errorf("unet: resolution: %d, want a multiple of %d for %d levels", c.Resolution, 1<<halvings, halvings+1)
	}
	for _, l := range build(c, nn.NewHollowBuilder()).Layers() {
		if l.Kind != nn.KindNorm {
			continue
		}
		if width := l.Shape[0]; width%nn.GroupCount(width) != 0 {
			return fmt.Errorf("unet: model_channels: %d gives a layer of %d channels, want a multiple of its %d groups", c.ModelChannels, width, nn.GroupCount(width))
		}
	}
	return nil
}

// checkArch reports an unknown choice.
func (c Config) checkArch() error {
	a := c.arch()
	for _, f := range []struct {
		name, value string
		choices     []string
	}{
		{"embedding", a.Embedding, []string{Positional, Fourier}},
		{"encoder", a.Encoder, []string{Standard, Residual, Skip}},
		{"decoder", a.Decoder, []string{Standard, Skip}},
	} {
		if !slices.Contains(f.choices, f.value) {
			return fmt.Errorf("unet: %s: got %q, want %s", f.name, f.value, strings.Join(f.choices, " | "))
		}
	}
	if !slices.Equal(a.Taps, []int{1, 1}) && !slices.Equal(a.Taps, []int{1, 3, 3, 1}) {
		return fmt.Errorf("unet: resample_filter: got %v, want [1 1] or [1 3 3 1]", a.Taps)
	}
	return nil
}

// embWidth is the width E of the embedding that modulates every block.
func (c Config) embWidth() int { return c.ModelChannels * c.ChannelMultEmb }

// noiseWidth is the width Q of the noise embedding.
func (c Config) noiseWidth() int { return c.ModelChannels * c.arch().NoiseMult }

// outChannels is the number of channels of the output.
func (c Config) outChannels() int { return cmp.Or(c.OutChannels, c.Channels) }

// attends reports whether the level of that resolution has self-attention.
func (c Config) attends(resolution int) bool {
	return slices.Contains(c.AttnResolutions, resolution)
}
