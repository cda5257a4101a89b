//go:build linux && (amd64 || arm64) && !static

package torch_test

import (
	"os"
	"testing"

	"github.com/prometheus/procfs"

	"innate/models/torch"
)

// TestNoLeakInTenThousandSteps trains for that long, with an average, and reads what
// was recorded as a trainer does. Neither tensors nor the memory of the process may
// grow after the first thousand: one of this network's activations left behind in
// each step would be 50 MiB, 8 are room for allocators.
func TestNoLeakInTenThousandSteps(t *testing.T) {
	if os.Getenv("INNATE_LEAK") == "" {
		t.Skip("takes half a minute: set INNATE_LEAK=1")
	}
	tr := newTrainee(t, open(t, torch.Options{Threads: 1}))
	tr.freeze(len(tr.net.params))
	var err error
	tr.mean, err = tr.dev.PlanAverage(tr.average, tr.net.params)
	must(t, err)
	thousand := func() {
		for range 10 {
			tr.train(100)
			tr.program.Records()
			tr.adam.Records()
		}
	}
	thousand()
	live, memory := tr.dev.Live(), resident(t)
	for range 9 {
		thousand()
	}
	if got := tr.dev.Live(); got != live {
		t.Errorf("%d tensors after 10,000 steps, %d after 1,000", got, live)
	}
	grown := resident(t) - memory
	t.Logf("%d tensors, %+.1f MiB", live, float64(grown)/(1<<20))
	if grown > 8<<20 {
		t.Errorf("the process has grown by %d bytes in 9,000 steps", grown)
	}
}

// resident is the memory of this process, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	self, err := procfs.NewProc(os.Getpid())
	must(t, err)
	stat, err := self.Stat()
	must(t, err)
	return stat.ResidentMemory()
}
