package loop

import (
	"sync/atomic"
	"time"

	"innate/models/nvml"
	"innate/trainer/runlog"
)

// gpuEvery is how often a trainer looks at its GPU.
const gpuEvery = time.Second

// gpuWatch looks at the GPU that trains, for status and who shows it: they may be
// on another machine. It has a goroutine of its own, since a driver may hang.
type gpuWatch struct{ last atomic.Pointer[nvml.GPU] }

// start looks at the GPU at an address of the PCI bus, none for an empty one, until
// the returned function is called. Where NVML is not to be had, nothing is known.
func (w *gpuWatch) start(library, bus string, every time.Duration) (stop func()) {
	done := make(chan struct{})
	if bus == "" {
		return func() {}
	}
	go func() {
		lib, err := nvml.Open(library)
		if err != nil {
			return
		}
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if g, err := lib.At(bus); err == nil {
				w.last.Store(&g)
			} else {
				w.last.Store(nil)
			}
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() { close(done) }
}

// noteDevice writes what the device has to say to the run log: that it cannot do
// what would be faster, and why.
func (l *Loop) noteDevice() {
	if d, ok := l.dev.(interface{ Notes() []string }); ok {
		for _, text := range d.Notes() {
			l.event(runlog.Machine, text, nil)
		}
	}
}
