package loop

import (
	"time"

	"innate/trainer/run"
)

// WatchGPU is what status says of a GPU, by a library that stands for NVML.
func WatchGPU(library, bus string, every time.Duration) (status func() run.Status, stop func()) {
	l := &Loop{now: time.Now}
	l.status.Store(&run.Status{})
	return l.Status, l.gpu.start(library, bus, every)
}
