package tui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"innate/tui"
	"innate/tui/tuitest"
)

// TestMoreColours checks that 16 colours become 256 on a terminal that tells its
// version, whichever is heard first, and that nothing else is changed.
func TestMoreColours(t *testing.T) {
	version := tea.TerminalVersionMsg{Name: "XTerm(379)"}
	for _, c := range []struct {
		name string
		msgs []tea.Msg
		want colorprofile.Profile
	}{
		{"TERM=xterm", []tea.Msg{tea.ColorProfileMsg{Profile: colorprofile.ANSI}, version}, colorprofile.ANSI256},
		{"late profile", []tea.Msg{version, tea.ColorProfileMsg{Profile: colorprofile.ANSI}}, colorprofile.ANSI256},
		{"no version", []tea.Msg{tea.ColorProfileMsg{Profile: colorprofile.ANSI}}, colorprofile.ANSI},
		{"NO_COLOR", []tea.Msg{tea.ColorProfileMsg{Profile: colorprofile.ASCII}, version}, colorprofile.ASCII},
		{"24 bits", []tea.Msg{tea.ColorProfileMsg{Profile: colorprofile.TrueColor}, version}, colorprofile.TrueColor},
	} {
		s := tuitest.New(t, 80, 24, tui.Options{})
		for _, m := range c.msgs {
			s.Send(m)
		}
		if got := s.App.Profile(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
