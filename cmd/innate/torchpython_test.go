package main

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/npz"
)

// torchPython is the Python of the environment that INNATE_TORCH names, which must
// import torch and NumPy: /usr is one, too, with Debian's python3-torch.
func torchPython(t *testing.T) string {
	t.Helper()
	at := os.Getenv("INNATE_TORCH")
	if at == "" {
		t.Skip("INNATE_TORCH names no environment")
	}
	python := filepath.Join(at, "bin", "python3")
	if out, err := exec.Command(python, "-c", "import numpy, torch").CombinedOutput(); err != nil {
		t.Skipf("%s imports no torch and NumPy: %v: %s", python, err, lastLine(string(out)))
	}
	return python
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// TestTorchPythonSamples draws with network pickles that PyTorch has just written, of
// shapes that nobody published and with tensors that lie in every way, and compares
// with what PyTorch draws from the same noise; and with what innate draws from the
// safetensors that it imports.
func TestTorchPythonSamples(t *testing.T) {
	python := torchPython(t)
	dir := t.TempDir()
	if out, err := exec.Command(python, filepath.Join("..", "..", "models", "nettest", "pickled.py"), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, name := range []string{"residual", "skip", "adm"} {
		at := func(end string) string { return filepath.Join(dir, name+end) }
		want := readArray(t, at("-x.npy"))
		imported := at(".safetensors")
		if status, _, stderr := line(t, "import", at(".pkl"), "-o", imported); status != 0 {
			t.Fatalf("%s: %s", name, stderr)
		}
		if status, stdout, stderr := line(t, "inspect", at(".pkl"), "--against", imported); status != 0 || !strings.Contains(stdout, "the same in all") {
			t.Errorf("%s: %s%s", name, stdout, stderr)
		}
		// What a module gives differs by the rounding of those before it: 1e-6 was seen.
		if status, stdout, stderr := line(t, "inspect", at(".pkl"), "--outputs", at("-outputs.npz"), "--tolerance", "1e-5"); status != 0 || strings.Count(stdout, "\n") < 40 {
			t.Errorf("%s: %s%s", name, stdout, stderr)
		}
		for _, file := range []string{at(".pkl"), imported} {
			args := []string{"sample", file, "--latents", at("-z.npy"), "--steps", "3", "--out", at("-got.npy")}
			if _, err := os.Stat(at("-labels.npy")); err == nil {
				args = append(args, "--labels", at("-labels.npy"))
			}
			if status, _, stderr := line(t, args...); status != 0 {
				t.Errorf("%s: %s", name, stderr)
				continue
			}
			got, worst, largest := readArray(t, at("-got.npy")), 0.0, 0.0
			for i, v := range want {
				worst, largest = max(worst, math.Abs(v-got[i])), max(largest, math.Abs(v))
			}
			// Five calls of a network in float32 round differently, and Heun's method
			// carries that on: 5e-6 was seen.
			if worst > 3e-5*largest || largest == 0 {
				t.Errorf("%s: images differ by %.2g of %.2g at most", filepath.Base(file), worst, largest)
			}
		}
	}
}

// readArray reads an npy file.
func readArray(t *testing.T, path string) []float64 {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	a, err := npz.ReadArray(f)
	check(t, err)
	return a.Data
}
