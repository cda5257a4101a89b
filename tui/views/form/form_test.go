package form_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/tui"
	"innate/tui/tuitest"
)

// openForm opens the form of the first preset.
func openForm(t *testing.T, w, h int, opts tui.Options) *tuitest.Screen {
	t.Helper()
	s := tuitest.OpenList(t, w, h, opts, func(testing.TB) {})
	s.Press("n", "enter")
	s.Wants("new run", "─ mnist-gdd-i ─")
	return s
}

// goTo moves the form's cursor to a setting.
func goTo(s *tuitest.Screen, key string) {
	s.TB.Helper()
	s.Press("g")
	for range 120 {
		for _, line := range s.Lines() {
			if _, row, ok := strings.Cut(line, "›"); ok && strings.HasPrefix(strings.TrimLeft(row, " ✎✗"), key+" ") {
				return
			}
		}
		s.Press("down")
	}
	s.TB.Fatalf("no setting %q:\n%s", key, s.Frame())
}

// retype replaces the value under the cursor.
func retype(s *tuitest.Screen, value string) {
	s.TB.Helper()
	s.Press("enter", "ctrl+u")
	s.Type(value)
}

func TestFormGolden(t *testing.T) {
	s := openForm(t, 80, 24, tuitest.ListOptions())
	goTo(s, "total_kimg")
	retype(s, "50")
	s.Press("enter")
	goTo(s, "gen_lr")
	retype(s, "2e-4")
	s.Press("enter")
	goTo(s, "disc_lr")
	retype(s, "7")
	s.GoldenSizes("form")
	s = tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Press("f")
	goTo(s, "seed")
	retype(s, "8")
	s.Press("enter")
	s.Golden("form-fork-120x40", 120, 40)
}

func TestFormStart(t *testing.T) {
	var preset string
	var set []string
	opts := tuitest.ListOptions()
	dir := ""
	opts.Start = func(_ context.Context, p string, s []string) (string, string, error) {
		preset, set = p, s
		return dir, "machine: 2 of 2 cores are in use", nil
	}
	s := openForm(t, 120, 40, opts)
	dir = tuitest.NewFake(t, "elsewhere", "00007-mine", tuitest.Config{NoFiles: true}).Dir
	goTo(s, "name")
	retype(s, "mine")
	s.Press("enter")
	goTo(s, "loss")
	s.Press("space") // ns, hinge
	goTo(s, "freeze")
	retype(s, "dec.28x28_*,enc.7x7_*")
	s.Press("enter")
	goTo(s, "gen_lr")
	retype(s, "0.0005") // what it is
	s.Press("enter")
	s.Wants("✎ 3 changed")
	goTo(s, "width")
	retype(s, "32")
	s.Press("enter", "u") // taken back
	s.Wants("✎ 3 changed")
	s.Press("ctrl+s")
	s.Load()
	s.Wants("started 00007-mine; machine: 2 of 2 cores are in use", "not started yet")
	want := []string{"name=\"mine\"", "disc.loss=\"hinge\"", `freeze.freeze=["dec.28x28_*", "enc.7x7_*"]`}
	if preset != "mnist-gdd-i" || !slices.Equal(set, want) {
		t.Errorf("started %s with %v, want %v", preset, set, want)
	}
}

// TestFormSeeds queues an ensemble in place of a run, and refuses what are no seeds.
func TestFormSeeds(t *testing.T) {
	var got []string
	opts := tuitest.ListOptions()
	opts.Ensemble = func(_ context.Context, preset string, set []string, seeds string) (string, error) {
		got = append(got, preset, strings.Join(set, " "), seeds)
		if len(got) == 3 {
			return "", errors.New("sweep: mine: disk full")
		}
		p := &sweep.Plan{Name: "mine", Base: tuitest.TOML, Points: []sweep.Point{{}}, Seeds: []uint64{1, 2, 7}}
		dir := sweep.Dir("runs", p.Name)
		return dir, errors.Join(os.MkdirAll(dir, 0o755), p.Write(dir))
	}
	s := openForm(t, 120, 40, opts)
	goTo(s, "seeds")
	s.Wants("a run for each of these seeds", "as in 1-5,7")
	for bad, want := range map[string]string{"0": "got 0 seeds, want 1 to 1000", "5-1": `got "5-1", want whole numbers`} {
		retype(s, bad)
		s.Press("enter")
		s.Wants("✗ 1 wrong", want)
		s.Press("S")
		s.Wants("seeds: got")
	}
	retype(s, "1-2,7")
	s.Press("enter")
	s.Wants("✎ 1 changed", "1-2,7 ")
	goTo(s, "seed")
	retype(s, "5")
	s.Press("enter")
	s.Wants("run.seed is changed, want one of them")
	retype(s, "42") // what it is
	s.Press("enter")
	s.Wants("✎ 1 changed")
	s.Lacks("wrong")
	goTo(s, "gen_lr")
	retype(s, "2e-4")
	s.Press("enter", "S")
	s.Wants("sweep: mine: disk full", "─ mnist-gdd-i ─")
	s.Press("S")
	s.Load()
	s.Wants("queued mine", "mine  3 seeds", "0 / 3 runs")
	if want := []string{"mnist-gdd-i", "live.gen_lr=0.0002", "1-2,7"}; !slices.Equal(got[3:], want) {
		t.Errorf("queued %q, want %q", got[3:], want)
	}
	opts.Ensemble = nil
	s = openForm(t, 120, 40, opts)
	s.Lacks("seeds ")
}

