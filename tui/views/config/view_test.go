package config_test

import (
	"innate/tui/views/config"

	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// rewrite replaces words of config.toml.
func rewrite(f *tuitest.Fake, s *tuitest.Screen, old, new string) {
	s.TB.Helper()
	path := filepath.Join(f.Dir, run.ConfigFile)
	b, err := os.ReadFile(path)
	tuitest.Must(s.TB, err)
	tuitest.Must(s.TB, os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644))
	s.Load()
}

// TestGoldenConfig draws a file that has just been reloaded, with a refused line
// and a history.
func TestGoldenConfig(t *testing.T) {
	tuitest.GoldenViewAs(t, "config", "config-edited", tuitest.Default(), tui.Options{}, func(s *tuitest.Screen, f *tuitest.Fake) {
		f.Change(s, runlog.Config, 60, "live.gen_lr", "0.0005", "0.0001")
		f.Change(s, runlog.Freeze, 90, "freeze.preset", `"none"`, `"gdd-i"`)
		f.Change(s, runlog.Config, 120, "live.gen_lr", "0.0001", "0.0002", "live.r1_gamma", "0.0001", "0.001")
		f.Change(s, runlog.Config, 150, "live.disc_lr", "0.0002", "0.0004")
		f.Change(s, runlog.Config, 160, "live.disc_lr", "0.0004", "0.0002")
		rewrite(f, s, "gen_lr  = 2e-4", "gen_lr  = 1e-4")
		rewrite(f, s, "seed = 7 ", "seed = 8 ")
		rewrite(f, s, "gen_lr  = 1e-4", "gen_lr  = 3e-4")
		f.Heartbeat.ConfigError = "configs: config.toml:6: run.seed: got 8, want 7: fixed once a run has started"
		tuitest.Must(s.TB, run.WriteStatus(f.Dir, f.Heartbeat))
		s.Load()
	})
}

// TestConfigSet edits settings: taken, refused, fixed, one of a few choices.
func TestConfigSet(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	s.View("config")
	s.Wants("live.gen_lr", "Adam's learning rate of the generator", "default", "in (0, 1]")
	s.Press("enter")
	s.Wants("live.gen_lr = 2e-4", "want in (0, 1]")
	s.Press("ctrl+u")
	s.Type("3e-4")
	s.Wants("19 ✎ gen_lr  = 3e-4")
	s.Press("enter")
	s.Wants("gen_lr = 3e-4")
	if n := len(f.Orders); n != 1 || !maps.Equal(f.Orders[0].Set, map[string]string{"live.gen_lr": "3e-4"}) {
		t.Fatalf("got orders %v, want one that sets gen_lr", f.Orders)
	}

	f.Refuse = errors.New("configs: config.toml:19: live.gen_lr: got 7, want in (0, 1]")
	s.Press("enter", "ctrl+u", "7", "enter")
	s.Wants("19 ✗", "╰─ got 7, want in (0, 1]")
	s.Press("esc")
	s.Lacks("╰─ got 7")
	s.Wants("›5 config")
	f.Refuse = nil

	s.Press("enter", "enter") // unchanged
	s.Press("enter", "esc")
	s.Press("home", "enter")
	s.Wants("there is no setting on this line")
	s.Press("down", "enter")
	s.Wants("name: fixed once a run has started")
	s.CursorTo("preset =")
	s.Press("enter", "tab")
	s.Wants("freeze.preset = none")
	s.Press("enter")
	if n := len(f.Orders); n != 2 || f.Orders[1].Set["freeze.preset"] != "none" {
		t.Errorf("got orders %v, want a second one of the preset", f.Orders)
	}
}

// TestConfigMouse moves the cursor by a click and edits by a second one.
func TestConfigMouse(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.View("config")
	s.Press("m")
	x, y := s.Find("seed = 7")
	s.Send(tuitest.Click(x, y))
	s.Wants("›   6 ✎ seed", "run.seed", "fixed once a run has started")
	s.Send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	s.Wants("›   9   init")
	x, y = s.Find("disc_lr")
	s.Send(tuitest.Click(x, y))
	s.Lacks("live.disc_lr = 2e-4")
	s.Send(tuitest.Click(x, y))
	s.Wants("live.disc_lr = 2e-4")
	s.Press("esc")
	s.Send(tuitest.Click(110, 30)) // the panel: nothing to hit
	s.Exact(120, 40)
}

