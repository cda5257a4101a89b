package libtorch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/torch/libtorch"
)

// install makes what Find takes for a PyTorch, below dir: the file that it looks
// for, empty, and a version.
func install(t *testing.T, dir, version, cuda string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(dir, "lib"), 0o755))
	must(t, os.WriteFile(filepath.Join(dir, "lib", "libtorch_cpu.so"), nil, 0o644))
	text := "from typing import Optional\n__all__ = ['__version__', 'cuda']\n__version__ = '" + version + "'\ncuda: Optional[str] = " + cuda + "\nhip: Optional[str] = None\n"
	must(t, os.WriteFile(filepath.Join(dir, "version.py"), []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFind looks in every place, in order, and names what it found by.
func TestFind(t *testing.T) {
	root := t.TempDir()
	venv, conda := filepath.Join(root, "a [venv]*"), filepath.Join(root, "conda")
	const packages = "lib/python3.11/site-packages"
	install(t, filepath.Join(venv, packages, "torch"), "2.15.0+cu132", "'13.2'")
	install(t, filepath.Join(conda, packages, "torch"), "2.12.1", "None")
	old := filepath.Join(root, "old")
	install(t, filepath.Join(old, packages, "torch"), "2.9.1+cpu", "None")
	python := filepath.Join(root, "bin")
	must(t, os.MkdirAll(python, 0o755))
	must(t, os.WriteFile(filepath.Join(python, "python3"), []byte("#!/bin/sh\necho "+filepath.Join(conda, packages, "torch")+"\n"), 0o755))
	empty := filepath.Join(root, "empty")
	must(t, os.MkdirAll(empty, 0o755))

	torch := filepath.Join(venv, packages, "torch")
	for _, c := range []struct {
		name string
		env  map[string]string
		path string
		want string // of the installation's String, or of the error
	}{
		{"the folder of torch", map[string]string{libtorch.Variable: torch}, "", "PyTorch 2.15.0+cu132, CUDA 13.2 in " + torch + "/lib (found by INNATE_TORCH)"},
		{"its libraries", map[string]string{libtorch.Variable: torch + "/lib"}, "", "(found by INNATE_TORCH)"},
		{"site-packages", map[string]string{libtorch.Variable: filepath.Join(venv, packages)}, "", "(found by INNATE_TORCH)"},
		{"an environment", map[string]string{libtorch.Variable: venv, "VIRTUAL_ENV": conda}, "", "2.15.0+cu132"},
		{"the active environment", map[string]string{"VIRTUAL_ENV": venv, "CONDA_PREFIX": conda}, "", "(found by VIRTUAL_ENV)"},
		{"conda", map[string]string{"VIRTUAL_ENV": empty, "CONDA_PREFIX": conda}, "", "PyTorch 2.12.1 in " + conda + "/" + packages + "/torch/lib (found by CONDA_PREFIX)"},
		{"python3", nil, python, "(found by python3)"},
		{"nothing", nil, empty, "torch: no PyTorch in VIRTUAL_ENV, in CONDA_PREFIX or for python3: pip install torch, or let INNATE_TORCH name the folder of one"},
		{"nothing where it was said to be", map[string]string{libtorch.Variable: empty, "VIRTUAL_ENV": venv}, python, "torch: INNATE_TORCH: " + empty + ": no libtorch_cpu.so in there"},
		{"an old one", map[string]string{"VIRTUAL_ENV": old}, python, "torch: PyTorch 2.9.1+cpu in " + filepath.Join(old, packages, "torch/lib") + " (found by VIRTUAL_ENV), want 2.10 or newer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("PATH", c.path)
			in, err := libtorch.Find(func(name string) string { return c.env[name] })
			got := ""
			if err != nil {
				got = err.Error()
			} else {
				got = in.String()
				got = strings.ReplaceAll(got, filepath.Join(conda, packages, "torch/../torch"), filepath.Join(conda, packages, "torch"))
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
}
