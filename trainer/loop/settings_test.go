package loop_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// stopped is a run with a checkpoint at 8 images, that had got to 12.
func stopped(t *testing.T, method string) string {
	t.Helper()
	dir := newRun(t, quiet(t, method))
	l := open(t, dir)
	steps(t, l, 2)
	save(t, l)
	steps(t, l, 1)
	l.Close()
	return dir
}

// line is where a text is in a run's config.toml.
func line(t *testing.T, dir, text string) int {
	t.Helper()
	before, _, ok := strings.Cut(string(read(t, filepath.Join(dir, run.ConfigFile))), text)
	if !ok {
		t.Fatalf("no %q in the config", text)
	}
	return 1 + strings.Count(before, "\n")
}

// TestFaultFixedSettingsBetweenTrainers edits what is fixed while the run is
// stopped: each is refused with its line and both values, and nothing is logged
// or changed, so that it resumes once the edit is taken back.
func TestFaultFixedSettingsBetweenTrainers(t *testing.T) {
	t.Parallel()
	gdd, edm := stopped(t, "gdd"), stopped(t, "edm")
	for _, c := range []struct{ dir, old, new, key, got, want string }{
		{gdd, "batch = 4", "batch = 8", "run.batch", "8", "4"},
		{gdd, "[run]", "[run]\nseed = 43", "run.seed", "43", "42"},
		{gdd, "teacher.safetensors", "teacher10.safetensors", "model.init", `teacher10.safetensors"`, `teacher.safetensors"`},
		{gdd, "width = 8", "width = 16", "disc.width", "16", "8"},
		{gdd, "samples = 20", "samples = 30", "fid.samples", "30", "20"},
		{gdd, "ref.npz", "none.npz", "fid.reference", `none.npz"`, `ref.npz"`},
		{edm, "dropout = 0.1", "dropout = 0.2", "model.dropout", "0.2", "0.1"},
		{edm, "model_channels = 8", "model_channels = 16", "model.model_channels", "16", "8"},
		{edm, "[data]\n", "[data]\nlabels = true\n", "data.labels", "true", "false"},
	} {
		path := filepath.Join(c.dir, run.ConfigFile)
		before := string(read(t, path))
		logged := string(read(t, filepath.Join(c.dir, runlog.MetricsFile)))
		edit(t, c.dir, c.old, c.new)
		at := line(t, c.dir, strings.TrimPrefix(c.new, "[run]\n"))
		if c.key == "data.labels" {
			at = line(t, c.dir, "labels = true")
		}
		l, err := loop.Open(c.dir)
		if err == nil {
			t.Errorf("%s: resumed with %s", c.key, c.got)
			l.Close()
		} else if text := err.Error(); !strings.HasPrefix(text, fmt.Sprintf("configs: %s:%d: %s: got ", path, at, c.key)) ||
			!strings.Contains(text, c.got+", want ") || !strings.Contains(text, c.want+": fixed once a run has started") {
			t.Errorf("%s: error %q, want line %d, %s and %s", c.key, text, at, c.got, c.want)
		}
		if now := string(read(t, filepath.Join(c.dir, runlog.MetricsFile))); err != nil && now != logged {
			t.Errorf("%s: refused, but the log has grown", c.key)
		}
		edit(t, c.dir, string(read(t, path)), before)
	}
	for _, dir := range []string{gdd, edm} {
		open(t, dir).Close()
	}
}

// TestFaultTrainersOwnSettings: what a trainer has of its own may change.
func TestFaultTrainersOwnSettings(t *testing.T) {
	t.Parallel()
	dir := stopped(t, "edm")
	edit(t, dir, "threads = 2", "threads = 1\nnice = 3\ntensorboard = false")
	edit(t, dir, `name = "t"`, `name = "other" # and a comment`)
	before := len(events(t, dir, runlog.Config))
	l := open(t, dir)
	l.Close()
	if got := len(events(t, dir, runlog.Config)); got != before {
		t.Errorf("%d events of settings, want none", got-before)
	}
}

// TestFaultLiveSettingsBetweenTrainers: what was changed while no trainer ran,
// and what was changed by an event that a resume or a rollback leaves behind, is
// in force from the checkpoint on, and there the log says so.
func TestFaultLiveSettingsBetweenTrainers(t *testing.T) {
	t.Parallel()
	changed := func(t *testing.T, dir string, want ...string) {
		t.Helper()
		history, err := runlog.ReadAll(dir)
		check(t, err)
		last := 0
		for i, e := range history.Events {
			if e.Rewinds() {
				last = i
			}
		}
		var got []string
		for _, e := range history.Events[last:] {
			if e.Kind == runlog.Config || e.Kind == runlog.Freeze {
				got = append(got, fmt.Sprintf("%s at %d: %s", e.Kind, e.Nimg, e.Text))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("since the run resumed:\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}
	const rate, frozen = "config at 8: gen_lr 0.0005 → 0.0002", "freeze at 8: 0.0 % of 28433 parameters frozen (0 of 186 tensors)"

	t.Run("while stopped", func(t *testing.T) {
		dir := stopped(t, "gdd")
		edit(t, dir, "r1_interval = 4", "r1_interval = 4\ngen_lr = 2e-4")
		edit(t, dir, `preset = "gdd-i"`, `preset = "none"`)
		for range 2 { // in each branch that begins there
			open(t, dir).Close()
			changed(t, dir, rate, frozen)
		}
		l := open(t, dir)
		steps(t, l, 1)
		save(t, l)
		l.Close()
		open(t, dir).Close() // from a checkpoint that has them
		changed(t, dir)
	})
	set := func(t *testing.T, dir string) *loop.Loop {
		t.Helper()
		l := open(t, dir)
		steps(t, l, 1)
		check(t, l.Set(map[string]string{"live.gen_lr": "2e-4"}))
		steps(t, l, 1)
		return l
	}
	t.Run("before a kill", func(t *testing.T) {
		dir := stopped(t, "gdd")
		set(t, dir).Close()
		open(t, dir).Close()
		changed(t, dir, rate)
	})
	t.Run("before a rollback", func(t *testing.T) {
		dir := stopped(t, "gdd")
		l := set(t, dir)
		defer l.Close()
		check(t, l.GoBack("for the test"))
		changed(t, dir, rate)
	})
}

// TestFaultSettingsThatCannotBeCompared: a checkpoint whose config today's rules
// refuse can still be gone on from, but not without a word.
func TestFaultSettingsThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	dir := stopped(t, "edm")
	path := checkpointPath(dir, 8)
	f, err := checkpoint.Read(path)
	check(t, err)
	f.Metadata["config"] += "\n[old]\nsetting = 1\n"
	check(t, checkpoint.Write(path, f))
	before := len(events(t, dir, runlog.Error))
	open(t, dir).Close()
	reported := events(t, dir, runlog.Error)[before:]
	if len(reported) != 1 || !strings.Contains(reported[0].Text, "000000008.safetensors: its settings could not be compared") {
		t.Errorf("events %v, want one that names the checkpoint", reported)
	}
}
