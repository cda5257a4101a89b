package loop_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models"
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

// meanChange is the mean difference of the averaged weights of two runs.
func meanChange(t *testing.T, a, b string) float64 {
	t.Helper()
	sum, n := 0.0, 0
	var sets [2]*models.ParamSet
	for i, dir := range []string{a, b} {
		f, err := loop.NewestCheckpoint(dir, func(err error) { t.Error(err) })
		check(t, err)
		sets[i], err = f.Params("ema/")
		check(t, err)
	}
	for _, p := range sets[0].All() {
		for i, v := range p.Data {
			sum += math.Abs(float64(v - sets[1].Get(p.Name).Data[i]))
			n++
		}
	}
	return sum / float64(n)
}

// TestTorchBFloat16 trains in bfloat16: losses are near those of float32 and not the
// same, weights that are kept are float32, a resumed run has the bits of one that was
// not interrupted, and the own kernels say that they compute in float32.
func TestTorchBFloat16(t *testing.T) {
	dir := networks(t)
	for _, method := range []string{"gdd", "edm"} {
		text := config(method, dir)
		low := strings.Replace(text, "threads = 2", "threads = 2\nprecision = \"bfloat16\"", 1)
		own, same := newRun(t, text), newRun(t, low)
		train(t, own)
		train(t, same)
		for name, w := range firstLosses(t, own) {
			if got := firstLosses(t, same)[name]; got != w {
				t.Errorf("%s on cpu: %s: %v, want float32's %v", method, name, got, w)
			}
		}
		if all := events(t, same, runlog.Machine); len(all) != 1 || !strings.Contains(all[0].Text, "cpu computes in float32") {
			t.Errorf("events %v, want one that says so", all)
		}
		if devices.Check("torch:cpu") != nil {
			continue
		}
		torch, again := newRun(t, onTorch(low)), newRun(t, onTorch(low))
		train(t, torch)
		got := firstLosses(t, torch)
		for name, w := range firstLosses(t, own) {
			if !(math.Abs(got[name]-w) <= 0.05*math.Abs(w)) { // two steps of a network that rounds to 2^-9
				t.Errorf("%s: %s: %v, want near %v", method, name, got[name], w)
			}
		}
		exact := newRun(t, onTorch(text))
		train(t, exact)
		if a, b := meanChange(t, torch, own), meanChange(t, exact, own); !(a > 10*b) {
			t.Errorf("%s: weights are %g off in bfloat16, %g in float32", method, a, b)
		}
		takeCheckpoint(t, torch, again, 48)
		train(t, again)
		if !bytes.Equal(lastCheckpoint(t, again), lastCheckpoint(t, torch)) {
			t.Errorf("%s: resumed in bfloat16: the last checkpoint differs", method)
		}
	}
}
