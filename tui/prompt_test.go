package tui_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
	"innate/tui/tuitest"
)

// TestPromptCursor edits within a line: what is typed, pasted and deleted there,
// with wide characters, too.
func TestPromptCursor(t *testing.T) {
	s, _ := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	line := func() string { return strings.TrimRight(s.Lines()[23], " \u00a0") }
	for _, c := range []struct {
		typed string
		keys  []string
		want  string
	}{
		{"vew config", []string{"home", "right", "i"}, " :view config"},
		{"view config", []string{"ctrl+a", "ctrl+k", "q"}, " :quit"}, // with its ghost
		{"open ab", []string{"left", "backspace", "c"}, " :open cb"},
		{"open ab", []string{"left", "left", "ctrl+u"}, " :ab"},
		{"open a b ", []string{"ctrl+w"}, " :open a 00003-mnist-gdd-i"}, // and the ghost of the next word
		{"open 日本", []string{"left", "backspace", "語"}, " :open 語本"},
		{"open 日本", []string{"home", "end", "語"}, " :open 日本語"},
		{"vi", []string{"left", "tab"}, " :view"}, // completes the whole line
	} {
		s.Press(":")
		s.Type(c.typed)
		s.Press(c.keys...)
		if got := line(); got != c.want {
			t.Errorf("%q, %v: %q, want %q", c.typed, c.keys, got, c.want)
		}
		s.Exact(80, 24)
		s.Press("esc")
	}
	s.Press(":")
	s.Type("open ab")
	s.Press("left")
	s.Send(tea.PasteMsg{Content: " x\ny\x1b "})
	if got := line(); !strings.HasPrefix(got, " :open ax") || !strings.HasSuffix(got, "yb") {
		t.Errorf("pasted: %q", got)
	}
	s.Press("esc", ":")
	s.Type("open " + strings.Repeat("語", 60) + "z")
	s.Exact(80, 24)
	s.Wants("語z")
	s.Press("home") // the cursor stays in view at both ends
	s.Exact(80, 24)
	s.Wants(":open 語")
	s.Lacks("語z")
}
