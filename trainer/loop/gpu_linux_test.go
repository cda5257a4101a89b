//go:build (amd64 || arm64) && !static

package loop_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"innate/models/standin"
	"innate/trainer/loop"
)

// TestGPUWatch: a trainer says in its status how its GPU is doing, until the driver
// has no answer any more.
func TestGPUWatch(t *testing.T) {
	log := standin.Log(t)
	status, stop := loop.WatchGPU(standin.NVML(t), "0000:65:00.0", time.Millisecond)
	wait := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: never", what)
			}
		}
	}
	wait("a GPU", func() bool { return status().GPU != nil })
	text, err := json.Marshal(status())
	check(t, err)
	if want := `"gpu":{"index":0,"name":"NVIDIA H100 80GB HBM3","use":0.87,"mem_used":43000000000,"mem_total":85520809984,"celsius":63,"watts":320.51,"mhz":1755,"max_mhz":1980}`; !strings.Contains(string(text), want) {
		t.Errorf("status %s, want %s in it", text, want)
	}
	t.Setenv("STANDIN_FAIL", "nvmlDeviceGetHandleByPciBusId_v2=15") // the GPU is lost
	wait("no GPU", func() bool { return status().GPU == nil })
	stop()
	log()
	time.Sleep(20 * time.Millisecond)
	if log(); len(log()) > 0 {
		t.Error("it is asked after the end")
	}
	none, end := loop.WatchGPU("/nowhere/libnvidia-ml.so.1", "", time.Millisecond)
	defer end()
	if none().GPU != nil {
		t.Error("a GPU of a processor")
	}
}
