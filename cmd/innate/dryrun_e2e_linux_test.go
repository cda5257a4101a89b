package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"innate/trainer/loop"
)

// TestE2EMemory holds predictions against the most memory that real runs hold,
// which do all that a run does: all stages, samples, an evaluation, checkpoints.
func TestE2EMemory(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	hwm := regexp.MustCompile(`VmHWM:\s+(\d+) kB`)
	for _, c := range []struct {
		preset string
		batch  int
	}{{"mnist-gdd-i", 8}, {"mnist-gdd-i", 96}, {"mnist-gdd", 64}, {"mnist-edm", 64}, {"mnist-disc-cnn", 128}} {
		edits := []string{c.preset, "--set", fmt.Sprint("run.batch=", c.batch), "--kimg", fmt.Sprint(0.004 * float64(c.batch)),
			"--set", fmt.Sprintf("live.checkpoint_kimg=%v", 0.002*float64(c.batch))}
		if c.preset != "mnist-disc-cnn" {
			edits = append(edits, "--set", "fid.samples=100", "--set", fmt.Sprintf("live.sample_kimg=%v", 0.002*float64(c.batch)))
		}
		if c.preset != "mnist-disc-cnn" && c.preset != "mnist-edm" {
			edits = append(edits, "--set", "live.r1_interval=2")
		}
		var m loop.Memory
		if err := json.Unmarshal([]byte(must(t, binary, runs, append([]string{"train", "--dry-run", "--json"}, edits...)...)), &m); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(binary, append([]string{"train"}, edits...)...)
		cmd.Env = append(os.Environ(), "INNATE_RUNS="+runs)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		most := 0
		for running := true; running; {
			select {
			case err := <-ended:
				running = false
				if err != nil {
					t.Fatal(err)
				}
			case <-time.After(5 * time.Millisecond):
				status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
				if found := hwm.FindSubmatch(status); found != nil {
					kib, _ := strconv.Atoi(string(found[1]))
					most = max(most, kib<<10)
				}
			}
		}
		off := float64(m.Peak)/float64(most) - 1
		t.Logf("%s, batch %d: predicted %s, measured %s (%+.1f %%)", c.preset, c.batch, mebibytes(int64(m.Peak)), mebibytes(int64(most)), 100*off)
		if math.Abs(off) > 0.1 {
			t.Errorf("%s, batch %d: predicted %d bytes, measured %d: %+.1f %%, want within 10", c.preset, c.batch, m.Peak, most, 100*off)
		}
	}
}
