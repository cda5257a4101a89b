package tui_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui"
)

// openForm opens the form of the first preset.
func openForm(t *testing.T, w, h int, opts tui.Options) *screen {
	t.Helper()
	s := openList(t, w, h, opts, func(testing.TB) {})
	s.press("n", "enter")
	s.wants("new run", "─ mnist-gdd-i ─")
	return s
}

// goTo moves the form's cursor to a setting.
func (s *screen) goTo(key string) {
	s.tb.Helper()
	s.press("g")
	for range 80 {
		for _, line := range s.lines() {
			if _, row, ok := strings.Cut(line, "›"); ok && strings.HasPrefix(strings.TrimLeft(row, " ✎✗"), key+" ") {
				return
			}
		}
		s.press("down")
	}
	s.tb.Fatalf("no setting %q:\n%s", key, s.frame())
}

// retype replaces the value under the cursor.
func (s *screen) retype(value string) {
	s.tb.Helper()
	s.press("enter", "ctrl+u")
	s.typed(value)
}

func TestFormGolden(t *testing.T) {
	s := openForm(t, 80, 24, listOptions())
	s.goTo("total_kimg")
	s.retype("50")
	s.press("enter")
	s.goTo("gen_lr")
	s.retype("2e-4")
	s.press("enter")
	s.goTo("disc_lr")
	s.retype("7")
	s.goldenSizes("form")
	s = openList(t, 120, 40, listOptions(), func(tb testing.TB) { threeRuns(tb) })
	s.press("f")
	s.goTo("seed")
	s.retype("8")
	s.press("enter")
	s.golden("form-fork-120x40", 120, 40)
}

func TestFormStart(t *testing.T) {
	var preset string
	var set []string
	opts := listOptions()
	dir := ""
	opts.Start = func(_ context.Context, p string, s []string) (string, string, error) {
		preset, set = p, s
		return dir, "machine: 2 of 2 cores are in use", nil
	}
	s := openForm(t, 120, 40, opts)
	dir = newFakeRun(t, "elsewhere", "00007-mine", fakeConfig{noFiles: true}).dir
	s.goTo("name")
	s.retype("mine")
	s.press("enter")
	s.goTo("loss")
	s.press("space") // ns, hinge
	s.goTo("freeze")
	s.retype("dec.28x28_*,enc.7x7_*")
	s.press("enter")
	s.goTo("gen_lr")
	s.retype("0.0005") // what it is
	s.press("enter")
	s.wants("✎ 3 changed")
	s.goTo("width")
	s.retype("32")
	s.press("enter", "u") // taken back
	s.wants("✎ 3 changed")
	s.press("ctrl+s")
	s.load()
	s.wants("started 00007-mine; machine: 2 of 2 cores are in use", "not started yet")
	want := []string{"name=\"mine\"", "disc.loss=\"hinge\"", `freeze.freeze=["dec.28x28_*", "enc.7x7_*"]`}
	if preset != "mnist-gdd-i" || !slices.Equal(set, want) {
		t.Errorf("started %s with %v, want %v", preset, set, want)
	}
}

func TestFormValidation(t *testing.T) {
	s := openForm(t, 120, 40, listOptions())
	s.goTo("gen_lr")
	s.retype("2")
	s.wants("got 2.0, want in (0, 1]", "✗ 1 wrong") // while it is typed
	s.press("ctrl+u")
	s.typed("fast")
	s.wants(`got "fast", want a finite number`)
	s.press("enter")
	s.press("g", "S")
	s.wants("live.gen_lr: got", "›✗ gen_lr") // goes there instead of starting
	s.lacks("nothing is started here")
	s.goTo("gen_lr")
	s.press("enter")
	s.press("ctrl+u")
	s.typed("0.5")
	s.lacks("wrong")
	s.press("esc") // what was there before the edit is back, wrong as it was
	s.wants("✗ 1 wrong", "fast")
	s.goTo("batch")
	s.retype("17")
	s.press("enter", "u") // taken back beside what is wrong elsewhere
	s.wants("✗ 1 wrong  ✎ 1 changed", "batch              64 ")
	s.goTo("gen_lr")
	s.press("u")
	s.lacks("wrong", "changed")

	s.goTo("method")
	s.press("enter")
	s.wants("method: fixed by the preset")
	s.goTo("tensorboard")
	s.press("space")
	s.wants("✎ 1 changed")
	s.press("enter")
	s.press("tab") // the completion of choices
	s.wants("true", "tensorboard = ")
	s.press("esc")

	s.press("esc")
	s.wants("Leave without starting? 1 setting changed.")
	s.press("n")
	s.wants("─ mnist-gdd-i ─")
	s.press("esc", "y")
	s.wants("no runs yet")
}

func TestFormGroups(t *testing.T) {
	s := openForm(t, 120, 40, listOptions())
	for _, want := range []string{"data.dataset", "model.init", "disc.features", "fid.statistic", "live.gen_lr", "freeze.preset", "freeze.preset"} {
		s.press("]")
		s.wants("╭─ " + want)
	}
	s.press("[")
	s.wants("╭─ live.gen_lr")
	s.press("g", "[")
	s.wants("╭─ name")
	s.send(click(s.find("threads")))
	s.wants("╭─ run.threads")
	s.send(click(s.find("threads")))
	s.wants("threads = ")
}

func TestFormFork(t *testing.T) {
	var from string
	var set map[string]string
	opts := listOptions()
	opts.Fork = func(_ context.Context, dir string, s map[string]string) (string, error) {
		from, set = dir, maps.Clone(s)
		return dir, nil
	}
	s := openList(t, 120, 40, opts, func(tb testing.TB) { threeRuns(tb) })
	s.press("f")
	s.wants("fork of 00003-mnist-gdd-i")
	s.goTo("batch")
	s.press("enter")
	s.wants("run.batch: fixed: a fork goes on with the same network")
	s.goTo("gen_lr")
	s.retype("1e-4")
	s.press("enter", "S")
	s.load()
	s.wants("started 00003-mnist-gdd-i")
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
	s := openList(t, 120, 40, listOptions(), func(tb testing.TB) { threeRuns(tb) })
	path := filepath.Join("runs", "00003-mnist-gdd-i", run.ConfigFile)
	must(t, os.WriteFile(path, []byte("method = gdd"), 0o644))
	s.press("f")
	s.wants("configs: config.toml:1: ", "runs")
	must(t, os.Remove(path))
	s.press("f")
	s.wants("no such file")

	opts := listOptions()
	opts.Presets = []tui.Preset{{Name: "nosuch"}}
	opts.Fork = nil
	s = newScreen(t, 120, 40, opts)
	s.load()
	s.press("n", "enter")
	s.wants("configs: \"nosuch\": neither a file nor a preset")
	s.press("f")
	s.wants("use `innate fork ")
}
