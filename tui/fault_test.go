package tui_test

import (
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
)

// TestFaultPictureUnderText checks that a terminal which keeps pictures under
// text is told to remove them: when a view or an overlay comes in their place,
// before the next, and on leaving. Others are told nothing.
func TestFaultPictureUnderText(t *testing.T) {
	const wipe = "\x1b_Ga=d,q=2\x1b\\"
	for version, want := range map[string]bool{"Konsole 22.12.3": true, "XTerm(379)": false} {
		s, f := openFake(t, 120, 40, defaultFake(), tui.Options{Images: "sixel"})
		s.send(tea.TerminalVersionMsg{Name: version})
		s.raw = nil
		for _, c := range []struct {
			name string
			do   func()
		}{
			{"the help", func() { s.press("?") }},
			{"and its end", func() { s.press("esc") }},
			{"a view without pictures", func() { s.press("2") }},
			{"and back", func() { s.press("1") }},
			{"a new sample", func() { f.writeSample(t, 90, 4); s.load() }},
			{"the list of runs", func() { s.press("esc") }},
			{"and back in", func() { s.press("enter"); s.load() }},
			{"leaving", func() { s.press("q") }},
		} {
			c.do()
			if got := strings.Count(strings.Join(s.raw, ""), wipe) == 1; got != want {
				t.Errorf("%s, %s: told %v, want %v: %.60q", version, c.name, got, want, s.raw)
			}
			s.raw = nil
		}
	}
}

// TestFaultNoWipeTwice checks that what was removed is not removed again.
func TestFaultNoWipeTwice(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{Images: "sixel"})
	s.send(tea.TerminalVersionMsg{Name: "Konsole 22.12.3"})
	s.press("2")
	s.raw = nil
	s.press("3", "5", "2", "q")
	if got := strings.Join(s.raw, ""); strings.Contains(got, "\x1b_G") {
		t.Errorf("removed again: %q", got)
	}
}
