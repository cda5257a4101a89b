package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/torchfile"
)

// TestAgainstInNetworkOrder: of two files that have tensors by type, the first layer
// that differs is the first that computes; another type alone is no difference.
func TestAgainstInNetworkOrder(t *testing.T) {
	pickle := filepath.Join("..", "..", "models", "edm", "testdata", "edm.pkl")
	f, err := torchfile.Load(pickle, "")
	check(t, err)
	wide, other := checkpoint.New(), checkpoint.New()
	wide.Metadata, other.Metadata = f.Metadata, f.Metadata
	tensors := f.Tensors()
	for i := range tensors { // the last layer first, all in float32
		x := tensors[len(tensors)-1-i]
		values, err := x.Float32s()
		check(t, err)
		check(t, wide.Add(checkpoint.Float32(x.Name, slices.Clone(values), x.Shape...)))
		if strings.HasSuffix(x.Name, "conv0.weight") {
			values[0]++
		}
		if x.Name == "model.dec.16x16_aux_conv.bias" {
			check(t, other.Add(checkpoint.Float32(x.Name, values, append([]int{1}, x.Shape...)...)))
			continue
		}
		check(t, other.Add(checkpoint.Float32(x.Name, values, x.Shape...)))
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.safetensors"), filepath.Join(dir, "b.safetensors")
	check(t, checkpoint.Write(a, wide))
	check(t, checkpoint.Write(b, other))
	if status, out, stderr := line(t, "inspect", pickle, "--against", a); status != 0 || !strings.Contains(out, " of the tensors have another type\n") {
		t.Errorf("status %d, %s%s; want the same in another type", status, out, stderr)
	}
	status, out, stderr := line(t, "inspect", a, "--against", b)
	if status != 1 || !strings.HasPrefix(out, "model.enc.16x16_block0.conv0.weight ") || !strings.Contains(stderr, `first in "model.enc.16x16_block0.conv0.weight"`) ||
		!strings.Contains(out, "model.dec.16x16_aux_conv.bias") || !strings.Contains(out, "shape [3], then [1 3]") {
		t.Errorf("status %d, %s%s; want the first convolution first", status, out, stderr)
	}
}
