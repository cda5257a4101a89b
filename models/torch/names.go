package torch

import (
	"fmt"
	"strconv"
	"strings"

	"innate/models/torch/libtorch"
)

// Options are how a device is used.
type Options struct {
	Threads      int  // of the host; zero or less leaves PyTorch's own choice
	ChannelsLast bool // images in memory as [N H W C]
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

// nameOf is the name that ParseName reads.
func nameOf(on libtorch.Device) string {
	if on.Kind == libtorch.CPU {
		return "torch:cpu"
	}
	return fmt.Sprintf("cuda:%d", on.Index)
}
