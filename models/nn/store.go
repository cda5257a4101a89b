package nn

import (
	"encoding/json"
	"fmt"
	"slices"

	"innate/models"
	"innate/models/checkpoint"
)

// AddTo stores the network in f: its configuration in the metadata under key, as
// JSON, its parameters and buffers under prefix. A file may hold several networks
// of one configuration (a generator and its average) under different prefixes.
func (m *Module) AddTo(f *checkpoint.File, key string, config any, prefix string) error {
	if err := WriteConfig(f, key, config); err != nil {
		return fmt.Errorf("%w, for %q", err, prefix)
	}
	if err := f.AddParams(prefix, m.params); err != nil {
		return err
	}
	return f.AddParams(prefix, m.buffers)
}

// WriteConfig states a configuration in f's metadata. There is one of each key.
func WriteConfig(f *checkpoint.File, key string, config any) error {
	text, err := json.Marshal(config)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if old, ok := f.Metadata[key]; ok && old != string(text) {
		return fmt.Errorf("%s: configuration differs from the one already stored: %s", key, old)
	}
	f.Metadata[key] = string(text)
	return nil
}

// ReadConfig reads the configuration that AddTo stored under key.
func ReadConfig(f *checkpoint.File, key string, config any) error {
	text, ok := f.Metadata[key]
	if !ok {
		return fmt.Errorf("%s: %s: no %q in the metadata", key, f.Path, key)
	}
	if err := json.Unmarshal([]byte(text), config); err != nil {
		return fmt.Errorf("%s: %s: metadata %q: %w", key, f.Path, key, err)
	}
	return nil
}

// CheckShapes holds what a configuration lays out against the file's own tensors,
// before memory is reserved for it.
func CheckShapes(f *checkpoint.File, key, prefix string, layers []Layer) error {
	for _, l := range layers {
		t, err := f.Tensor(prefix + l.Name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, l.Shape) {
			return fmt.Errorf("%s: %s: tensor %q: shape %v, want %v", key, f.Path, t.Name, t.Shape, l.Shape)
		}
	}
	return nil
}

// LoadFrom reads the values whose names start with prefix, which must be finite.
func (m *Module) LoadFrom(f *checkpoint.File, key, prefix string) error {
	for _, set := range []*models.ParamSet{m.params, m.buffers} {
		if err := f.LoadParams(prefix, set); err != nil {
			return err
		}
		if err := set.CheckFinite(); err != nil {
			return fmt.Errorf("%s: %s: %w", key, f.Path, err)
		}
	}
	return nil
}

// Open builds the network of configuration C that f's metadata describes under key,
// with the values whose names start with prefix, which must be finite. layers
// describes it without allocating it, and refuses what build cannot make.
func Open[C any, N interface {
	LoadFrom(f *checkpoint.File, key, prefix string) error
}](f *checkpoint.File, key, prefix string, layers func(C) ([]Layer, error), build func(C, *Builder) N) (n N, err error) {
	var cfg C
	if err := ReadConfig(f, key, &cfg); err != nil {
		return n, err
	}
	described, err := layers(cfg)
	if err != nil {
		return n, fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := CheckShapes(f, key, prefix, described); err != nil {
		return n, err
	}
	built := build(cfg, NewBuilder(nil))
	if err := built.LoadFrom(f, key, prefix); err != nil {
		return n, err
	}
	return built, nil
}
