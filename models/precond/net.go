package precond

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
	"innate/models/nn"
	"innate/models/registry"
)

// Net is a network F(x; cNoise) of any architecture.
type Net interface {
	Shape() Shape

	Params() *models.ParamSet  // what trains, in the order of the state dict
	Buffers() *models.ParamSet // what a checkpoint keeps besides
	Layers() []nn.Layer        // describes Params, in order
	Blocks() []*nn.Block       // residual blocks, in that order; their Forward has taps
	Clone() Net                // with values of its own

	// Forward adds F to g: x [N R R Channels] to [N R R OutChannels].
	Forward(g *graph.Builder, x graph.Node, c nn.Cond) graph.Node

	// NoiseEmbedding fills dst [len(cNoise) NoiseWidth], which is Cond.Emb.
	NoiseEmbedding(dst, cNoise []float32)

	// NewDropout is for one graph of training; nil for none.
	NewDropout() *nn.Dropout

	// FreezePreset returns the names of the parameters that a preset freezes.
	FreezePreset(preset string) ([]string, error)

	// AddTo stores the network in f: what it is built from in the metadata, its
	// values under prefix.
	AddTo(f *checkpoint.File, prefix string) error
}

// Shape is what a network maps.
type Shape struct {
	Resolution            int // pixels a side
	Channels, OutChannels int
	LabelDim              int     // classes; 0 for none
	LabelDropout          float64 // probability that training leaves an image's class out
	AugmentDim            int     // augmentation inputs; 0 for none
	NoiseWidth            int     // of the noise embedding
}

// Image is the shape of an image, [H W C].
func (s Shape) Image() graph.Shape { return graph.Shape{s.Resolution, s.Resolution, s.Channels} }

// Settings are what a configuration says of a network, whatever its architecture
// makes of them.
type Settings struct {
	Sizes
	Variance bool // the network also gives a variance, twice its channels

	// What a U-Net of score models chooses; zero: as its architecture has it.
	Embedding, Encoder, Decoder string
	NoiseMult                   int
	Taps                        []int
}

// Resolved are the sizes with what the other settings make of them.
func (s Settings) Resolved() Sizes {
	if s.Variance {
		s.OutChannels = 2 * s.Channels
	}
	return s.Sizes
}

// PlainBlocks refuses choices that only some architectures leave open, for one
// that does not.
func (s Settings) PlainBlocks() error {
	for _, f := range []struct {
		name  string
		given bool
		value any
	}{
		{"embedding", s.Embedding != "", s.Embedding}, {"encoder", s.Encoder != "", s.Encoder}, {"decoder", s.Decoder != "", s.Decoder},
		{"channel_mult_noise", s.NoiseMult != 0, s.NoiseMult}, {"resample_filter", len(s.Taps) > 0, s.Taps},
	} {
		if f.given {
			return fmt.Errorf("%s: got %v, want none: the architecture leaves no choice", f.name, f.value)
		}
	}
	return nil
}

// Arch is an architecture of networks, as it is registered.
type Arch struct {
	Check func(s Settings) error // refuses settings from which no network can be built
	New   func(s Settings, rng *rand.Rand) (Net, error)
	In    func(f *checkpoint.File) bool                        // whether a file holds one
	Open  func(f *checkpoint.File, prefix string) (Net, error) // the one whose values begin with prefix
	Shape func(f *checkpoint.File) (Shape, error)              // of the one that the metadata describes; reads no values
}

// Archs holds the architectures by name.
var Archs = registry.New[Arch]("arch")

// archIn is the architecture of the network in f.
func archIn(f *checkpoint.File) (Arch, error) {
	for _, name := range Archs.Names() {
		if a, err := Archs.Get(name); err == nil && a.In(f) {
			return a, nil
		}
	}
	return Arch{}, fmt.Errorf("precond: %s: got no network, want one of: %s", f.Path, strings.Join(Archs.Names(), ", "))
}
