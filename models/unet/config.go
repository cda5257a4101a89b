package unet

import (
	"fmt"
	"slices"
	"strings"

	"innate/models/nn"
	"innate/models/precond"
)

// Config is everything that decides the network's parameters.
type Config struct {
	Arch string `json:"arch"` // one of Archs
	precond.Sizes

	// What the architecture says unless these do.
	Embedding string `json:"embedding,omitempty"`
	NoiseMult int    `json:"channel_mult_noise,omitempty"`
	Encoder   string `json:"encoder,omitempty"`
	Decoder   string `json:"decoder,omitempty"`
	Taps      []int  `json:"resample_filter,omitempty"`
}

const maxNoiseMult = 1 << 6 // far above any published network

// Validate reports the first setting from which no network can be built.
func (c Config) Validate() error {
	_, err := Archs.Get(c.Arch)
	if err == nil {
		err = c.Sizes.Validate()
	}
	if err == nil {
		err = c.checkChoices()
	}
	if err == nil {
		err = c.ValidateLayers(build(c, nn.NewHollowBuilder()).Layers())
	}
	if err != nil {
		return fmt.Errorf("unet: %w", err)
	}
	return nil
}

// checkChoices reports the first choice that no network has.
func (c Config) checkChoices() error {
	if c.NoiseMult < 0 || c.NoiseMult > maxNoiseMult {
		return fmt.Errorf("channel_mult_noise: %d, want 0 to %d", c.NoiseMult, maxNoiseMult)
	}
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
			return fmt.Errorf("%s: got %q, want %s", f.name, f.value, strings.Join(f.choices, " | "))
		}
	}
	if !slices.Equal(a.Taps, []int{1, 1}) && !slices.Equal(a.Taps, []int{1, 3, 3, 1}) {
		return fmt.Errorf("resample_filter: got %v, want [1 1] or [1 3 3 1]", a.Taps)
	}
	return nil
}

// noiseWidth is the width Q of the noise embedding.
func (c Config) noiseWidth() int { return c.ModelChannels * c.arch().NoiseMult }