// TestConfigUndo takes changes back and does them again; the events of the run
// tell what happened.
func TestConfigUndo(t *testing.T) {
	now := tuitest.Epoch
	s, f := tuitest.Open(t, 160, 40, tuitest.Default(), tui.Options{Now: func() time.Time { return now }})
	f.Serve(t)
	s.View("config")
	s.Press("u")
	s.Wants("undo: no change of settings is known")
	f.Change(s, runlog.Config, 700, "live.gen_lr", "0.0005", "0.0002")
	f.Change(s, runlog.Freeze, 710, "freeze.preset", `"none"`, `"gdd-i"`)
	last := func(want map[string]string) {
		t.Helper()
		if n := len(f.Orders); n == 0 || !maps.Equal(f.Orders[n-1].Set, want) {
			t.Errorf("got orders %v, want the last to be %v", f.Orders, want)
		}
	}
	s.Press("u")
	last(map[string]string{"freeze.preset": `"none"`})
	s.Press("u")
	s.Wants("undo: the last change is still on its way")
	f.Change(s, runlog.Freeze, 720, "freeze.preset", `"gdd-i"`, `"none"`)
	s.Wants("undone", "ctrl+r redo", "u undo")
	s.Press("u")
	last(map[string]string{"live.gen_lr": "0.0005"})
	f.Change(s, runlog.Config, 730, "live.gen_lr", "0.0002", "0.0005")
	s.Press("u")
	s.Wants("undo: no change of settings is known")
	s.Press("ctrl+r")
	last(map[string]string{"live.gen_lr": "0.0002"})
	f.Change(s, runlog.Config, 740, "live.gen_lr", "0.0005", "0.0002")
	f.Change(s, runlog.Config, 750, "live.disc_lr", "0.0005", "0.0002") // something new: what was undone is past
	s.Press("ctrl+r")
	s.Wants("redo: nothing was undone")
	if n := len(f.Orders); n != 3 {
		t.Errorf("%d orders, want 3", n)
	}
	s.Command("set live.disc_lr=3e-4") // as one by the cursor: what undo takes back is not known yet
	s.Wants("disc_lr = 3e-4")
	s.Press("u")
	s.Wants("undo: the last change is still on its way")
	if n := len(f.Orders); n != 4 {
		t.Errorf("%d orders, want 4", n)
	}
}

// TestConfigReload marks what a reload has changed for a while.
func TestConfigReload(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.View("config")
	rewrite(f, s, "disc_lr = 2e-4", "disc_lr = 4e-4")
	s.Wants("0.0002 → 0.0004")
	s.Send(tuitest.ViewOf[*config.View](s).FreshOver())
	s.Lacks("0.0002 → 0.0004")
	s.Press("d")
	s.Wants("only the 3 changed", "disc_lr = 4e-4")
	s.Lacks("features")
	s.Press("esc")
	s.Press("/")
	s.Type("lr")
	s.Wants("[live]", "disc_lr", "gen_lr")
	s.Lacks("features")
	s.Press("esc")
	s.Wants("features")
}

// TestConfigOdd shows files that nobody should have written.
func TestConfigOdd(t *testing.T) {
	for name, text := range map[string]string{
		"empty":      "",
		"invalid":    "name = \"\xff\xfe\x1b[2J\x07\"\r\n[live]\r\ngen_lr = 1\xc3\n",
		"long lines": "method = \"gdd\"\n[live]\ngen_lr = 1 # " + strings.Repeat("é", 100_000) + "\n",
		"many lines": "method = \"gdd\"\n" + strings.Repeat("# one more\n", 3000) + "[live]\ngen_lr = 1e-4\n",
		"not TOML":   "[[[\n]]] = = \"\n'''",
		"too big":    strings.Repeat("#\n", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			s, f := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
			s.View("config")
			tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, run.ConfigFile), []byte(text), 0o644))
			s.Load()
			for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}} {
				s.Send(tuitest.SizeOf(size[0], size[1]))
				s.Press("G", "g", "pgdown", "enter", "esc", "/", "x", "esc", "d", "d")
				s.Exact(size[0], size[1])
			}
			tuitest.Must(t, os.Remove(filepath.Join(f.Dir, run.ConfigFile)))
			s.Load()
			s.Press("G", "enter", "e", "u")
			s.Exact(40, 10)
		})
	}
}
