package loop_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// copyCheckpoint puts one checkpoint of a run into another, new one.
func copyCheckpoint(t *testing.T, from, to string, nimg int) {
	t.Helper()
	name := fmt.Sprintf("%09d.safetensors", nimg)
	data, err := os.ReadFile(filepath.Join(from, run.CheckpointsDir, name))
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(to, run.CheckpointsDir), 0o755))
	check(t, os.WriteFile(filepath.Join(to, run.CheckpointsDir, name), data, 0o644))
}

// divergeRun is a long run that does action when its loss diverges, with a tick
// every two steps and a checkpoint every two ticks. It has ticks enough to judge
// by.
func divergeRun(t *testing.T, method, action string) (dir string, client *control.Client, stop func()) {
	t.Helper()
	dir = diverging(t, method, action)
	client, stop = background(t, dir)
	until(t, client, "ticks to judge by", func(s run.Status) bool { return s.Nimg >= 120 })
	return dir, client, stop
}

// diverging creates the run of divergeRun.
func diverging(t *testing.T, method, action string) (dir string) {
	t.Helper()
	first, images := "", "thumbs"
	if method == "edm" {
		first, images = "warmup_kimg = 0", "mnist" // on small images the loss does not stay out of bounds
	}
	return newRun(t, strings.NewReplacer("total_kimg = 0.064", "total_kimg = 1000", "keep_checkpoints = 10", "keep_checkpoints = 3",
		"fid_kimg = 0.032", "fid_kimg = 0", "sample_kimg = 0.032", "sample_kimg = 0",
		`"thumbs"`, fmt.Sprintf("%q", images), "[live]\n", fmt.Sprintf("[live]\n%s\ndiverge_action = %q\n", first, action),
	).Replace(config(method, networks(t))))
}

// set edits the config of a run that does not train.
func set(t *testing.T, dir string, settings map[string]string) {
	t.Helper()
	path := filepath.Join(dir, run.ConfigFile)
	data, err := os.ReadFile(path)
	check(t, err)
	text := string(data)
	for key, value := range settings {
		text, err = configs.Set(text, key, value)
		check(t, err)
	}
	check(t, os.WriteFile(path, []byte(text), 0o644))
}

// makeDiverge has an edm run leave the bounds of its loss for good: the largest
// rate, without moments, moves every weight by 1 at every step.
func makeDiverge(t *testing.T, client *control.Client) {
	t.Helper()
	_, err := client.Set(context.Background(), map[string]string{"live.lr": "1", "live.beta1": "0", "live.beta2": "0"})
	check(t, err)
}

// mustBeFinite reads every checkpoint that a resume may use.
func mustBeFinite(t *testing.T, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, "*.safetensors"))
	check(t, err)
	seen := 0
	for _, path := range paths {
		if strings.Contains(path, ".diverged.") {
			continue
		}
		seen++
		f, err := checkpoint.Read(path)
		check(t, err)
		for _, tensor := range f.Tensors() {
			values, err := tensor.Float32s()
			if err != nil {
				continue // not of weights
			}
			for _, v := range values {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Fatalf("%s: %s holds %g", filepath.Base(path), tensor.Name, v)
				}
			}
		}
	}
	if seen == 0 {
		t.Error("no checkpoint was kept")
	}
}

// TestDivergeRollsBack lets a run explode with a setting that cannot work: it
// goes back, tries again three times, and pauses at a good state. With one that
// works it gets past the place.
func TestDivergeRollsBack(t *testing.T) {
	t.Parallel()
	type settings = map[string]string
	for method, s := range map[string]struct{ bad, good settings }{
		"edm": {settings{"live.lr": "1", "live.diverge_factor": "2"}, settings{"live.lr": "1e-4", "live.diverge_factor": "20"}},
		"gdd": {settings{"live.r1_gamma": "1000"}, settings{"live.r1_gamma": "1e-4"}},
	} {
		t.Run(method, func(t *testing.T) { divergeRollsBack(t, method, s.bad, s.good) })
	}
}

