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
	if err := WriteKind(f, d.Kind); err != nil {
		return fmt.Errorf("precond: %w", err)
	}
	return d.Net.AddTo(f, prefix)
}

// In reports whether f's metadata describe a denoiser.
func In(f *checkpoint.File) bool { return f.Metadata[metadataKey] != "" }

// WriteKind states the kind in f's metadata.
func WriteKind(f *checkpoint.File, k Kind) error {
	if err := k.check(); err != nil {
		return fmt.Errorf("kind: %w", err)
	}
	f.Metadata[metadataKey] = string(k)
	return nil
}

// ShapeIn is the shape of the network that f describes. It reads no values.
func ShapeIn(f *checkpoint.File) (Shape, error) {
	a, err := archIn(f)
	if err != nil {
		return Shape{}, err
	}
	return a.Shape(f)
}

// FromCheckpoint reads the denoiser whose values start with prefix.
func FromCheckpoint(f *checkpoint.File, prefix string) (*Denoiser, error) {
	kind := Kind(f.Metadata[metadataKey])
	if err := kind.check(); err != nil {
		return nil, fmt.Errorf("precond: %s: metadata %q: %w", f.Path, metadataKey, err)
	}
	a, err := archIn(f)
	if err != nil {
		return nil, err
	}
	net, err := a.Open(f, prefix)
	if err != nil {
		return nil, err
	}
	return &Denoiser{Net: net, Kind: kind}, nil
}
