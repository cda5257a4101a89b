package features

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/nn"
)

// metadataKey is where a checkpoint states the configuration, as JSON.
const metadataKey = "features"

// Net is a small CNN with its parameters: stages.<i>.0 and stages.<i>.2 are the
// convolutions of stage i, head is the linear layer.
type Net struct {
	Config Config
	Params *models.ParamSet
}

// New builds the network with weights and biases from U(-1/√fanIn, 1/√fanIn),
// PyTorch's default. A nil rng leaves them zero.
func New(cfg Config, rng *rand.Rand) (*Net, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	n := &Net{Config: cfg, Params: models.NewParamSet()}
	for _, l := range cfg.layout() {
		weight := n.Params.Add(models.NewParam(l.unit+".weight", l.shape...))
		bias := n.Params.Add(models.NewParam(l.unit+".bias", l.shape[0]))
		if rng == nil {
			continue
		}
		fanIn := len(weight.Data) / l.shape[0]
		drawWeight, drawBias := nn.Default(fanIn, 0)
		drawWeight(rng, weight.Data)
		drawBias(rng, bias.Data)
	}
	return n, nil
}

// layer is one layer's name and the shape of its weight.
type layer struct {
	unit  string
	shape []int
}

// layout lists the layers in order.
func (c Config) layout() []layer {
	var out []layer
	in := c.Channels
	for i, w := range c.Widths {
		out = append(out,
			layer{fmt.Sprintf("stages.%d.0", i), []int{w, in, 3, 3}},
			layer{fmt.Sprintf("stages.%d.2", i), []int{w, w, 3, 3}})
		in = w
	}
	return append(out, layer{"head", []int{c.Classes, in}})
}

// In reports whether a checkpoint describes a network of this package.
func In(f *checkpoint.File) bool { return f.Metadata[metadataKey] != "" }

// FromCheckpoint builds the network that f's metadata describes, with the
// weights whose names start with prefix, which must be finite.
func FromCheckpoint(f *checkpoint.File, prefix string) (*Net, error) {
	text, ok := f.Metadata[metadataKey]
	if !ok {
		return nil, fmt.Errorf("features: %s: no %q in the metadata", f.Path, metadataKey)
	}
	var cfg Config
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return nil, fmt.Errorf("features: %s: metadata %q: %w", f.Path, metadataKey, err)
	}
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	// The configuration must agree with the file's own tensors before memory is
	// reserved for it.
	for _, l := range cfg.layout() {
		t, err := f.Tensor(prefix + l.unit + ".weight")
		if err != nil {
			return nil, err
		}
		if !slices.Equal(t.Shape, l.shape) {
			return nil, fmt.Errorf("features: %s: tensor %q: shape %v, want %v", f.Path, t.Name, t.Shape, l.shape)
		}
	}
	n, err := New(cfg, nil)
	if err != nil {
		return nil, err
	}
	if err := f.LoadParams(prefix, n.Params); err != nil {
		return nil, err
	}
	if err := n.Params.CheckFinite(); err != nil {
		return nil, fmt.Errorf("features: %s: %w", f.Path, err)
	}
	return n, nil
}

// AddTo stores the network in f: its configuration in the metadata, its weights
// under prefix.
func (n *Net) AddTo(f *checkpoint.File, prefix string) error {
	text, err := json.Marshal(n.Config)
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	f.Metadata[metadataKey] = string(text)
	return f.AddParams(prefix, n.Params)
}
