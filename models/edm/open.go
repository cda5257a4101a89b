package edm

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"innate/models/checkpoint"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/torchfile"
)

// Prefix is what EDM's wrappers have before the names of their network's tensors.
const Prefix = "model."

// In reports whether a file was made of a network pickle, whose metadata says what
// the network's constructor was called with.
func In(f *checkpoint.File) bool { return f.Metadata[torchfile.MetaClass] != "" }

// ofPickle is the network that a network pickle says it has.
func ofPickle(f *checkpoint.File) (Network, error) {
	args, err := argumentsIn(f)
	if err != nil {
		return Network{}, fmt.Errorf("%s: edm: %w", f.Path, err)
	}
	n, err := FromArguments(f.Metadata[torchfile.MetaClass], args)
	if err != nil {
		return n, fmt.Errorf("%s: %w", f.Path, err)
	}
	return n, nil
}

// argumentsIn are the arguments of a wrapper's constructor, as a JSON object: those that
// were given by name, and the wrapper's attributes, which have what was given by place.
func argumentsIn(f *checkpoint.File) ([]byte, error) {
	all := map[string]json.RawMessage{}
	for _, key := range []string{torchfile.MetaAttrs, torchfile.MetaArgs} { // the latter count
		text := f.Metadata[key]
		if text == "" {
			continue
		}
		var some map[string]json.RawMessage
		if err := json.Unmarshal([]byte(text), &some); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		for name, value := range some {
			if key == torchfile.MetaArgs || slices.Contains(kept, name) {
				all[name] = value
			}
		}
	}
	if model := f.Metadata[torchfile.MetaModel]; model != "" && all["model_type"] == nil {
		text, err := json.Marshal(model)
		if err != nil {
			return nil, err
		}
		all["model_type"] = text
	}
	return json.Marshal(all)
}

// Layers lists the parameters of the network of a network pickle, in the order in which
// they compute; in the file their names have Prefix before them. It reads no values.
func Layers(f *checkpoint.File) ([]nn.Layer, error) {
	n, err := ofPickle(f)
	if err != nil {
		return nil, err
	}
	return n.WithoutAugmentation().Layers()
}

// Check refuses a network pickle of which Open could build no network: for its class,
// its arguments, or a tensor that is missing or of another shape. It reads no values.
func Check(f *checkpoint.File) error {
	layers, err := Layers(f)
	if err != nil {
		return err
	}
	for _, l := range layers {
		t, err := f.Tensor(Prefix + l.Name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, l.Shape) {
			return fmt.Errorf("%s: edm: tensor %q: shape %v, want %v as %s has it", f.Path, t.Name, t.Shape, l.Shape, f.Metadata[torchfile.MetaClass])
		}
	}
	return nil
}

// Open builds the network of a network pickle. Its dropout and its input of
// augmentations belong to the training that is over: as in GDD, who trains on from it
// has neither.
func Open(f *checkpoint.File) (*precond.Denoiser, error) {
	n, err := ofPickle(f)
	if err != nil {
		return nil, err
	}
	n = n.with(func(s *precond.Sizes) { s.AugmentDim, s.Dropout = 0, 0 })
	described, err := describedBy(f, n)
	if err != nil {
		return nil, err
	}
	return precond.FromCheckpoint(described, Prefix)
}

// Shape is the shape of the network that Open builds. It reads no values.
func Shape(f *checkpoint.File) (precond.Shape, error) {
	n, err := ofPickle(f)
	if err != nil {
		return precond.Shape{}, err
	}
	described, err := describedBy(f, n.WithoutAugmentation())
	if err != nil {
		return precond.Shape{}, err
	}
	return precond.ShapeIn(described)
}

// describedBy is f with n in its metadata; f itself stays what it is.
func describedBy(f *checkpoint.File, n Network) (*checkpoint.File, error) {
	described := *f
	described.Metadata = maps.Clone(f.Metadata)
	if err := n.Describe(&described); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return &described, nil
}
