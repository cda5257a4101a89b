package libtorch

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Variable is the environment variable that names a PyTorch: the folder of its
// virtual environment, of its site-packages, of torch in there, or of its lib.
const Variable = "INNATE_TORCH"

// Oldest is the first version with lists in calls and a versioned dispatcher.
const Oldest = "2.10"

// Installation is a PyTorch on disk that has not been loaded.
type Installation struct {
	Dir     string // that holds libtorch_cpu.so
	Version string // as its version.py says: 2.15.0+cu130; empty if it says nothing
	CUDA    string // the CUDA that it was built for; empty for none
	Source  string // what led to it: INNATE_TORCH, VIRTUAL_ENV, CONDA_PREFIX or python3
}

// mainLibrary is in the folder of every PyTorch.
const mainLibrary = "libtorch_cpu.so"

// pythonPatience is how long a python3 may take to say where torch is.
const pythonPatience = 10 * time.Second

// Find looks for a PyTorch where a person would expect it to be found: what
// INNATE_TORCH names, else the active virtual environment, else the active conda
// environment, else what the python3 on the path would import. It runs python3,
// but imports nothing.
func Find(getenv func(string) string) (*Installation, error) {
	if at := getenv(Variable); at != "" {
		dir := libIn(at)
		if dir == "" {
			return nil, fmt.Errorf("torch: %s: %s: no %s in there, want the folder of an installed PyTorch", Variable, at, mainLibrary)
		}
		return inspect(dir, Variable)
	}
	for _, name := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if at := getenv(name); at != "" {
			if dir := libIn(at); dir != "" {
				return inspect(dir, name)
			}
		}
	}
	if dir := fromPython(); dir != "" {
		return inspect(dir, "python3")
	}
	return nil, fmt.Errorf("torch: no PyTorch in VIRTUAL_ENV, in CONDA_PREFIX or for python3: pip install torch, or let %s name the folder of one", Variable)
}

// libIn is the folder of libraries of the PyTorch at or below a folder, empty if
// there is none.
func libIn(at string) string {
	for _, below := range []string{"", "lib", "torch/lib", "lib/python3*/site-packages/torch/lib"} {
		found, err := filepath.Glob(filepath.Join(escapeGlob(at), below, mainLibrary))
		if err == nil && len(found) > 0 {
			return filepath.Dir(found[len(found)-1]) // of several pythons, the newest
		}
	}
	return ""
}

// escapeGlob keeps the characters of a path from being a pattern.
func escapeGlob(path string) string {
	return regexp.MustCompile(`[*?\[\\]`).ReplaceAllString(path, `\$0`)
}

// locate prints where Python would import torch from.
const locate = `import importlib.util
s = importlib.util.find_spec("torch")
print(s.submodule_search_locations[0] if s else "")`

// fromPython asks the python3 on the path.
func fromPython() string {
	ctx, cancel := context.WithTimeout(context.Background(), pythonPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "python3", "-c", locate).Output()
	at := strings.TrimSpace(string(out))
	if err != nil || at == "" {
		return ""
	}
	return libIn(at)
}

var (
	versionLine = regexp.MustCompile(`(?m)^__version__ = '([^']+)'`)
	cudaLine    = regexp.MustCompile(`(?m)^cuda\b[^=\n]* = '([^']+)'`)
)

// inspect reads what an installation says of itself, and refuses one that is too
// old to be called.
func inspect(dir, source string) (*Installation, error) {
	in := &Installation{Dir: dir, Source: source}
	text, err := os.ReadFile(filepath.Join(dir, "..", "version.py"))
	if err != nil {
		return in, nil // its libraries say the version once they are loaded
	}
	if m := versionLine.FindSubmatch(text); m != nil {
		in.Version = string(m[1])
	}
	if m := cudaLine.FindSubmatch(text); m != nil {
		in.CUDA = string(m[1])
	}
	if in.Version != "" && older(in.Version, Oldest) {
		return nil, fmt.Errorf("torch: PyTorch %s in %s (found by %s), want %s or newer", in.Version, dir, source, Oldest)
	}
	return in, nil
}

// older compares the first two numbers of versions.
func older(a, b string) bool {
	x, y := numbers(a), numbers(b)
	return x[0] < y[0] || x[0] == y[0] && x[1] < y[1]
}

func numbers(version string) (n [2]int) {
	for i, field := range strings.SplitN(version, ".", 3) {
		if i < len(n) {
			n[i], _ = strconv.Atoi(field)
		}
	}
	return n
}

// String says which PyTorch it is and where.
func (in *Installation) String() string {
	s := strings.TrimSpace("PyTorch " + in.Version)
	if in.CUDA != "" {
		s += ", CUDA " + in.CUDA
	}
	return fmt.Sprintf("%s in %s (found by %s)", s, in.Dir, in.Source)
}
