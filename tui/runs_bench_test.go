package tui_test

import (
	"fmt"
	"testing"

	"innate/tui"
)

// BenchmarkRuns times one look at thirty runs, the list's and the reading's
// part.
func BenchmarkRuns(b *testing.B) {
	b.Chdir(b.TempDir())
	manyRuns(b)
	s := newScreen(b, 200, 60, listOptions())
	s.load()
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			tui.PollAt(s.app, s.now)
		}
	})
	msg := tui.PollAt(s.app, s.now)
	b.Run("draw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.app.Update(msg)
			if s.app.View().Content == "" {
				b.Fatal("nothing drawn")
			}
		}
	})
}

// TestRunsScroll draws every line of a long list once, with the cursor on it.
func TestRunsScroll(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), manyRuns)
	for i := range 30 {
		s.wants(fmt.Sprintf("╭─ %05d-", 29-i))
		s.press("j")
	}
	s.press("pgup", "pgup", "pgup")
	s.wants("╭─ 00029-")
}
