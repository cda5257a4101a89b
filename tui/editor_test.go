package tui_test

import (
	"fmt"
	"testing"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
	"innate/tui/views/config"
)

func TestConfigLine(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	if n := tuitest.ViewOf[*config.View](s).EditLine(); n != 0 {
		t.Errorf("from the dashboard: line %d, want any", n)
	}
	s.View("config")
	if n := tuitest.ViewOf[*config.View](s).EditLine(); n != 19 {
		t.Errorf("with the cursor on gen_lr: line %d, want 19", n)
	}
	f.Heartbeat.ConfigError = "configs: config.toml:12: broken"
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	if n := tuitest.ViewOf[*config.View](s).EditLine(); n != 12 {
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
