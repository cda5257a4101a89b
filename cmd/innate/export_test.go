package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/npz"
)

// TestExportFormats exports the teacher in every format: what PyTorch and
// safetensors get draws the same images again, and NumPy gets the same numbers.
func TestExportFormats(t *testing.T) {
	dir := t.TempDir()
	draw := func(ref string) string {
		t.Helper()
		png := filepath.Join(dir, "a.png")
		if status, _, stderr := line(t, "sample", ref, "--n", "2", "--steps", "1", "--out", png); status != 0 {
			t.Fatal(stderr)
		}
		return string(ok(os.ReadFile(png))(t))
	}
	want := draw("builtin:mnist-teacher")
	for _, c := range [][]string{{"a.pt"}, {"a.safetensors"}, {"b", "--format", "torch"}} {
		path := filepath.Join(dir, c[0])
		if status, _, stderr := line(t, append([]string{"export", "builtin:mnist-teacher", path}, c[1:]...)...); status != 0 {
			t.Fatal(stderr)
		}
		if draw(path) != want {
			t.Errorf("%s: other images", c[0])
		}
	}
	if status, out, _ := line(t, "inspect", filepath.Join(dir, "a.pt")); status != 0 || !strings.Contains(out, "model.enc.14x14_down.conv0.resample_filter") {
		t.Errorf("inspect: status %d, %s, want EDM's names", status, out)
	}
	status, out, stderr := line(t, "inspect", "builtin:mnist-teacher", "--against", filepath.Join(dir, "a.safetensors"))
	if status != 0 || out != "the same in all of 200 tensors, 397361 values\n" {
		t.Errorf("inspect --against a copy: status %d, %s%s", status, out, stderr)
	}
	status, out, stderr = line(t, "inspect", "builtin:mnist-teacher", "--against", filepath.Join(dir, "a.pt"))
	if status != 1 || !strings.Contains(out, "resample_filter") || !strings.Contains(stderr, `differ in 8 tensors, first in "model.enc.14x14_down.conv0.resample_filter"`) {
		t.Errorf("inspect --against PyTorch's: status %d, %s%s", status, out, stderr)
	}
	path := filepath.Join(dir, "a.npz")
	if status, _, stderr := line(t, "export", "builtin:mnist-teacher", path); status != 0 {
		t.Fatal(stderr)
	}
	if arrays := ok(npz.Load(path))(t); len(arrays) != 200 || arrays["map_layer0.weight"].Descr != "<f4" {
		t.Errorf("%d arrays, want 200 of float32", len(arrays))
	}
	if status, _, stderr := line(t, "export", "builtin:mnist-teacher", path, "--format", "onnx"); status != 2 || !strings.Contains(stderr, `export --format: got "onnx", want safetensors | npz | torch`) {
		t.Errorf("status %d, %s", status, stderr)
	}
}
