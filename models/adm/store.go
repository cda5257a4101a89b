package adm

import (
	"fmt"
	"math/rand/v2"

	"innate/models/checkpoint"
	"innate/models/nn"
	"innate/models/precond"
)

// MetadataKey is where a checkpoint states the configuration, as JSON.
const MetadataKey = "adm"

// Name is that of the architecture.
const Name = "adm"

func init() {
	precond.Archs.Add(Name, precond.Arch{
		Check: func(s precond.Settings) error {
			if err := s.PlainBlocks(); err != nil {
				return fmt.Errorf("adm: %w", err)
			}
			return FromSettings(s).Validate()
		},
		New: func(s precond.Settings, rng *rand.Rand) (precond.Net, error) {
			return New(FromSettings(s), rng)
		},
		In: func(f *checkpoint.File) bool { return f.Metadata[MetadataKey] != "" },
		Open: func(f *checkpoint.File, prefix string) (precond.Net, error) {
			return FromCheckpoint(f, prefix)
		},
		Shape: shapeIn,
	})
}

// FromSettings is what a configuration's settings ask for.
func FromSettings(s precond.Settings) Config { return Config{s.Resolved()} }

// Shape is what the network maps.
func (n *Net) Shape() precond.Shape { return n.Config.shape() }

func (c Config) shape() precond.Shape { return c.Sizes.Shape(c.ModelChannels) }

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
