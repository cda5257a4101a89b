// Package standin builds libraries that stand in for NVIDIA's, for tests on
// machines without a GPU: C sources that keep to the interface and to the rules,
// and write down what they are asked for.
package standin

import (
	"embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed c
var sources embed.FS

// Build compiles a source to a library at a path. Without gcc the test is skipped.
func Build(t testing.TB, source, path string, flags ...string) {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc, which builds the stand-in libraries")
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, sources); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "c", source)
	args := append([]string{"-std=gnu17", "-O1", "-Wall", "-shared", "-fPIC", "-fvisibility=hidden", "-Wl,-Bsymbolic", "-o", path, file}, flags...)
	if out, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
}

// CUDA makes a PyTorch whose GPU is a stand-in, beside the one whose libraries lie
// in a folder, and returns what INNATE_TORCH takes. Without are functions that its
// libraries lack.
func CUDA(t testing.TB, libraries string, without ...string) string {
	t.Helper()
	site := t.TempDir()
	lib := filepath.Join(site, "torch", "lib")
	if err := os.MkdirAll(lib, 0o700); err != nil {
		t.Fatal(err)
	}
	link := func(from, to string) {
		if err := os.Symlink(from, to); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(libraries)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, "libtorch_cuda") {
			link(filepath.Join(libraries, name), filepath.Join(lib, name))
		}
	}
	link(filepath.Join(libraries, "..", "version.py"), filepath.Join(site, "torch", "version.py"))
	link(filepath.Join(libraries, "..", "..", "nvidia"), filepath.Join(site, "nvidia"))
	flags := []string{"-Wl,--no-as-needed", "-L" + lib, "-l:libtorch_cpu.so", "-Wl,--allow-shlib-undefined", "-Wl,-rpath,$ORIGIN", "-lm"}
	for _, name := range without {
		flags = append(flags, "-DWITHOUT_"+name)
	}
	Build(t, "cuda.c", filepath.Join(lib, "libtorch_cuda.so"), flags...)
	return site
}

// NCCL makes a stand-in for NVIDIA's library of that name, which lacks some functions,
// and returns its path.
func NCCL(t testing.TB, without ...string) string {
	t.Helper()
	return library(t, "nccl.c", "libnccl.so.2", without)
}

// NVML makes a stand-in for NVIDIA's library of that name, which lacks some
// functions, and returns its path.
func NVML(t testing.TB, without ...string) string {
	t.Helper()
	return library(t, "nvml.c", "libnvidia-ml.so.1", without)
}

func library(t testing.TB, source, name string, without []string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var flags []string
	for _, name := range without {
		flags = append(flags, "-DWITHOUT_"+name)
	}
	Build(t, source, path, flags...)
	return path
}

// Log makes the stand-ins write down what they are asked for, and returns what
// reads the lines since it was last called.
func Log(t *testing.T) func() []string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	t.Setenv("STANDIN_LOG", path)
	return func() []string {
		text, _ := os.ReadFile(path) // nothing has been asked for: no file
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		return strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' })
	}
}
