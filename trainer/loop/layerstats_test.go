package loop_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// measured is config with a tick and layers measured at every step of four
// images, and checkpoints at 32, 60 and 64 images.
func measured(method, dir string) string {
	return strings.NewReplacer("tick_kimg = 0.008", "tick_kimg = 0.004\nlayers_kimg = 0.004",
		"checkpoint_kimg = 0.016", "checkpoint_kimg = 0.030",
	).Replace(config(method, dir))
}

// layerHistory returns the statistics of a run by images seen, without times.
func layerHistory(t *testing.T, dir string) map[int64]string {
	t.Helper()
	stats, _, err := runlog.NewLayerReader(dir).Poll()
	check(t, err)
	lines := map[int64]string{}
	for _, s := range stats {
		lines[s.Nimg] = fmt.Sprint(s.Grad, s.Update, s.Distance)
	}
	return lines
}

// weightsAt reads the trained network's weights at a checkpoint.
func weightsAt(t *testing.T, path, prefix string) map[string][]float32 {
	t.Helper()
	f, err := checkpoint.Read(path)
	check(t, err)
	set, err := f.Params(prefix)
	check(t, err)
	weights := map[string][]float32{}
	for _, p := range set.All() {
		weights[p.Name] = p.Data
	}
	return weights
}

