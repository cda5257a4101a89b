//go:build (amd64 || arm64) && !static

package torch

// What somebody asks who tries a device that nobody has tried before.

// RecordCalls makes CheckCalls know the operations that the device calls from now
// on.
func (d *Device) RecordCalls() { d.do(d.lib.RecordCalls) }

// CheckCalls holds the arguments of the operations since RecordCalls against the
// schemas that this PyTorch has of them, and returns how many operations there were.
func (d *Device) CheckCalls() (operations int, err error) {
	d.do(func() { operations, err = d.lib.CheckCalls() })
	return operations, err
}

// InUse is what of a GPU's memory is in use, by all processes, in bytes; 0 for the
// processor. It waits for the GPU.
func (d *Device) InUse() (bytes int64) {
	d.quiet(func() {
		d.lib.Synchronize()
		bytes, _ = d.lib.MemoryInfo()
	})
	return bytes
}

// Live is how many tensors the device holds.
func (d *Device) Live() int { return d.lib.Live() }
