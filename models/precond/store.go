package precond

import (
	"fmt"

	"innate/models/checkpoint"
)

// metadataKey is where a checkpoint states the kind of preconditioning.
const metadataKey = "precond"

// AddTo stores the denoiser in f: kind and configuration in the metadata, the
// network's values under prefix.
func (d *Denoiser) AddTo(f *checkpoint.File, prefix string) error {
	f.Metadata[metadataKey] = string(d.Kind)
	return d.Net.AddTo(f, prefix)
}

// FromCheckpoint reads the denoiser whose values start with prefix.
func FromCheckpoint(f *checkpoint.File, prefix string) (*Denoiser, error) {
	kind := Kind(f.Metadata[metadataKey])
	if kind != EDM && kind != GDD {
		return nil, fmt.Errorf("precond: %s: metadata %q: %q, want %q or %q", f.Path, metadataKey, string(kind), EDM, GDD)
	}
	net, err := open(f, prefix)
	if err != nil {
		return nil, err
	}
	return &Denoiser{Net: net, Kind: kind}, nil
}
