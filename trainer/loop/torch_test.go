package loop_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/device/devices"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// onTorch is a run's text for a PyTorch on the processor, with one thread, for
// which it adds in one order.
func onTorch(text string) string {
	return strings.Replace(text, "threads = 2", "threads = 1\ndevice = \"torch:cpu\"", 1)
}

// takeCheckpoint copies a checkpoint of one run to another, which resumes from it.
func takeCheckpoint(t *testing.T, from, to string, nimg int64) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(from, run.CheckpointsDir, run.CheckpointFile(nimg)))
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(to, run.CheckpointsDir), 0o755))
	check(t, os.WriteFile(filepath.Join(to, run.CheckpointsDir, run.CheckpointFile(nimg)), data, 0o644))
}

// firstLosses are those of a run's first tick.
func firstLosses(t *testing.T, dir string) map[string]float64 {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	losses := map[string]float64{}
	for _, row := range history.Rows {
		for name, v := range row.Scalars() {
			if strings.HasPrefix(name, "loss/") {
				losses[name] = v
			}
		}
		if len(losses) > 0 {
			return losses
		}
	}
	t.Fatal("no losses")
	return nil
}

// TestTorch trains every method on PyTorch: its first losses are those of the own
// kernels, a resumed run has the bits of one that was not interrupted, and
// checkpoints go from one device to the other and back, which is said.
func TestTorch(t *testing.T) {
	if err := devices.Check("torch:cpu"); err != nil {
		t.Skip(err)
	}
	dir := networks(t)
	for _, method := range []string{"gdd", "edm", "classifier"} {
		t.Run(method, func(t *testing.T) {
			text := config(method, dir)
			own, torch := newRun(t, text), newRun(t, onTorch(text))
			train(t, own)
			train(t, torch)
			want, got := firstLosses(t, own), firstLosses(t, torch)
			for name, w := range want {
				if !(math.Abs(got[name]-w) <= 1e-4*math.Abs(w)) { // two steps in float32
					t.Errorf("%s: %v, want %v", name, got[name], w)
				}
			}

			again := newRun(t, onTorch(text))
			takeCheckpoint(t, torch, again, 48)
			train(t, again)
			if !bytes.Equal(lastCheckpoint(t, again), lastCheckpoint(t, torch)) {
				t.Error("resumed on PyTorch: the last checkpoint differs")
			}

			for _, c := range []struct{ from, text, said string }{
				{own, onTorch(text), "run.device: cpu → torch:cpu"}, {torch, text, "run.device: torch:cpu → cpu"},
			} {
				moved := newRun(t, c.text)
				takeCheckpoint(t, c.from, moved, 32)
				train(t, moved)
				if all := events(t, moved, runlog.Config); len(all) != 1 || !strings.HasPrefix(all[0].Text, c.said) {
					t.Errorf("events %v, want one of %s", all, c.said)
				}
				if _, err := loop.NewestCheckpoint(moved, func(err error) { t.Error(err) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
