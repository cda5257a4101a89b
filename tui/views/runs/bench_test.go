package runs_test

import (
	"fmt"
	"testing"

	"innate/tui/tuitest"
)

// BenchmarkRuns times one look at thirty runs, the list's and the reading's
// part.
func BenchmarkRuns(b *testing.B) {
	b.Chdir(b.TempDir())
	tuitest.ManyRuns(b)
	s := tuitest.New(b, 200, 60, tuitest.ListOptions())
	s.Load()
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.App.Look(s.Now)
		}
	})
	msg := s.App.Look(s.Now)
	b.Run("draw", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.App.Update(msg)
			if s.App.View().Content == "" {
				b.Fatal("nothing drawn")
			}
		}
	})
}

// TestRunsScroll draws every line of a long list once, with the cursor on it.
func TestRunsScroll(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), tuitest.ManyRuns)
	for i := range 30 {
		s.Wants(fmt.Sprintf("╭─ %05d-", 29-i))
		s.Press("j")
	}
	s.Press("pgup", "pgup", "pgup")
	s.Wants("╭─ 00029-")
}