// close5 reports agreement to five digits; NaN agrees with what has no ratio.
func close5(got, want float64) bool {
	if math.IsNaN(got) {
		return math.IsNaN(want) || math.IsInf(want, 0)
	}
	return math.Abs(got-want) <= 1e-4*want
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

// ratio is ‖a−b‖/‖b‖, the long way: not finite if b is 0.
func ratio(a, b []float32) float64 {
	var change, size float64
	for i := range a {
		d := float64(a[i]) - float64(b[i])
		change += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(change) / math.Sqrt(size)
}

// TestLayerStats compares what is measured in the last step of a run of each
// method with the checkpoints before and after it.
func TestLayerStats(t *testing.T) {
	t.Parallel()
	for method, prefix := range map[string]string{"gdd": "gen/", "edm": "net/", "classifier": "ema/"} {
		t.Run(method, func(t *testing.T) {
			networks := networks(t)
			dir := newRun(t, measured(method, networks))
			train(t, dir)
			stats, _, err := runlog.NewLayerReader(dir).Poll()
			check(t, err)
			layers, err := run.ReadLayers(dir)
			check(t, err)
			if len(stats) != 16 || stats[15].Nimg != 64 || len(stats[15].Grad) != len(layers) {
				t.Fatalf("%d statistics, want 16 of %d layers", len(stats), len(layers))
			}
			at := func(nimg int) map[string][]float32 {
				return weightsAt(t, filepath.Join(dir, run.CheckpointsDir, fmt.Sprintf("%09d.safetensors", nimg)), prefix)
			}
			before, after := at(60), at(64)
			var start map[string][]float32 // known for a distillation alone
			if method == "gdd" {
				start = weightsAt(t, networks+"/teacher.safetensors", "")
			}
			last, all := stats[15], 0.0
			for i, l := range layers {
				grad, update, distance := last.Grad[i], last.Update[i], last.Distance[i]
				if l.Frozen != math.IsNaN(grad) || l.Frozen != (l.GradNorm == nil) {
					t.Errorf("%s: frozen %v with gradient %v, %v", l.Name, l.Frozen, grad, l.GradNorm)
				}
				if l.Frozen && (update != 0 || distance > 0) {
					t.Errorf("%s is frozen, but moved by %g, %g from its start", l.Name, update, distance)
				}
				if !l.Frozen {
					all += grad * grad
				}
				if want := ratio(after[l.Name], before[l.Name]); !l.Frozen && !close5(update, want) {
					t.Errorf("%s: moved by %g, want %g", l.Name, update, want)
				}
				if start != nil {
					if want := ratio(after[l.Name], start[l.Name]); !close5(distance, want) {
						t.Errorf("%s: distance %g, want %g", l.Name, distance, want)
					}
				}
				for _, c := range []struct {
					shown  *float64
					logged float64
				}{{l.GradNorm, grad}, {l.UpdateRatio, update}, {l.Distance, distance}} {
					if !close5(orNaN(c.shown), c.logged) {
						t.Errorf("%s: %v in layers.json, %g in layers.jsonl", l.Name, c.shown, c.logged)
					}
				}
			}
			history, err := runlog.ReadAll(dir)
			check(t, err)
			name := "grad/norm"
			if method == "gdd" {
				name = "grad/gen"
			}
			i := slices.IndexFunc(history.Rows, func(k runlog.Row) bool { _, ok := k.Value(name); return ok && k.Nimg == 64 })
			if got, _ := history.Rows[i].Value(name); math.Abs(got-math.Sqrt(all)) > 1e-4*got || got == 0 {
				t.Errorf("%s %g, want %g as of all layers together", name, got, math.Sqrt(all))
			}
		})
	}
}

// TestLayerStatsAreTheSame runs on one and on two threads, and from a checkpoint
// in the middle without the log of before: every statistic must be the same,
// the distance from the start too. Without measuring, the weights must be.
func TestLayerStatsAreTheSame(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gdd", "edm"} {
		t.Run(method, func(t *testing.T) {
			text := measured(method, networks(t))
			one := newRun(t, strings.Replace(text, "threads = 2", "threads = 1", 1))
			train(t, one)
			want := layerHistory(t, one)
			if len(want) != 16 {
				t.Fatalf("%d statistics, want 16", len(want))
			}
			two := newRun(t, text)
			train(t, two)
			resumed := newRun(t, text)
			copyCheckpoint(t, two, resumed, 32)
			train(t, resumed)
			for nimg, line := range layerHistory(t, two) {
				if line != want[nimg] {
					t.Errorf("two threads at %d images: %.200s, want %.200s", nimg, line, want[nimg])
				}
			}
			later := layerHistory(t, resumed)
			if len(later) != 8 {
				t.Errorf("%d statistics after resuming at 32 images, want 8", len(later))
			}
			for nimg, line := range later {
				if line != want[nimg] {
					t.Errorf("resumed, at %d images: %.200s, want %.200s", nimg, line, want[nimg])
				}
			}

			plain := newRun(t, strings.Replace(text, "layers_kimg = 0.004", "layers_kimg = 0", 1))
			train(t, plain)
			if len(layerHistory(t, plain)) != 0 {
				t.Error("layers_kimg 0 measured layers")
			}
			last := filepath.Join(run.CheckpointsDir, "000000064.safetensors")
			a, b := weightsAt(t, filepath.Join(plain, last), ""), weightsAt(t, filepath.Join(two, last), "")
			for name := range b {
				if !slices.Equal(a[name], b[name]) {
					t.Fatalf("measuring changed %s", name)
				}
			}
		})
	}
}

// TestLayersBeforeMeasuring checks that a resumed run shows what was measured
// last until it measures again.
func TestLayersBeforeMeasuring(t *testing.T) {
	t.Parallel()
	text := strings.Replace(measured("gdd", networks(t)), "layers_kimg = 0.004", "layers_kimg = 0.060", 1)
	dir := newRun(t, text)
	train(t, dir)
	want, err := run.ReadLayers(dir)
	check(t, err)
	check(t, run.WriteLayers(dir, nil))
	train(t, dir) // ends at once
	got, err := run.ReadLayers(dir)
	check(t, err)
	if len(got) != len(want) {
		t.Fatalf("%d layers, want %d", len(got), len(want))
	}
	for i := range got {
		if a, b := orNaN(got[i].Distance), orNaN(want[i].Distance); !close5(a, b) {
			t.Errorf("%s: distance %v, want %v", got[i].Name, a, b)
		}
	}
}
