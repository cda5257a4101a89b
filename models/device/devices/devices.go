// Package devices opens a device by its name, so that who computes need not know
// which there are.
package devices

import (
	"os"

	"innate/models/cpu"
	"innate/models/device"
	"innate/models/torch"
)

// Options are how a device is used. The processor's own reads Threads alone.
type Options = torch.Options

// CPU is the name of the processor's own device, which is always there.
const CPU = "cpu"

// Check says, without loading anything, why there cannot be a device of that name
// here; nil if there can.
func Check(name string) error {
	if name == CPU {
		return nil
	}
	return torch.Check(name, os.Getenv)
}

// Open returns the device of a name: cpu, torch:cpu, cuda or cuda:N. It fails where the name is none of these,
// and where a PyTorch or a GPU is wanted that is not to be had, with what to do.
func Open(name string, o Options) (device.Device, error) {
	if name == CPU {
		return cpu.New(o.Threads), nil
	}
	return torch.New(name, o, os.Getenv)
}
