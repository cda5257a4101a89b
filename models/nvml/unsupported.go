//go:build !linux || !(amd64 || arm64) || static

package nvml

import (
	"fmt"
	"runtime"
)

// Lib is never loaded by this build.
type Lib struct{}

// Open says that this build cannot.
func Open(path string) (*Lib, error) {
	return nil, fmt.Errorf("nvml: this build for %s/%s cannot load %s", runtime.GOOS, runtime.GOARCH, path)
}

// GPUs are all there are: none.
func (*Lib) GPUs() ([]GPU, error) { return nil, nil }

// At is never asked.
func (*Lib) At(string) (GPU, error) { return GPU{}, nil }
