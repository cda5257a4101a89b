//go:build (amd64 || arm64) && !static

package torch

import (
	"fmt"

	"innate/models/torch/libtorch"
)

// feed is how values get from the host to a tensor: on a GPU by pinned memory,
// ahead of the work that is going on.
type feed struct {
	lib            *libtorch.Lib
	dst            tensor
	shape, strides []int          // of the values on the host
	pinned         *libtorch.Feed // nil on the processor, and where there is no pinned memory
}

// newFeed is for the device's thread.
func (d *Device) newFeed(dst tensor, shape, strides []int) *feed {
	l := d.lib
	f := &feed{lib: l, dst: dst, shape: shape, strides: strides}
	if l.Device.Kind == libtorch.CUDA && l.OK() {
		f.pinned = l.NewFeed(dst, shape, strides)
		if err := l.Err(); err != nil {
			d.note(fmt.Sprintf("%v: uploads wait for the GPU", err))
		}
	}
	return f
}

// send sets the tensor to values, which may be changed when it returns.
func (f *feed) send(values []float32) {
	if f.pinned != nil {
		f.pinned.Send(values)
		return
	}
	f.lib.Upload(f.dst, values, f.shape, f.strides)
}

func (f *feed) free() {
	if f != nil && f.pinned != nil {
		f.pinned.Free()
	}
}

// note keeps what a person may want to know, once.
func (d *Device) note(text string) {
	if !d.noted[text] {
		d.noted[text] = true
		d.notes = append(d.notes, text)
	}
}

// Notes are what there is to say since it was last asked: how the device does what
// it could do faster.
func (d *Device) Notes() []string {
	n := d.notes
	d.notes = nil
	return n
}
