package torch

import (
	"fmt"
	"strconv"
	"strings"

	"innate/models/torch/libtorch"
)

// Options are how a device is used.
type Options struct {
	Threads      int  // of the host; 0 for one a core
	ChannelsLast bool // images in memory as [N H W C]
	CUDAGraphs   bool // programs are captured and launched as a whole, on a GPU
	TF32         bool // products of float32 matrices may drop 13 bits of a factor, on a GPU
}

// ParseName reads the name of a device of this package: torch:cpu, cuda or
// cuda:N. It reports whether the name is one.
func ParseName(name string) (on libtorch.Device, ok bool) {
	switch {
	case name == "torch:cpu":
		return libtorch.Device{Kind: libtorch.CPU}, true
	case name == "cuda":
		return libtorch.Device{Kind: libtorch.CUDA}, true
	}
	index, found := strings.CutPrefix(name, "cuda:")
	n, err := strconv.Atoi(index)
	if !found || err != nil || n < 0 || strconv.Itoa(n) != index {
		return libtorch.Device{}, false
	}
	return libtorch.Device{Kind: libtorch.CUDA, Index: n}, true
}

// Check says, without loading anything, why there cannot be a device of that name
// here; nil if there can.
func Check(name string, getenv func(string) string) error {
	_, _, err := find(name, getenv)
	return err
}

// find reads a name and finds a PyTorch that may serve it.
func find(name string, getenv func(string) string) (libtorch.Device, *libtorch.Installation, error) {
	on, ok := ParseName(name)
	if !ok {
		return on, nil, fmt.Errorf("torch: device %q, want torch:cpu, cuda or cuda:N", name)
	}
	in, err := libtorch.Find(getenv)
	if err == nil && on.Kind == libtorch.CUDA && in.Version != "" && in.CUDA == "" {
		err = fmt.Errorf("torch: %s was built without CUDA, want one with it for %s", in, on)
	}
	return on, in, err
}

// nameOf is the name that ParseName reads.
func nameOf(on libtorch.Device) string {
	if on.Kind == libtorch.CPU {
		return "torch:cpu"
	}
	return fmt.Sprintf("cuda:%d", on.Index)
}
