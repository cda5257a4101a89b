package tui_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
)

// TestPromptCursor edits within a line: what is typed, pasted and deleted there,
// with wide characters, too.
func TestPromptCursor(t *testing.T) {
	s, _ := openFake(t, 80, 24, defaultFake(), tui.Options{})
	line := func() string { return strings.TrimRight(s.lines()[23], " \u00a0") }
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
		s.press(":")
		s.typed(c.typed)
		s.press(c.keys...)
		if got := line(); got != c.want {
			t.Errorf("%q, %v: %q, want %q", c.typed, c.keys, got, c.want)
		}
		s.exact(80, 24)
		s.press("esc")
	}
	s.press(":")
	s.typed("open ab")
	s.press("left")
	s.send(tea.PasteMsg{Content: " x\ny\x1b "})
	if got := line(); !strings.HasPrefix(got, " :open ax") || !strings.HasSuffix(got, "yb") {
		t.Errorf("pasted: %q", got)
	}
	s.press("esc", ":")
	s.typed("open " + strings.Repeat("語", 60) + "z")
	s.exact(80, 24)
	s.wants("語z")
	s.press("home") // the cursor stays in view at both ends
	s.exact(80, 24)
	s.wants(":open 語")
	s.lacks("語z")
}
