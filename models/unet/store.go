package unet

import (
	"encoding/json"
	"fmt"
	"slices"

	"innate/models"
	"innate/models/checkpoint"
)

// metadataKey is where a checkpoint states the configuration, as JSON.
const metadataKey = "unet"

// AddTo stores the network in f: its configuration in the metadata, its
// parameters and buffers under prefix. A file may hold several networks of one
// configuration (a generator and its average) under different prefixes.
func (n *Net) AddTo(f *checkpoint.File, prefix string) error {
	text, err := json.Marshal(n.Config)
	if err != nil {
		return fmt.Errorf("unet: %w", err)
	}
	if old, ok := f.Metadata[metadataKey]; ok && old != string(text) {
		return fmt.Errorf("unet: %q differs from the configuration already stored: %s", prefix, old)
	}
	f.Metadata[metadataKey] = string(text)
	if err := f.AddParams(prefix, n.Params); err != nil {
		return err
	}
	return f.AddParams(prefix, n.Buffers)
}

// FromCheckpoint builds the network that f's metadata describes, with the
// values whose names start with prefix, which must be finite.
func FromCheckpoint(f *checkpoint.File, prefix string) (*Net, error) {
	text, ok := f.Metadata[metadataKey]
	if !ok {
		return nil, fmt.Errorf("unet: %s: no %q in the metadata", f.Path, metadataKey)
	}
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return nil, fmt.Errorf("unet: %s: metadata %q: %w", f.Path, metadataKey, err)
	}
	// The layers are laid out before memory is reserved for them, so that a
	// configuration must agree with the file's own tensors first.
	layers, err := Layers(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	for _, l := range layers {
		t, err := f.Tensor(prefix + l.Name)
		if err != nil {
			return nil, err
		}
		if !slices.Equal(t.Shape, l.Shape) {
			return nil, fmt.Errorf("unet: %s: tensor %q: shape %v, want %v", f.Path, t.Name, t.Shape, l.Shape)
		}
	}
	n, err := New(cfg, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	for _, set := range []*models.ParamSet{n.Params, n.Buffers} {
		if err := f.LoadParams(prefix, set); err != nil {
			return nil, err
		}
		if err := set.CheckFinite(); err != nil {
			return nil, fmt.Errorf("unet: %s: %w", f.Path, err)
		}
	}
	return n, nil
}
