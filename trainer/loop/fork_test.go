package loop_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// rolledBack drives a run into a divergence, lets it go back, cuts the learning
// rate and resumes: it leaves a checkpoint at images seen after that, and one
// further on, which it reaches without a break. The driven process is over.
func rolledBack(t *testing.T, method string) (dir string, middle, last int64) {
	t.Helper()
	dir = newRun(t, strings.NewReplacer("total_kimg = 0.064", "total_kimg = 1000", "[live]\n", "[live]\nfid_share = 1\ndiverge_action = \"rollback\"\n").
		Replace(config(method, networks(t))))
	d, err := loop.Drive(dir)
	check(t, err)
	set := func(key, value string) {
		t.Helper()
		check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{key: value}}))
	}
	steps := func(to int64) {
		t.Helper()
		for d.Status().Nimg < to {
			check(t, d.Step())
			d.Drain()
		}
	}
	key, bad, good := "live.lr", "1", "5e-4"
	if method == "gdd" {
		key, bad, good = "live.r1_gamma", "1000", "1e-4"
	} else {
		set("live.warmup_kimg", "0")
		set("live.diverge_factor", "4")
	}
	steps(120)
	set(key, bad)
	for seen := int64(0); d.Status().Nimg >= seen; {
		if seen = d.Status().Nimg; seen > 400 {
			t.Fatal("the run does not diverge")
		}
		check(t, d.Step())
	}
	set(key, good)
	middle = (d.Status().Nimg/16 + 2) * 16
	last = middle + 64
	steps(last)
	d.Close()
	return dir, middle, last
}

// TestForkOfRolledBackRunIsExact forks a run that has gone back after a
// divergence, from a checkpoint behind it: the fork arrives at the parent's
// tensors, progress, ticks, samples and best network.
func TestForkOfRolledBackRunIsExact(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"edm", "gdd"} {
		t.Run(method, func(t *testing.T) {
			dir, middle, last := rolledBack(t, method)
			if len(events(t, dir, runlog.Diverge)) != 1 {
				t.Fatalf("got %v, want one divergence", events(t, dir, runlog.Diverge))
			}
			forked, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: dir, At: fmt.Sprint(float64(middle) / 1000)})
			check(t, err)
			d, err := loop.Drive(forked.Dir)
			check(t, err)
			if n := d.Status().Nimg; n != middle {
				t.Fatalf("the fork begins at %d images, want %d", n, middle)
			}
			for d.Status().Nimg < last {
				check(t, d.Step())
			}
			d.Close()
			sameCheckpoint(t, dir, forked.Dir, run.CheckpointFile(last))
			sameCheckpoint(t, dir, forked.Dir, "best.safetensors")
			want, got := trainedTicks(t, dir), trainedTicks(t, forked.Dir)
			for i := range max(len(want), len(got)) {
				if i >= len(want) || i >= len(got) || want[i] != got[i] {
					t.Errorf("ticks differ from line %d on:\n%q\nwant\n%q", i, got[min(i, len(got)):], want[min(i, len(want)):])
					break
				}
			}
			if want, got := pictures(t, dir), pictures(t, forked.Dir); got != want {
				t.Errorf("pictures of the fork: %.200s, want %.200s", got, want)
			}
		})
	}
}

// TestRollbacksInVainAreKept resumes a run that has gone back twice without
// getting past its divergence: it gives up after two more tries, as a run does
// that was never stopped.
func TestRollbacksInVainAreKept(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.NewReplacer("total_kimg = 0.064", "total_kimg = 1000",
		"[live]\n", "[live]\nfid_share = 1\ndiverge_action = \"rollback\"\n").Replace(config("gdd", networks(t))))
	diverged := func() int { return len(events(t, dir, runlog.Diverge)) }
	drive := func(until func(*loop.Driven, run.Status) bool) (s run.Status) {
		t.Helper()
		d, err := loop.Drive(dir)
		check(t, err)
		defer d.Close()
		for s = d.Status(); !until(d, s); s = d.Status() {
			if s.Nimg > 2000 {
				t.Fatalf("at %d images after %d divergences", s.Nimg, diverged())
			}
			check(t, d.Step())
			d.Drain()
		}
		return s
	}
	drive(func(d *loop.Driven, s run.Status) bool {
		if s.Nimg == 120 && diverged() == 0 { // ticks enough to judge by
			check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.r1_gamma": "1000"}}))
		}
		return diverged() == 2
	})
	s := drive(func(_ *loop.Driven, s run.Status) bool { return s.PauseReason != "" })
	if n := diverged(); n != 4 || !strings.Contains(s.PauseReason, "in 4 tries") {
		t.Errorf("%d divergences, paused for %q, want 4 in all", n, s.PauseReason)
	}
}

// sameCheckpoint compares a checkpoint of two runs, less the names that settings
// have in them.
func sameCheckpoint(t *testing.T, a, b, name string) {
	t.Helper()
	var files [2]*checkpoint.File
	for i, dir := range []string{a, b} {
		f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, name))
		check(t, err)
		files[i] = f
	}
	if x, y := files[0].Metadata["progress"], files[1].Metadata["progress"]; x != y {
		t.Errorf("%s: progress %s, want %s", name, y, x)
	}
	if x, y := len(files[0].Tensors()), len(files[1].Tensors()); x != y {
		t.Fatalf("%s: %d tensors, want %d", name, y, x)
	}
	for i, x := range files[0].Tensors() {
		y := files[1].Tensors()[i]
		if x.Name != y.Name || fmt.Sprint(numbers(t, x)) != fmt.Sprint(numbers(t, y)) {
			t.Fatalf("%s: tensor %s differs", name, x.Name)
		}
	}
}

// numbers are a tensor's, of whatever type.
func numbers(t *testing.T, x checkpoint.Tensor) any {
	t.Helper()
	if v, err := x.Float32s(); err == nil {
		return v
	}
	v, err := x.Float64s()
	check(t, err)
	return v
}

// trainedTicks is the history of a run, less what the clock has to do with. A FID
// that was being measured at a checkpoint is measured again by what resumes from
// there, and must be the same.
func trainedTicks(t *testing.T, dir string) []string {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	var lines []string
	for _, row := range history.Rows {
		scalars := row.Scalars()
		for name := range scalars {
			if strings.HasPrefix(name, "time/") || strings.HasPrefix(name, "speed/") {
				delete(scalars, name)
			}
		}
		lines = append(lines, fmt.Sprint(row.Nimg, scalars))
	}
	return slices.Compact(lines)
}

// pictures are the sample grids of a run, names and contents.
func pictures(t *testing.T, dir string) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, run.SamplesDir, "*.png"))
	check(t, err)
	var b strings.Builder
	for _, path := range paths {
		data, err := os.ReadFile(path)
		check(t, err)
		fmt.Fprintf(&b, "%s %x\n", filepath.Base(path), data)
	}
	return b.String()
}
