package edm

import (
	"fmt"
	"math/rand/v2"

	"innate/models/adm"
	"innate/models/checkpoint"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
)

// Network is what a published network is built from.
type Network struct {
	Kind precond.Kind
	Song *unet.Config // one of the two is there
	ADM  *adm.Config
}

// Sizes are the network's.
func (n Network) Sizes() precond.Sizes {
	if n.Song != nil {
		return n.Song.Sizes
	}
	return n.ADM.Sizes
}

// with is a network of other sizes.
func (n Network) with(change func(*precond.Sizes)) Network {
	if n.Song != nil {
		c := *n.Song
		change(&c.Sizes)
		n.Song = &c
		return n
	}
	c := *n.ADM
	change(&c.Sizes)
	n.ADM = &c
	return n
}

// Layers lists the network's parameters without allocating it.
func (n Network) Layers() ([]nn.Layer, error) {
	if n.Song != nil {
		return unet.Layers(*n.Song)
	}
	return adm.Layers(*n.ADM)
}

// New builds the network. A nil rng leaves its weights zero.
func (n Network) New(rng *rand.Rand) (*precond.Denoiser, error) {
	var net precond.Net
	var err error
	if n.Song != nil {
		net, err = unet.New(*n.Song, rng)
	} else {
		net, err = adm.New(*n.ADM, rng)
	}
	if err != nil {
		return nil, err
	}
	return &precond.Denoiser{Net: net, Kind: n.Kind}, nil
}

// Describe states in f's metadata what its tensors are, by their names less the
// "model." of EDM's wrapper: precond.FromCheckpoint then builds the network from
// them.
func (n Network) Describe(f *checkpoint.File) error {
	if _, err := n.Layers(); err != nil {
		return err
	}
	key, config := unet.MetadataKey, any(n.Song)
	if n.Song == nil {
		key, config = adm.MetadataKey, n.ADM
	}
	if err := nn.WriteConfig(f, key, config); err != nil {
		return err
	}
	if err := precond.WriteKind(f, n.Kind); err != nil {
		return fmt.Errorf("edm: %w", err)
	}
	return nil
}
