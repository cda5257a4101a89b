package torchfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/torchfile"
)

// written writes every type that PyTorch wrote, and some metadata.
func written(t *testing.T) (path string, f *checkpoint.File) {
	t.Helper()
	f, err := torchfile.Load("testdata/dtypes.pt", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, extra := range []checkpoint.Tensor{
		checkpoint.Float32("scalar", []float32{2.5}), checkpoint.Float32("empty", nil, 0, 3),
	} {
		if err := f.Add(extra); err != nil {
			t.Fatal(err)
		}
	}
	f.Metadata["nimg"] = "25600"
	path = filepath.Join(t.TempDir(), "out.pt")
	if err := torchfile.Write(path, f); err != nil {
		t.Fatal(err)
	}
	return path, f
}

// TestWrite reads back what was written.
func TestWrite(t *testing.T) {
	path, f := written(t)
	back, err := torchfile.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	if back.Metadata["nimg"] != "25600" || len(back.Tensors()) != len(f.Tensors()) {
		t.Errorf("metadata %v, %d tensors; want %d", back.Metadata, len(back.Tensors()), len(f.Tensors()))
	}
	for i, want := range f.Tensors() {
		got := back.Tensors()[i]
		a, err := got.Raw()
		b, err2 := want.Raw()
		if got.Name != want.Name || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Errorf("tensor %q %s %v, want %q %s %v", got.Name, got.DType, got.Shape, want.Name, want.DType, want.Shape)
		}
	}
}

// TestTorchPythonReads has PyTorch read it, where INNATE_TORCH names an environment
// whose Python can import torch: with weights_only, by mapping, and with the same
// numbers.
func TestTorchPythonReads(t *testing.T) {
	python := filepath.Join(os.Getenv("INNATE_TORCH"), "bin", "python")
	if os.Getenv("INNATE_TORCH") == "" || exec.Command(python, "-c", "import torch").Run() != nil {
		t.Skip("INNATE_TORCH names no environment whose python imports torch")
	}
	path, f := written(t)
	out, err := exec.Command(python, "-c", `
import json, sys, torch
result = []
for mmap in (False, True):
    state = torch.load(sys.argv[1], weights_only=True, mmap=mmap)
    result.append([[k, str(t.dtype), list(t.shape), bytes(t.reshape(-1).view(torch.uint8).tolist()).hex() if t.numel() else ""] for k, t in state.items()])
net = torch.nn.Module()
net.scalar = torch.nn.Parameter(torch.zeros(()))
print(json.dumps([result, net.load_state_dict(state, strict=False).missing_keys, state._metadata[""]["innate"]]))
`, path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var said struct {
		Read     [2][][4]any
		Missing  []string
		Metadata map[string]string
	}
	if err := json.Unmarshal(out, &[]any{&said.Read, &said.Missing, &said.Metadata}); err != nil {
		t.Fatal(err)
	}
	if len(said.Missing) > 0 || said.Metadata["nimg"] != "25600" {
		t.Errorf("missing %v, metadata %v", said.Missing, said.Metadata)
	}
	for _, read := range said.Read {
		if len(read) != len(f.Tensors()) {
			t.Fatalf("%d tensors, want %d", len(read), len(f.Tensors()))
		}
		for i, want := range f.Tensors() {
			raw, err := want.Raw()
			if err != nil {
				t.Fatal(err)
			}
			dtype := types[strings.TrimPrefix(read[i][1].(string), "torch.")]
			if read[i][0] != want.Name || dtype != want.DType || read[i][3] != hexOf(raw) {
				t.Errorf("PyTorch read %v, want %s %s %x", read[i], want.Name, want.DType, raw)
			}
		}
	}
}