func TestFormValidation(t *testing.T) {
	s := openForm(t, 120, 40, tuitest.ListOptions())
	goTo(s, "gen_lr")
	retype(s, "2")
	s.Wants("got 2.0, want in (0, 1]", "✗ 1 wrong") // while it is typed
	s.Press("ctrl+u")
	s.Type("fast")
	s.Wants(`got "fast", want a finite number`)
	s.Press("enter")
	s.Press("g", "S")
	s.Wants("live.gen_lr: got", "›✗ gen_lr") // goes there instead of starting
	s.Lacks("nothing is started here")
	goTo(s, "gen_lr")
	s.Press("enter")
	s.Press("ctrl+u")
	s.Type("0.5")
	s.Lacks("wrong")
	s.Press("esc") // what was there before the edit is back, wrong as it was
	s.Wants("✗ 1 wrong", "fast")
	goTo(s, "batch")
	retype(s, "17")
	s.Press("enter", "u") // taken back beside what is wrong elsewhere
	s.Wants("✗ 1 wrong  ✎ 1 changed", "batch              64 ")
	goTo(s, "gen_lr")
	s.Press("u")
	s.Lacks("wrong", "changed")

	goTo(s, "method")
	s.Press("enter")
	s.Wants("method: fixed by the preset")
	goTo(s, "tensorboard")
	s.Press("space")
	s.Wants("✎ 1 changed")
	s.Press("enter")
	s.Press("tab") // the completion of choices
	s.Wants("true", "tensorboard = ")
	s.Press("esc")

	s.Press("esc")
	s.Wants("Leave without starting? 1 setting changed.")
	s.Press("n")
	s.Wants("─ mnist-gdd-i ─")
	s.Press("esc", "y")
	s.Wants("no runs yet")
}

func TestFormGroups(t *testing.T) {
	s := openForm(t, 120, 40, tuitest.ListOptions())
	for _, want := range []string{"data.dataset", "model.init", "disc.features", "fd.weight", "distill.target", "augment.pipe", "fid.statistic", "live.gen_lr", "freeze.preset", "alerts.mute", "rates", "rates"} {
		s.Press("]")
		s.Wants("╭─ " + want)
	}
	s.Press("[", "[", "[")
	s.Wants("╭─ live.gen_lr")
	s.Press("g", "[")
	s.Wants("╭─ name")
	s.Send(tuitest.Click(s.Find("threads")))
	s.Wants("╭─ run.threads")
	s.Send(tuitest.Click(s.Find("threads")))
	s.Wants("threads = ")
}

func TestFormFork(t *testing.T) {
	var from string
	var set map[string]string
	opts := tuitest.ListOptions()
	opts.Fork = func(_ context.Context, dir string, s map[string]string) (string, error) {
		from, set = dir, maps.Clone(s)
		return dir, nil
	}
	s := tuitest.OpenList(t, 120, 40, opts, func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Press("f")
	s.Wants("fork of 00003-mnist-gdd-i")
	goTo(s, "batch")
	s.Press("enter")
	s.Wants("run.batch: fixed: a fork continues with the same network")
	goTo(s, "gen_lr")
	retype(s, "1e-4")
	s.Press("enter", "S")
	s.Load()
	s.Wants("started 00003-mnist-gdd-i")
	if filepath.Base(from) != "00003-mnist-gdd-i" || set["live.gen_lr"] != "0.0001" || set["run.seed"] != "7" {
		t.Errorf("forked %s with %v", from, set)
	}
	for _, key := range []string{"method", "run.batch", "model.init"} {
		if _, ok := set[key]; ok {
			t.Errorf("%s is among the settings of the fork, want it left alone", key)
		}
	}
}

// TestFormUnhappy forks runs whose config is broken or gone.
func TestFormUnhappy(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	path := filepath.Join("runs", "00003-mnist-gdd-i", run.ConfigFile)
	tuitest.Must(t, os.WriteFile(path, []byte("method = gdd"), 0o644))
	s.Press("f")
	s.Wants("configs: config.toml:1: ", "runs")
	tuitest.Must(t, os.Remove(path))
	s.Press("f")
	s.Wants("no such file")

	opts := tuitest.ListOptions()
	opts.Presets = []tui.Preset{{Name: "nosuch"}}
	opts.Fork = nil
	s = tuitest.New(t, 120, 40, opts)
	s.Load()
	s.Press("n", "enter")
	s.Wants("configs: \"nosuch\": neither a file nor a preset")
	s.Press("f")
	s.Wants("use `innate fork ")
}
