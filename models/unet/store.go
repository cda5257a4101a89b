package unet

import (
	"math/rand/v2"

	"innate/models/checkpoint"
	"innate/models/nn"
	"innate/models/precond"
)

// MetadataKey is where a checkpoint states the configuration, as JSON.
const MetadataKey = "unet"

func init() {
	for _, name := range Archs.Names() {
		precond.Archs.Add(name, precond.Arch{
			Check: func(s precond.Settings) error { return FromSettings(name, s).Validate() },
			New: func(s precond.Settings, rng *rand.Rand) (precond.Net, error) {
				return New(FromSettings(name, s), rng)
			},
			In: func(f *checkpoint.File) bool { return f.Metadata[MetadataKey] != "" },
			Open: func(f *checkpoint.File, prefix string) (precond.Net, error) {
				return FromCheckpoint(f, prefix)
			},
			Shape: shapeIn,
		})
	}
}

// FromSettings is what a configuration's settings ask for.
func FromSettings(arch string, s precond.Settings) Config {
	return Config{
		Arch: arch, Sizes: s.Resolved(),
		Embedding: s.Embedding, NoiseMult: s.NoiseMult, Encoder: s.Encoder, Decoder: s.Decoder, Taps: s.Taps,
	}
}

// Shape is what the network maps.
func (n *Net) Shape() precond.Shape { return n.Config.shape() }

func (c Config) shape() precond.Shape { return c.Sizes.Shape(c.noiseWidth()) }

// shapeIn is the shape that f's metadata states.
func shapeIn(f *checkpoint.File) (precond.Shape, error) {
	var cfg Config
	err := nn.ReadConfig(f, MetadataKey, &cfg)
	return cfg.shape(), err
}

// Clone copies the network and all its values.
func (n *Net) Clone() precond.Net {
	c := build(n.Config, nn.NewBuilder(nil))
	c.Module.CopyFrom(n.Module)
	return c
}

// Fresh is a network of the same configuration that has not been trained.
func (n *Net) Fresh(rng *rand.Rand) precond.Net { return build(n.Config, nn.NewBuilder(rng)) }

// WithoutAugmentation is a copy that does not know of augmentation: what its input is
// without the labels, which are zero.
func (n *Net) WithoutAugmentation() precond.Net {
	cfg := n.Config
	cfg.AugmentDim = 0
	c := build(cfg, nn.NewBuilder(nil))
	c.Module.CopyFrom(n.Module)
	return c
}

// AddTo stores the network in f, its values under prefix.
func (n *Net) AddTo(f *checkpoint.File, prefix string) error {
	return n.Module.AddTo(f, MetadataKey, n.Config, prefix)
}

// FromCheckpoint builds the network that f's metadata describes, with the
// values whose names start with prefix, which must be finite.
func FromCheckpoint(f *checkpoint.File, prefix string) (*Net, error) {
	return nn.Open(f, MetadataKey, prefix, Layers, build)
}