func divergeRollsBack(t *testing.T, method string, bad, good map[string]string) {
	dir := diverging(t, method, "rollback")
	set(t, dir, map[string]string{"live.total_kimg": "0.12"}) // images enough to judge by, the same whenever this machine comes to it
	train(t, dir)
	set(t, dir, map[string]string{"live.total_kimg": "1000"})
	set(t, dir, bad)
	client, stop := background(t, dir)
	s := until(t, client, "the run to give up", func(s run.Status) bool { return s.State == run.StatePaused })
	if !strings.Contains(s.PauseReason, "diverges: loss/") || !strings.Contains(s.PauseReason, "in 4 tries") {
		t.Errorf("paused for %q, want a loss and 4 tries", s.PauseReason)
	}
	reported, worst := events(t, dir, runlog.Diverge), int64(0)
	if len(reported) != 4 {
		t.Fatalf("%d events of divergence, want 4: %+v", len(reported), reported)
	}
	for _, e := range reported {
		worst = max(worst, e.Nimg)
		if e.Data["action"] != "rollback" || !strings.Contains(e.Text, "loss/") {
			t.Errorf("event %+v", e)
		}
	}
	if s.Nimg >= worst || s.Nimg == 0 {
		t.Errorf("paused at %d images, want a checkpoint before %d", s.Nimg, worst)
	}
	aside, err := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, "*.diverged.safetensors"))
	check(t, err)
	if len(aside) < 1 || len(aside) > 3 {
		t.Errorf("set aside %v, want those that did not help, at most live.keep_checkpoints", aside)
	}
	mustBeFinite(t, dir)

	_, err = client.Set(context.Background(), good)
	check(t, err)
	_, err = client.Resume(context.Background())
	check(t, err)
	s = until(t, client, "the run to get past it", func(s run.Status) bool { return s.Nimg > worst+32 })
	if reported := events(t, dir, runlog.Diverge); s.PauseReason != "" || len(reported) != 4 {
		t.Errorf("at %d images, with a setting that works: %q, %+v", s.Nimg, s.PauseReason, reported[4:])
	}
	stop()
	mustBeFinite(t, dir)
	history, err := runlog.ReadAll(dir)
	check(t, err)
	for i, tick := range history.Rows[1:] {
		if tick.Nimg < history.Rows[i].Nimg {
			t.Errorf("a tick at %d images follows one at %d", tick.Nimg, history.Rows[i].Nimg)
		}
	}
}

// poison copies a checkpoint and replaces one value, in the tensor whose name
// ends so.
func poison(t *testing.T, from, tensor, to string, value float32) {
	t.Helper()
	f, err := checkpoint.Read(from)
	check(t, err)
	out, found := checkpoint.New(), false
	out.Metadata = f.Metadata
	for _, old := range f.Tensors() {
		if strings.HasSuffix(old.Name, tensor) {
			found = true
			values, err := old.Float32s()
			check(t, err)
			values = slices.Clone(values)
			values[0] = value
			old = checkpoint.Float32(old.Name, values, old.Shape...)
		}
		check(t, out.Add(old))
	}
	if !found {
		t.Fatalf("%s has no tensor %q", from, tensor)
	}
	check(t, os.MkdirAll(filepath.Dir(to), 0o755))
	check(t, checkpoint.Write(to, out))
}

// TestDivergeWithoutCheckpoint has nowhere to go back to.
func TestDivergeWithoutCheckpoint(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	poison(t, nets+"/teacher.safetensors", "dec.8x8_aux_conv.weight", nets+"/huge.safetensors", math.MaxFloat32)
	text := strings.NewReplacer("[model]\n", fmt.Sprintf("[model]\ninit = %q\n", nets+"/huge.safetensors"),
		"[live]\n", "[live]\ndiverge_action = \"rollback\"\n").Replace(config("edm", nets))
	dir := newRun(t, text)
	client, stop := background(t, dir)
	s := until(t, client, "a pause", func(s run.Status) bool { return s.State == run.StatePaused })
	if !strings.Contains(s.PauseReason, "loss/edm is not finite") || !strings.Contains(s.PauseReason, "no way back") {
		t.Errorf("paused for %q", s.PauseReason)
	}
	stop()
	if left, _ := filepath.Glob(filepath.Join(dir, run.CheckpointsDir, "0*")); len(left) > 0 {
		t.Errorf("weights that are not finite were kept in %v", left)
	}
}

