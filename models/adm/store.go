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

func init() {
	precond.Archs.Add("adm", precond.Arch{
		Check: func(s precond.Settings) error { return fromSettings(s).Validate() },
		New: func(s precond.Settings, rng *rand.Rand) (precond.Net, error) {
			return New(fromSettings(s), rng)
		},
		In: func(f *checkpoint.File) bool { return f.Metadata[MetadataKey] != "" },
		Open: func(f *checkpoint.File, prefix string) (precond.Net, error) {
			return FromCheckpoint(f, prefix)
		},
	})
}

// embMult is EDM's width of the embedding over ModelChannels.
const embMult = 4

func fromSettings(s precond.Settings) Config {
	return Config{
		Resolution: s.Resolution, Channels: s.Channels, LabelDim: s.LabelDim,
		ModelChannels: s.ModelChannels, ChannelMult: s.ChannelMult, ChannelMultEmb: embMult,
		NumBlocks: s.NumBlocks, AttnResolutions: s.AttnResolutions, Dropout: s.Dropout, LabelDropout: s.LabelDropout,
	}
}

// Shape is what the network maps.
func (n *Net) Shape() precond.Shape {
	c := n.Config
	return precond.Shape{
		Resolution: c.Resolution, Channels: c.Channels, OutChannels: c.outChannels(),
		LabelDim: c.LabelDim, LabelDropout: c.LabelDropout, AugmentDim: c.AugmentDim, NoiseWidth: n.embedding.Width,
	}
}

// Clone copies the network and all its values.
func (n *Net) Clone() precond.Net {
	c := build(n.Config, nn.NewBuilder(nil))
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
	var cfg Config
	if err := nn.ReadConfig(f, MetadataKey, &cfg); err != nil {
		return nil, err
	}
	layers, err := Layers(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := nn.CheckShapes(f, MetadataKey, prefix, layers); err != nil {
		return nil, err
	}
	n := build(cfg, nn.NewBuilder(nil))
	if err := n.LoadFrom(f, MetadataKey, prefix); err != nil {
		return nil, err
	}
	return n, nil
}
