//go:build (amd64 || arm64) && !static

package machine_test

import (
	"os"
	"path/filepath"
	"testing"

	"innate/models/standin"
	"innate/tui/machine"
)

// TestNVML: where there is NVML, nvidia-smi is not run, not even when NVML finds
// nothing.
func TestNVML(t *testing.T) {
	m := machine.WithNVML(standin.NVML(t))
	ran := filepath.Join(t.TempDir(), "ran")
	tool(t, "echo > "+ran+"\n")
	got, err := m.GPUs(t.Context())
	if err != nil || len(got) != 2 || got[0].Use != 0.87 || got[0].MHz != 1755 {
		t.Errorf("got %v, %v, want two GPUs", got, err)
	}
	for range 1000 { // an answered question is in no one's way
		if _, err := m.GPUs(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("STANDIN_FAIL", "nvmlDeviceGetCount_v2=9")
	if _, err := m.GPUs(t.Context()); err == nil || err.Error() != "nvml: number of GPUs: driver not loaded" {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("nvidia-smi ran beside NVML")
	}
}
