package features_test

import (
	"math"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/weights"
)

// label writes a network somewhere and returns its label as read from there.
func label(t *testing.T, net *features.Net, prefix, name string) string {
	t.Helper()
	f := checkpoint.New()
	if err := net.AddTo(f, prefix); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := checkpoint.Write(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := checkpoint.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	_, label, err := features.Open(read, prefix, features.OwnInput)
	if err != nil {
		t.Fatal(err)
	}
	return label
}

// TestMNISTRandom: the built-in network without training is what its recipe makes.
func TestMNISTRandom(t *testing.T) {
	f, err := weights.Open("builtin:mnist-random-cnn")
	if err != nil {
		t.Fatal(err)
	}
	net, err := features.FromCheckpoint(f, "")
	if err != nil {
		t.Fatal(err)
	}
	want := features.MNISTRandom().Params
	for _, p := range net.Params.All() {
		for i, v := range want.Get(p.Name).Data {
			// The last bit of a logarithm may be another on another processor.
			if d := math.Abs(float64(v - p.Data[i])); d > 1e-6 {
				t.Fatalf("%s[%d]: %v in the file, %v by the recipe", p.Name, i, p.Data[i], v)
			}
		}
	}
}

// TestLabel: a label is of the weights alone, wherever they lie; those that are
// built in have names, which others cannot have.
func TestLabel(t *testing.T) {
	for ref, want := range map[string]string{"builtin:mnist-fid-cnn": "mnist-cnn", "builtin:mnist-disc-cnn": "mnist-disc-cnn", "builtin:mnist-random-cnn": "mnist-random-cnn"} {
		f, err := weights.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		net, got, err := features.Open(f, "", features.OwnInput)
		if err != nil || got != want || !features.Known(got) {
			t.Errorf("%s: label %q, %v, want %q", ref, got, err, want)
			continue
		}
		if got := label(t, net.(*features.Net), "ema/", "other.safetensors"); got != want {
			t.Errorf("a copy of %s: label %q, want %q", ref, got, want)
		}
	}
	net := build(t)
	first := label(t, net, "", "mnist-fid-cnn.safetensors")
	if !regexp.MustCompile(`^cnn-[0-9a-f]{8}$`).MatchString(first) || features.Known(first) {
		t.Errorf("label %q of unknown weights, want the kind and 8 digits", first)
	}
	net.Params.Get("head.bias").Data[3] += 1e-3
	if second := label(t, net, "", "mnist-fid-cnn.safetensors"); second == first {
		t.Errorf("label %q of two networks", first)
	}
}

func TestOpenRefuses(t *testing.T) {
	f := checkpoint.New()
	f.Path = "x.safetensors"
	if _, _, err := features.Open(f, "", features.OwnInput); err == nil || !strings.HasPrefix(err.Error(), "features: x.safetensors: got no feature network, want one of: cnn") {
		t.Errorf("got %v", err)
	}
}
