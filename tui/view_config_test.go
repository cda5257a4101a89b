package tui_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
)

// change writes the event of a change of settings: key, old, new, and so on.
func (f *fakeRun) change(s *screen, kind string, at int, settings ...string) {
	s.tb.Helper()
	w, err := runlog.OpenWriter(f.dir)
	must(s.tb, err)
	defer w.Close()
	data := map[string]any{"fraction": 0.8}
	for set := range slices.Chunk(settings, 3) {
		data[set[0]] = map[string]any{"old": set[1], "new": set[2]}
	}
	must(s.tb, w.Event(runlog.Event{Time: epoch.Add(time.Duration(at) * time.Second), Nimg: int64(100 * at), Kind: kind, Text: "changed", Data: data}))
	s.load()
}

// rewrite replaces words of config.toml.
func (f *fakeRun) rewrite(s *screen, old, new string) {
	s.tb.Helper()
	path := filepath.Join(f.dir, run.ConfigFile)
	b, err := os.ReadFile(path)
	must(s.tb, err)
	must(s.tb, os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o644))
	s.load()
}

// TestGoldenConfig draws a file that has just been reloaded, with a refused line
// and a history.
func TestGoldenConfig(t *testing.T) {
	goldenViewAs(t, "config", "config-edited", defaultFake(), tui.Options{}, func(s *screen, f *fakeRun) {
		f.change(s, runlog.Config, 60, "live.gen_lr", "0.0005", "0.0001")
		f.change(s, runlog.Freeze, 90, "freeze.preset", `"none"`, `"gdd-i"`)
		f.change(s, runlog.Config, 120, "live.gen_lr", "0.0001", "0.0002", "live.r1_gamma", "0.0001", "0.001")
		f.change(s, runlog.Config, 150, "live.disc_lr", "0.0002", "0.0004")
		f.change(s, runlog.Config, 160, "live.disc_lr", "0.0004", "0.0002")
		f.rewrite(s, "gen_lr  = 2e-4", "gen_lr  = 1e-4")
		f.rewrite(s, "seed = 7 ", "seed = 8 ")
		f.rewrite(s, "gen_lr  = 1e-4", "gen_lr  = 3e-4")
		f.status.ConfigError = "configs: config.toml:6: run.seed: got 8, want 7: fixed once a run has started"
		must(s.tb, run.WriteStatus(f.dir, f.status))
		s.load()
	})
}

// TestConfigSet edits settings: taken, refused, fixed, one of a few choices.
func TestConfigSet(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	f.serve(t)
	s.view("config")
	s.wants("live.gen_lr", "Adam's learning rate of the generator", "default", "in (0, 1]")
	s.press("enter")
	s.wants("live.gen_lr = 2e-4", "want in (0, 1]")
	s.press("ctrl+u")
	s.typed("3e-4")
	s.wants("19 ✎ gen_lr  = 3e-4")
	s.press("enter")
	s.wants("gen_lr = 3e-4")
	if n := len(f.orders); n != 1 || !maps.Equal(f.orders[0].Set, map[string]string{"live.gen_lr": "3e-4"}) {
		t.Fatalf("got orders %v, want one that sets gen_lr", f.orders)
	}

	f.refuse = errors.New("configs: config.toml:19: live.gen_lr: got 7, want in (0, 1]")
	s.press("enter", "ctrl+u", "7", "enter")
	s.wants("19 ✗", "╰─ got 7, want in (0, 1]")
	s.press("esc")
	s.lacks("╰─ got 7")
	s.wants("›5 config")
	f.refuse = nil

	s.press("enter", "enter") // unchanged
	s.press("enter", "esc")
	s.press("home", "enter")
	s.wants("there is no setting on this line")
	s.press("down", "enter")
	s.wants("name: fixed once a run has started")
	s.cursorTo("preset =")
	s.press("enter", "tab")
	s.wants("freeze.preset = none")
	s.press("enter")
	if n := len(f.orders); n != 2 || f.orders[1].Set["freeze.preset"] != "none" {
		t.Errorf("got orders %v, want a second one of the preset", f.orders)
	}
}

// TestConfigMouse moves the cursor by a click and edits by a second one.
func TestConfigMouse(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{})
	s.view("config")
	s.press("m")
	x, y := s.find("seed = 7")
	s.send(click(x, y))
	s.wants("›   6 ✎ seed", "run.seed", "fixed once a run has started")
	s.send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	s.wants("›   9   init")
	x, y = s.find("disc_lr")
	s.send(click(x, y))
	s.lacks("live.disc_lr = 2e-4")
	s.send(click(x, y))
	s.wants("live.disc_lr = 2e-4")
	s.press("esc")
	s.send(click(110, 30)) // the panel: nothing to hit
	s.exact(120, 40)
}

