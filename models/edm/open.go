package edm

import (
	"fmt"
	"maps"

	"innate/models/checkpoint"
	"innate/models/precond"
	"innate/models/torchfile"
)

// Prefix is what EDM's wrappers have before the names of their network's tensors.
const Prefix = "model."

// In reports whether a file was made of a network pickle, whose metadata says what
// the network's constructor was called with.
func In(f *checkpoint.File) bool { return f.Metadata[torchfile.MetaClass] != "" }

// Open builds the network of a network pickle. Its dropout and its input of
// augmentations belong to the training that is over: as in GDD, who trains on from it
// has neither.
func Open(f *checkpoint.File) (*precond.Denoiser, error) {
	args := f.Metadata[torchfile.MetaArgs]
	if args == "" {
		args = "{}"
	}
	n, err := FromArguments(f.Metadata[torchfile.MetaClass], []byte(args))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	n = n.WithoutAugmentation()
	if n.Song != nil {
		n.Song.Dropout = 0
	} else {
		n.ADM.Dropout = 0
	}
	described := *f // the file stays what it is
	described.Metadata = maps.Clone(f.Metadata)
	if err := n.Describe(&described); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return precond.FromCheckpoint(&described, Prefix)
}
