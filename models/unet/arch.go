package unet

import (
	"slices"

	"innate/models/registry"
)

// Arch is what tells the architectures of score-model U-Nets apart.
type Arch struct {
	Embedding string // of the noise level: Positional or Fourier
	NoiseMult int    // width of that embedding over ModelChannels
	Encoder   string // how it sees the input at every resolution: Standard (it does not), Residual or Skip
	Decoder   string // Standard, or Skip: the output is a sum over resolutions
	Taps      []int  // the resampling filter in one dimension: [1 1] or [1 3 3 1]
}

// The two architectures of EDM.
const (
	DDPMpp = "ddpmpp"
	NCSNpp = "ncsnpp"
)

// What an architecture chooses from, as EDM calls it.
const (
	Positional = "positional" // sines and cosines of geometric frequencies
	Fourier    = "fourier"    // of random ones

	Standard = "standard"
	Residual = "residual"
	Skip     = "skip"
)

// Archs are the architectures of this package by name.
var Archs = registry.New[Arch]("arch")

func init() {
	Archs.Add(DDPMpp, Arch{Positional, 1, Standard, Standard, []int{1, 1}})
	Archs.Add(NCSNpp, Arch{Fourier, 2, Residual, Standard, []int{1, 3, 3, 1}})
}

// Architecture is the configuration's, with what it changes of it.
func (c Config) Architecture() Arch { return c.arch() }

// arch is the configuration's architecture, which Validate knows, with what the
// configuration changes of it.
func (c Config) arch() Arch {
	a, _ := Archs.Get(c.Arch)
	if c.Embedding != "" {
		a.Embedding = c.Embedding
	}
	if c.NoiseMult != 0 {
		a.NoiseMult = c.NoiseMult
	}
	if c.Encoder != "" {
		a.Encoder = c.Encoder
	}
	if c.Decoder != "" {
		a.Decoder = c.Decoder
	}
	if c.Taps != nil {
		a.Taps = c.Taps
	}
	return a
}

// Name makes a the configuration's architecture, by name where it has one.
func (c *Config) Name(a Arch) {
	for _, name := range Archs.Names() {
		known, _ := Archs.Get(name)
		if known.Embedding == a.Embedding && known.NoiseMult == a.NoiseMult && known.Encoder == a.Encoder &&
			known.Decoder == a.Decoder && slices.Equal(known.Taps, a.Taps) {
			c.Arch, c.Embedding, c.NoiseMult, c.Encoder, c.Decoder, c.Taps = name, "", 0, "", "", nil
			return
		}
	}
	c.Arch, c.Embedding, c.NoiseMult, c.Encoder, c.Decoder, c.Taps = DDPMpp, a.Embedding, a.NoiseMult, a.Encoder, a.Decoder, a.Taps
}