// TestConfigUndo takes changes back and does them again; the events of the run
// tell what happened.
func TestConfigUndo(t *testing.T) {
	now := epoch
	s, f := openFake(t, 160, 40, defaultFake(), tui.Options{Now: func() time.Time { return now }})
	f.serve(t)
	s.view("config")
	s.press("u")
	s.wants("undo: no change of settings is known")
	f.change(s, runlog.Config, 700, "live.gen_lr", "0.0005", "0.0002")
	f.change(s, runlog.Freeze, 710, "freeze.preset", `"none"`, `"gdd-i"`)
	last := func(want map[string]string) {
		t.Helper()
		if n := len(f.orders); n == 0 || !maps.Equal(f.orders[n-1].Set, want) {
			t.Errorf("got orders %v, want the last to be %v", f.orders, want)
		}
	}
	s.press("u")
	last(map[string]string{"freeze.preset": `"none"`})
	s.press("u")
	s.wants("undo: the last change is still on its way")
	f.change(s, runlog.Freeze, 720, "freeze.preset", `"gdd-i"`, `"none"`)
	s.wants("undone", "ctrl+r redo", "u undo")
	s.press("u")
	last(map[string]string{"live.gen_lr": "0.0005"})
	f.change(s, runlog.Config, 730, "live.gen_lr", "0.0002", "0.0005")
	s.press("u")
	s.wants("undo: no change of settings is known")
	s.press("ctrl+r")
	last(map[string]string{"live.gen_lr": "0.0002"})
	f.change(s, runlog.Config, 740, "live.gen_lr", "0.0005", "0.0002")
	f.change(s, runlog.Config, 750, "live.disc_lr", "0.0005", "0.0002") // something new: what was undone is past
	s.press("ctrl+r")
	s.wants("redo: nothing was undone")
	if n := len(f.orders); n != 3 {
		t.Errorf("%d orders, want 3", n)
	}
}

// TestConfigReload marks what a reload has changed for a while.
func TestConfigReload(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	s.view("config")
	f.rewrite(s, "disc_lr = 2e-4", "disc_lr = 4e-4")
	s.wants("0.0002 → 0.0004")
	s.send(tui.FreshOver(s.app))
	s.lacks("0.0002 → 0.0004")
	s.press("d")
	s.wants("only the 3 changed", "disc_lr = 4e-4")
	s.lacks("features")
	s.press("esc")
	s.press("/")
	s.typed("lr")
	s.wants("[live]", "disc_lr", "gen_lr")
	s.lacks("features")
	s.press("esc")
	s.wants("features")
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
			s, f := openFake(t, 80, 24, defaultFake(), tui.Options{})
			s.view("config")
			must(t, os.WriteFile(filepath.Join(f.dir, run.ConfigFile), []byte(text), 0o644))
			s.load()
			for _, size := range [][2]int{{80, 24}, {120, 40}, {40, 10}} {
				s.send(sizeOf(size[0], size[1]))
				s.press("G", "g", "pgdown", "enter", "esc", "/", "x", "esc", "d", "d")
				s.exact(size[0], size[1])
			}
			must(t, os.Remove(filepath.Join(f.dir, run.ConfigFile)))
			s.load()
			s.press("G", "enter", "e", "u")
			s.exact(40, 10)
		})
	}
}

func TestConfigLine(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	if n := tui.ConfigLine(s.app); n != 0 {
		t.Errorf("from the dashboard: line %d, want any", n)
	}
	s.view("config")
	if n := tui.ConfigLine(s.app); n != 19 {
		t.Errorf("with the cursor on gen_lr: line %d, want 19", n)
	}
	f.status.ConfigError = "configs: config.toml:12: broken"
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	if n := tui.ConfigLine(s.app); n != 12 {
		t.Errorf("with a refused line: line %d, want that", n)
	}
	for _, c := range []struct {
		editor string
		line   int
		want   string
	}{
		{"vim", 0, "[vim f]"}, {"vim -u NONE", 3, "[vim -u NONE +3 f]"}, {"/usr/bin/nano", 3, "[/usr/bin/nano +3 f]"},
		{"code --wait", 3, "[code --wait --goto f:3]"}, {"hx", 3, "[hx f:3]"}, {"mine", 3, "[mine f]"},
	} {
		if got := fmt.Sprint(tui.EditorArgs(c.editor, "f", c.line)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.editor, got, c.want)
		}
	}
}
