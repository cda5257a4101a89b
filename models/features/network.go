package features

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
	"innate/models/registry"
)

// Network is a frozen network that makes features of images.
type Network interface {
	Weights() *models.ParamSet // that it computes with
	Fingerprint() string       // of the weights in its file, which identify it: see Open
	Input() string             // how it wants its images, by the name in Inputs
	Dim() int                  // features of an image
	Classes() int              // class logits of an image; 0: it has none

	// Embed adds the network to g: images as Input makes them, x [N H W C], to
	// features [N Dim] and logits [N Classes].
	Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node)
}

// Kind is an architecture of feature networks, as it is registered.
type Kind struct {
	In    func(f *checkpoint.File) bool                            // whether a file holds one
	Open  func(f *checkpoint.File, prefix string) (Network, error) // the one whose weights begin with prefix
	Names map[string]string                                        // of known weights, by fingerprint

	// Describe is Open of names and shapes alone, for what needs no weights; nil: Open.
	Describe func(f *checkpoint.File, prefix string) (Network, error)

	// Digests names the weights of published files by the first digits of their
	// SHA-256, where no fingerprint is known.
	Digests map[string]string

	// Inputs are the ways to prepare images that are in use for the network, each a
	// metric of its own, where there is more than one: With then makes the network
	// have it. The first is that of the network as it is opened.
	Inputs []string
	With   func(net Network, input string) Network
}

// Kinds holds the architectures of feature networks by name.
var Kinds = registry.New[Kind]("feature network")

func init() {
	Kinds.Add("cnn", Kind{
		In:   In,
		Open: func(f *checkpoint.File, prefix string) (Network, error) { return FromCheckpoint(f, prefix) },
		Names: map[string]string{
			"753f925ca64a7b6e5deaa228af8d67b78437b665563830120021c9eda25c0e9c": "mnist-cnn",
			"0c6d5e97be740fb76bc37dd17ed89274b79a7d06d9c8f7c1f06491fbbba1f3ec": "mnist-disc-cnn",
			"c350358336eb1063af45ae17dc5aefbe35f0c600e26b6d7f8e915f3b7d3ca5de": "mnist-random-cnn",
		},
	})
	Kinds.Add("vgg16_bn", Kind{In: inVGG, Open: openVGG, Describe: describeVGG})
	Kinds.Add("vgg16", Kind{In: inVGG16, Open: openVGG16, Describe: describeVGG16})
	Kinds.Add("tf_efficientnet_lite0", Kind{In: inLite, Open: openLite, Describe: describeLite})
	Kinds.Add("deit", Kind{In: inDeiT, Open: openDeiT, Describe: describeDeiT})
	Kinds.Add(clipKind, Kind{In: inCLIP, Open: openCLIP})
	Kinds.Add(dinoKind, Kind{In: inDINO, Open: openDINO})
	Kinds.Add("inception", Kind{
		In: inInception, Open: openInception, Inputs: inceptionInputs, With: withInput,
		Digests: map[string]string{"6726825d": "inception-2015-12-05"},
	})
}

// Open builds the feature network in f, of whatever kind, whose weights begin with
// prefix, with the named input or OwnInput, and labels it. An input that is not
// the network's own is part of the label, for it makes other numbers.
func Open(f *checkpoint.File, prefix, input string) (net Network, label string, err error) {
	name, kind, err := kindOf(f)
	if err != nil {
		return nil, "", err
	}
	if input != OwnInput && len(kind.Inputs) > 0 && !slices.Contains(kind.Inputs, input) {
		return nil, "", wrongInput(f, input, kind.Inputs, name)
	}
	if net, err = kind.Open(f, prefix); err != nil {
		return nil, "", err
	}
	if label, err = labelOf(name, kind, f.Path, net.Fingerprint()); err != nil {
		return nil, "", err
	}
	switch {
	case input == OwnInput || input == net.Input():
		return net, label, nil
	case len(kind.Inputs) == 0:
		return nil, "", wrongInput(f, input, []string{net.Input()}, name)
	}
	return kind.With(net, input), label + inputMark + input, nil
}

// InputError says that a network has no such input.
type InputError struct{ text string }

func (e *InputError) Error() string { return e.text }

func wrongInput(f *checkpoint.File, input string, want []string, name string) error {
	return &InputError{fmt.Sprintf("features: %s: input: got %q, want %s for %s", f.Path, input, strings.Join(want, ", "), name)}
}

// OwnInput stands for the input that a network has if none is chosen.
const OwnInput = "own"

// inputMark stands in a label before an input that is not the network's own.
const inputMark = "+"

// OpenBackbone is Open for a discriminator, which needs maps and no label.
func OpenBackbone(f *checkpoint.File, prefix string) (Backbone, error) {
	name, kind, err := kindOf(f)
	if err != nil {
		return nil, err
	}
	return backbone(f, prefix, name, kind.Open)
}

// DescribeBackbone is OpenBackbone without the weights: it says what images and sizes
// the network takes, and what maps there will be. Large networks' values are not read.
func DescribeBackbone(f *checkpoint.File, prefix string) (Backbone, error) {
	name, kind, err := kindOf(f)
	if err != nil {
		return nil, err
	}
	if kind.Describe == nil {
		return backbone(f, prefix, name, kind.Open)
	}
	return backbone(f, prefix, name, kind.Describe)
}

func backbone(f *checkpoint.File, prefix, name string, open func(f *checkpoint.File, prefix string) (Network, error)) (Backbone, error) {
	net, err := open(f, prefix)
	if err != nil {
		return nil, err
	}
	if b, ok := net.(Backbone); ok {
		return b, nil
	}
	return nil, fmt.Errorf("features: %s: %s has no maps for a discriminator, want a network that has", f.Path, name)
}

// KindOf names the kind of the feature network in f. It reads no values.
func KindOf(f *checkpoint.File) (string, error) {
	name, _, err := kindOf(f)
	return name, err
}

// kindOf is the architecture of the network in f.
func kindOf(f *checkpoint.File) (name string, kind Kind, err error) {
	for _, name := range Kinds.Names() {
		if kind, err = Kinds.Get(name); err == nil && kind.In(f) {
			return name, kind, nil
		}
	}
	return "", Kind{}, fmt.Errorf("features: %s: got no feature network, want one of: %s", f.Path, strings.Join(Kinds.Names(), ", "))
}

// labelDigits of a fingerprint tell networks apart in a label.
const labelDigits = 8

// labelOf is the name by which numbers over a network's features are comparable:
// that of its weights where they, or the published file at path, are known, otherwise
// its kind and the beginning of their fingerprint.
func labelOf(name string, kind Kind, path, fingerprint string) (string, error) {
	if known := kind.Names[fingerprint]; known != "" {
		return known, nil
	}
	if len(kind.Digests) > 0 {
		digest, err := digestOf(path)
		if err != nil {
			return "", err
		}
		for first, known := range kind.Digests {
			if strings.HasPrefix(digest, first) {
				return known, nil
			}
		}
	}
	return name + "-" + fingerprint[:labelDigits], nil
}

// digestOf is the SHA-256 of the file at path, "" if there is none by that name.
func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("features: %w", err)
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", fmt.Errorf("features: %s: %w", path, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// Known reports whether a label is the name of known weights, which others must not
// be taken for.
func Known(label string) bool {
	for _, name := range Kinds.Names() {
		kind, _ := Kinds.Get(name)
		for _, names := range []map[string]string{kind.Names, kind.Digests} {
			if slices.Contains(slices.Collect(maps.Values(names)), label) {
				return true
			}
		}
	}
	return false
}
