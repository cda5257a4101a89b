package tui_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
	"innate/tui/tuitest"
)

// readState returns the fields of a state file.
func readState(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	tuitest.Must(t, err)
	var m map[string]any
	tuitest.Must(t, json.Unmarshal(b, &m))
	return m
}

// TestStateRemembered changes all that is remembered, and opens another
// workbench.
func TestStateRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "state.json")
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{StateFile: path})
	s.Press("shift+tab", "y", "s", "T", "T", "m", "N", "2")
	s.Command("theme light")
	m := readState(t, path)
	dir, err := filepath.Abs(f.Dir)
	tuitest.Must(t, err)
	for key, want := range map[string]any{"view": "curves", "focus": "fid", "theme": "light", "mouse": true, "quiet": true, "run": dir} {
		if m[key] != want {
			t.Errorf("%s: %v, want %v", key, m[key], want)
		}
	}
	again := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "off", StateFile: path})
	again.Load()
	again.Wants("›2 curves")
	again.View("dashboard")
	again.Wants("ema 0.6")
	again.Lacks("log y ─") // FID has it by default
	if again.App.View().MouseMode != tea.MouseModeCellMotion {
		t.Error("the mouse is off")
	}
	again.Press(":", "up")
	again.Wants(":theme light")
	again.Press("up", "up")
	again.Wants(":theme light") // the only one
	again.Press("down")
	again.Lacks(":theme light")
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
		tuitest.Must(t, os.WriteFile(path, []byte(c.text), 0o600))
		s, _ := tuitest.Open(t, 160, 40, tuitest.Default(), tui.Options{StateFile: path})
		s.Wants("›" + map[string]string{"dashboard": "1", "curves": "2", "machine": "6"}[c.view] + " " + c.view)
		s.Press("m")
		after, err := os.ReadFile(path)
		tuitest.Must(t, err)
		if kept := string(after) == c.text; kept != c.kept {
			t.Errorf("%q: kept %v, want %v", c.text, kept, c.kept)
		}
	}
}

// TestStateCannotBeWritten says so once and continues.
func TestStateCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	tuitest.Must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{StateFile: filepath.Join(dir, "file", "state.json")})
	s.Wants("will not be remembered: state: ")
	s.Command("nonsense")
	s.Press("2")
	s.Wants("›2 curves", "nonsense")
	s.Lacks("will not be remembered")
}

// TestStateNewestWins runs the writes of two changes in the wrong order.
func TestStateNewestWins(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{StateFile: path})
	_, first := s.App.Update(tuitest.KeyPress("2"))
	_, second := s.App.Update(tuitest.KeyPress("3"))
	s.Run(second)
	s.Run(first)
	if v := readState(t, path)["view"]; v != "layers" {
		t.Errorf("view %v, want layers", v)
	}
	s.App.Update(tuitest.KeyPress("4")) // the program ends before its write
	s.App.Flush()
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
		tuitest.Must(t, err)
		app.Update(tuitest.KeyPress("m"))
		app.Flush()
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
	colour := func(s *tuitest.Screen) bool { return strings.Contains(s.App.View().Content, "8;2;") }
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "off"})
	if !colour(s) {
		t.Error("no colour at first")
	}
	dark := s.App.View().Content
	s.Press("T", "T") // dark, light
	s.Wants("theme: light")
	if s.App.View().Content == dark {
		t.Error("light looks like dark")
	}
	s.Press("T")
	if s.Wants("theme: mono"); colour(s) {
		t.Error("mono has colours")
	}
	env := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, Images: "off", Getenv: func(k string) string {
		return map[string]string{"INNATE_THEME": "mono", "LANG": "C.UTF-8"}[k]
	}})
	env.Load()
	if colour(env) {
		t.Error("INNATE_THEME=mono has colours")
	}
}
