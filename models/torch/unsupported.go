//go:build !linux || !(amd64 || arm64) || static

package torch

import (
	"fmt"
	"runtime"

	"innate/models/device"
)

// New says that this build cannot.
func New(name string, _ Options, _ func(string) string) (device.Device, error) {
	return nil, fmt.Errorf("torch: %s: this build for %s/%s cannot load PyTorch, want one for linux on amd64 or arm64 without the tag static", name, runtime.GOOS, runtime.GOARCH)
}

// NCCL says that this build cannot.
func NCCL(func(string) string) (string, error) {
	return "", fmt.Errorf("nccl: this build for %s/%s cannot load it", runtime.GOOS, runtime.GOARCH)
}
