package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/weights"
)

// TestFaultNaNTensor gives every command that computes with a network one of
// which a single value is NaN: it names the tensor and makes no picture, no
// number and no file.
func TestFaultNaNTensor(t *testing.T) {
	dir := t.TempDir()
	const tensor = "dec.14x14_block0.conv1.weight"
	teacher, cnn := spoil(t, dir, "builtin:mnist-teacher", tensor), spoil(t, dir, "builtin:mnist-fid-cnn", "stages.1.0.bias")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"sample", teacher, "--n", "4", "--steps", "1", "--out", filepath.Join(dir, "x.png")}, `tensor "` + tensor + `": value 0 of`},
		{[]string{"fid", teacher, "--n", "50", "--steps", "1"}, `tensor "` + tensor + `": value 0 of`},
		{[]string{"fid", "builtin:mnist-teacher", "--n", "50", "--steps", "1", "--features", cnn}, `tensor "stages.1.0.bias": value 0 of`},
		{[]string{"fid", "ref", filepath.Join(dir, "x.npz"), "--features", cnn}, `tensor "stages.1.0.bias": value 0 of`},
		{[]string{"inspect", teacher, "--check"}, `tensor "` + tensor + `": 1 of`},
		{[]string{"inspect", "--check", teacher, "--json"}, `tensor "` + tensor + `": 1 of`},
	} {
		status, stdout, stderr := line(t, c.args...)
		if status != 1 || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("innate %s: status %d, %q; want 1 and %s", strings.Join(c.args, " "), status, stderr, c.want)
		}
		if shown := c.args[0] == "inspect"; shown != strings.Contains(stdout, tensor) {
			t.Errorf("innate %s: printed %.300q", strings.Join(c.args, " "), stdout)
		}
	}
	for _, name := range []string{"x.png", "x.npz"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was made", name)
		}
	}
	// A run from it is not made either, where its features are at fault.
	runs := filepath.Join(dir, "runs")
	if status, _, stderr := line(t, "start", "mnist-gdd-i", "--runs", runs, "--set", "disc.features="+cnn); status != 1 || !strings.Contains(stderr, `tensor "stages.1.0.bias"`) {
		t.Errorf("start: status %d, %q", status, stderr)
	}
}

// spoil copies a network and makes the first value of one tensor NaN.
func spoil(t *testing.T, dir, ref, tensor string) (path string) {
	t.Helper()
	in, err := weights.Open(ref)
	if err != nil {
		t.Fatal(err)
	}
	out, found := checkpoint.New(), false
	out.Metadata = in.Metadata
	for _, old := range in.Tensors() {
		if old.Name == tensor {
			found = true
			values, err := old.Float32s()
			if err != nil {
				t.Fatal(err)
			}
			values[0] = float32(math.NaN())
			old = checkpoint.Float32(old.Name, values, old.Shape...)
		}
		if err := out.Add(old); err != nil {
			t.Fatal(err)
		}
	}
	path = filepath.Join(dir, strings.TrimPrefix(ref, weights.Prefix)+".safetensors")
	if err := checkpoint.Write(path, out); err != nil || !found {
		t.Fatal(err, found)
	}
	return path
}
