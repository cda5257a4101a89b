package tui_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
)

// readState returns the fields of a state file.
func readState(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	var m map[string]any
	must(t, json.Unmarshal(b, &m))
	return m
}

// TestStateRemembered changes all that is remembered, and opens another
// workbench.
func TestStateRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "state.json")
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{StateFile: path})
	s.press("shift+tab", "y", "s", "T", "T", "m", "N", "2")
	s.command("theme light")
	m := readState(t, path)
	dir, err := filepath.Abs(f.dir)
	must(t, err)
	for key, want := range map[string]any{"view": "curves", "focus": "fid", "theme": "light", "mouse": true, "quiet": true, "run": dir} {
		if m[key] != want {
			t.Errorf("%s: %v, want %v", key, m[key], want)
		}
	}
	again := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "off", StateFile: path})
	again.load()
	again.wants("›2 curves")
	again.view("dashboard")
	again.wants("ema 0.6")
	again.lacks("log y ─") // FID has it by default
	if again.app.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("the mouse is off")
	}
	again.press(":", "up")
	again.wants(":theme light")
	again.press("up", "up")
	again.wants(":theme light") // the only one
	again.press("down")
	again.lacks(":theme light")
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestStateTolerant starts with files that no innate wrote: it starts as if
// there were none, or with the fields that make sense.
func TestStateTolerant(t *testing.T) {
	for _, c := range []struct {
		text, view string
		kept       bool // the file isn't ours to change
	}{
		{"", "dashboard", false},
		{"\x00\xff{", "dashboard", false},
		{`{"version":1,"view":"curves","charts":7,"history":"x","focus":3,"theme":"pink"}`, "curves", false},
		{`{"version":1,"view":"moon","charts":{"loss":{"smoothing":7}}}`, "dashboard", false},
		{`{"version":99,"view":"curves"}`, "dashboard", true},
		{`{"view":"machine","unknown":{"a":[1,2]}}`, "machine", false},
	} {
		path := filepath.Join(t.TempDir(), "state.json")
		must(t, os.WriteFile(path, []byte(c.text), 0o600))
		s, _ := openFake(t, 160, 40, defaultFake(), tui.Options{StateFile: path})
		s.wants("›" + map[string]string{"dashboard": "1", "curves": "2", "machine": "6"}[c.view] + " " + c.view)
		s.press("m")
		after, err := os.ReadFile(path)
		must(t, err)
		if kept := string(after) == c.text; kept != c.kept {
			t.Errorf("%q: kept %v, want %v", c.text, kept, c.kept)
		}
	}
}

// TestStateCannotBeWritten says so once and goes on.
func TestStateCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{StateFile: filepath.Join(dir, "file", "state.json")})
	s.wants("state: ")
	s.press("2")
	s.wants("›2 curves")
}

// TestStateNewestWins runs the writes of two changes in the wrong order.
func TestStateNewestWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{StateFile: path})
	_, first := s.app.Update(keyPress("2"))
	_, second := s.app.Update(keyPress("3"))
	s.run(second)
	s.run(first)
	if v := readState(t, path)["view"]; v != "layers" {
		t.Errorf("view %v, want layers", v)
	}
	s.app.Update(keyPress("4")) // the program ends before its write
	tui.Flush(s.app)
	if v := readState(t, path)["view"]; v != "samples" {
		t.Errorf("view %v, want samples", v)
	}
}

// TestStatePath follows the XDG specification.
func TestStatePath(t *testing.T) {
	dir := t.TempDir()
	for _, env := range []map[string]string{
		{"XDG_STATE_HOME": filepath.Join(dir, "a", "b"), "HOME": "/nowhere"},
		{"XDG_STATE_HOME": "relative", "HOME": filepath.Join(dir, "home")},
	} {
		app, err := tui.New(tui.Options{RunsDir: "runs", Images: "off", Getenv: func(k string) string { return env[k] }})
		must(t, err)
		app.Update(keyPress("m"))
		tui.Flush(app)
	}
	for _, want := range []string{"a/b/innate/state.json", "home/.local/state/innate/state.json"} {
		if m := readState(t, filepath.Join(dir, want)); m["mouse"] != true {
			t.Errorf("%s: %v", want, m)
		}
	}
}

func TestThemes(t *testing.T) {
	if _, err := tui.New(tui.Options{Getenv: func(k string) string { return map[string]string{"INNATE_THEME": "pink"}[k] }}); err == nil ||
		!strings.Contains(err.Error(), `theme: "pink", want auto | dark | light | mono`) {
		t.Errorf("error %v", err)
	}
	colour := func(s *screen) bool { return strings.Contains(s.app.View().Content, "8;2;") }
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{Images: "off"})
	if !colour(s) {
		t.Error("no colour at first")
	}
	dark := s.app.View().Content
	s.press("T", "T") // dark, light
	s.wants("theme: light")
	if s.app.View().Content == dark {
		t.Error("light looks like dark")
	}
	s.press("T")
	if s.wants("theme: mono"); colour(s) {
		t.Error("mono has colours")
	}
	env := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, Images: "off", Getenv: func(k string) string {
		return map[string]string{"INNATE_THEME": "mono", "LANG": "C.UTF-8"}[k]
	}})
	env.load()
	if colour(env) {
		t.Error("INNATE_THEME=mono has colours")
	}
}