// TestFaultDivergesAtOnce trains with a rate that cannot work from the first step
// on: the run says so before it has ten ticks, and writes no checkpoint meanwhile.
func TestFaultDivergesAtOnce(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.NewReplacer("[live]\n", "[live]\nlr = 1\nwarmup_kimg = 0\ndiverge_factor = 2\n", "fid_kimg = 0.032", "fid_kimg = 0",
		"sample_kimg = 0.032", "sample_kimg = 0").Replace(config("edm", networks(t))))
	l := open(t, dir)
	steps(t, l, 16)
	l.Close()
	reported := events(t, dir, runlog.Diverge)
	if len(reported) != 1 || reported[0].Nimg > 40 || !strings.HasPrefix(reported[0].Text, "diverges: loss/edm is ") {
		t.Errorf("after 8 ticks: %v, want one event of divergence by the fifth", reported)
	}
	if written := events(t, dir, runlog.Checkpoint); len(written) > 0 && written[0].Nimg <= 24 {
		t.Errorf("a checkpoint at %d images, while the loss was out of bounds", written[0].Nimg)
	}
}

// TestDivergePauses checks that a run pauses once, and resumes when it is asked
// to although nothing has changed.
func TestDivergePauses(t *testing.T) {
	t.Parallel()
	dir, client, stop := divergeRun(t, "edm", "pause")
	makeDiverge(t, client)
	s := until(t, client, "the pause", func(s run.Status) bool { return s.State == run.StatePaused })
	if !strings.Contains(s.PauseReason, "diverges: loss/") {
		t.Errorf("paused for %q", s.PauseReason)
	}
	_, err := client.Resume(context.Background())
	check(t, err)
	now := until(t, client, "the run to continue", func(now run.Status) bool { return now.Nimg >= s.Nimg+64 })
	if now.State != run.StateRunning || now.PauseReason != "" {
		t.Errorf("state %s, %q; want it running, as it was asked", now.State, now.PauseReason)
	}
	if reported := events(t, dir, runlog.Diverge); len(reported) != 1 {
		t.Errorf("%d events of divergence, want 1: %+v", len(reported), reported)
	}
	stop()
	mustBeFinite(t, dir)
}

// TestDivergeIsTold trains on weights that are not finite, to the end.
func TestDivergeIsTold(t *testing.T) {
	t.Parallel()
	text := config("edm", networks(t))
	good := newRun(t, text)
	train(t, good)
	for action, want := range map[string]int{"event": 1, "off": 0} {
		t.Run(action, func(t *testing.T) {
			dir := newRun(t, strings.NewReplacer("total_kimg = 0.064", "total_kimg = 0.4", "fid_kimg = 0.032", "fid_kimg = 0",
				"[live]\n", fmt.Sprintf("[live]\ndiverge_action = %q\n", action)).Replace(text))
			const name = "000000048.safetensors"
			poison(t, filepath.Join(good, run.CheckpointsDir, name), "net/dec.8x8_aux_conv.weight", filepath.Join(dir, run.CheckpointsDir, name), float32(math.NaN()))
			train(t, dir)
			reported, refused := 0, 0
			for _, e := range events(t, dir, runlog.Diverge) {
				switch {
				case e.Text == "diverges: loss/edm is not finite":
					reported++
				case strings.HasPrefix(e.Text, "no checkpoint at "):
					refused++
				}
			}
			if reported != want {
				t.Errorf("reported %d times, want %d", reported, want)
			}
			// At the end or, if losses are not watched, at the first that is due.
			if refused != 1 {
				t.Errorf("%d events say that no checkpoint is written, want 1", refused)
			}
			if left := checkpoints(t, dir); !slices.Equal(left, []string{name}) {
				t.Errorf("checkpoints %v, want none beside that of before", left)
			}
			// 44 ticks, with NaN in each: at the first, and twice after 20 more.
			grads := events(t, dir, runlog.NonFinite)
			if len(grads) != 3 {
				t.Errorf("%d events tell of gradients that are not finite, want 3", len(grads))
			}
			for _, e := range grads {
				if n, ok := e.Data["values"].(float64); !ok || n < 1 {
					t.Errorf("event %+v, want how many values", e)
				}
			}
		})
	}
}

