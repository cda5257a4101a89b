package method_test

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"innate/trainer/method"
)

// BenchmarkStep times whole training steps, optimizer and averaging included, at
// batch 64 on a 28×28 DDPM++ with 32 channels × 1, 2, 2, two blocks a level and
// attention at 7 (1.75 M parameters): the network that the PyTorch reference is
// timed on. A GDD step is the mean over the 16 that contain one R1. On a busy machine
// compare the processor time of one thread.
func BenchmarkStep(b *testing.B) {
	for _, threads := range []int{1, 2} {
		for _, c := range []struct{ method, preset string }{{"edm", "none"}, {"gdd", "none"}, {"gdd", "gdd-i"}, {"fd", "none"}, {"fd", "gdd-i"}, {"gdd+fd", "none"}, {"distill", "none"}} {
			b.Run(fmt.Sprintf("%s/%s/threads=%d", c.method, c.preset, threads), func(b *testing.B) {
				step, end, err := method.Bench(c.method, c.preset, threads)
				if err != nil {
					b.Fatal(err)
				}
				defer end()
				step()
				b.ReportAllocs()
				before := processorTime(b)
				for b.Loop() {
					step()
				}
				b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds(), "images/s")
				b.ReportMetric(1000*(processorTime(b)-before)/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// processorTime is how many seconds all threads of the process have computed.
func processorTime(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
