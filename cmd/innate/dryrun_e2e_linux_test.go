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
		m := foretold(t, binary, runs, edits...)
		most := peakOf(t, binary, runs, append([]string{"train"}, edits...)...)
		within(t, fmt.Sprintf("%s, batch %d", c.preset, c.batch), m.Peak, most)
	}
}

// foretold is what --dry-run says of a run.
func foretold(t *testing.T, binary, runs string, edits ...string) (m loop.Memory) {
	t.Helper()
	if err := json.Unmarshal([]byte(must(t, binary, runs, append([]string{"train", "--dry-run", "--json"}, edits...)...)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// within refuses a prediction that is more than a tenth off.
func within(t *testing.T, what string, predicted, measured int) {
	t.Helper()
	off := float64(predicted)/float64(measured) - 1
	t.Logf("%s: predicted %s, measured %s (%+.1f %%)", what, mebibytes(int64(predicted)), mebibytes(int64(measured)), 100*off)
	if math.Abs(off) > 0.1 {
		t.Errorf("%s: predicted %d bytes, measured %d: %+.1f %%, want within 10", what, predicted, measured, 100*off)
	}
}

// highWater is the most memory that a process has held, as the kernel says it.
var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// peakOf runs a command and returns the most bytes of memory that it has held.
func peakOf(t *testing.T, binary, runs string, args ...string) (most int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "INNATE_RUNS="+runs)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%.0f s of processor time", (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds())
			return most
		case <-time.After(5 * time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if found := highWater.FindSubmatch(status); found != nil {
				kib, _ := strconv.Atoi(string(found[1]))
				most = max(most, kib<<10)
			}
		}
	}
}