// TestCheckpointWaits checks that no checkpoint of the schedule is written while
// a loss is out of bounds, and that one follows when it is normal again.
func TestCheckpointWaits(t *testing.T) {
	t.Parallel()
	dir := diverging(t, "edm", "event")
	d, err := loop.Drive(dir)
	check(t, err)
	steps := func(done func(run.Status) bool) {
		t.Helper()
		for !done(d.Status()) {
			if d.Status().Nimg > 1000 {
				t.Fatal("not by 1000 images")
			}
			check(t, d.Step())
			d.Drain()
		}
	}
	rate := func(lr string) {
		t.Helper()
		check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.lr": lr}}))
	}
	steps(func(s run.Status) bool { return s.Nimg >= 120 })
	rate("1")
	steps(func(run.Status) bool { return len(events(t, dir, runlog.Diverge)) > 0 })
	at := events(t, dir, runlog.Diverge)[0].Nimg
	rate("1e-9") // stays where it is: the level becomes normal
	steps(func(s run.Status) bool { return s.CheckpointNimg > at })
	d.Close()
	for _, e := range events(t, dir, runlog.Checkpoint) {
		if e.Nimg >= at-8 && e.Nimg < at+8*8 {
			t.Errorf("a checkpoint at %d images, although the run diverged at %d", e.Nimg, at)
		}
	}
}

// TestScalars checks what a tick of each method charts, and that its stages
// fill the time between two ticks but not more.
func TestScalars(t *testing.T) {
	for method, names := range map[string][]string{
		"gdd":        {"grad/gen", "grad/disc", "lr/gen", "lr/disc", "time/g_ms", "time/d_ms", "time/fid_ms", "time/sample_ms", "time/checkpoint_ms", "time/layers_ms"},
		"edm":        {"grad/norm", "lr", "time/step_ms", "time/fid_ms", "time/sample_ms", "time/checkpoint_ms"},
		"classifier": {"grad/norm", "lr", "time/step_ms", "time/checkpoint_ms"},
	} {
		t.Run(method, func(t *testing.T) {
			dir := newRun(t, strings.NewReplacer("tick_kimg = 0.008", "tick_kimg = 0.008\nlayers_kimg = 0.016",
				"checkpoint_kimg = 0.016", "checkpoint_kimg = 0.030").Replace(config(method, networks(t))))
			train(t, dir)
			history, err := runlog.ReadAll(dir)
			check(t, err)
			seen := map[string]float64{}
			staged, wall := 0.0, 0.0
			last := runlog.Row{}
			for _, tick := range history.Rows {
				if _, ok := tick.Value("time/data_ms"); !ok {
					continue // an evaluation
				}
				sum := 0.0
				for name, v := range tick.Scalars() {
					seen[name] += v
					if strings.HasPrefix(name, "time/") {
						sum += 2 * v // steps in a tick
					}
				}
				if last.Nimg > 0 {
					staged, wall = staged+sum, wall+tick.Time.Sub(last.Time).Seconds()*1e3
				}
				last = tick
			}
			for _, name := range names {
				if !(seen[name] > 0) {
					t.Errorf("%s is %g in all ticks together", name, seen[name])
				}
			}
			if staged > wall+10 || staged < wall/2 {
				t.Errorf("stages add up to %.1f ms of %.1f", staged, wall)
			}
		})
	}
}
