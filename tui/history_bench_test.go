package tui_test

import (
	"runtime"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
	"innate/tui/tuitest"
)

// BenchmarkOpenRun100k opens a run of 100,000 ticks until its first whole frame.
func BenchmarkOpenRun100k(b *testing.B) {
	f := tuitest.LongRun(b)
	b.ReportAllocs()
	for b.Loop() {
		s := tuitest.New(b, 160, 48, tui.Options{RunDir: f.Dir, Images: "blocks"})
		s.Load()
		s.Lacks("reading the history")
	}
}

// BenchmarkCurvesFrame100k draws the view of curves of 100,000 ticks: as it was,
// and with its window moved, so that everything in it is new.
func BenchmarkCurvesFrame100k(b *testing.B) {
	f := tuitest.LongRun(b)
	s := tuitest.New(b, 160, 48, tui.Options{RunDir: f.Dir, Images: "blocks"})
	s.Load()
	s.View("curves")
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.App.Update(tea.PasteMsg{})
			s.App.View()
		}
	})
	b.Run("moved", func(b *testing.B) {
		s.Press("+", "+")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.Press([]string{"<", ">"}[i%2])
			s.App.View()
		}
	})
}

// BenchmarkHeap100k reports what the workbench keeps of a run of 100,000 ticks
// when all views have been visited.
func BenchmarkHeap100k(b *testing.B) {
	f := tuitest.LongRun(b)
	for b.Loop() {
		before := liveBytes()
		s := tuitest.New(b, 160, 48, tui.Options{RunDir: f.Dir, Images: "blocks"})
		s.Load()
		for _, view := range []string{"curves", "layers", "samples", "config", "machine", "events", "dashboard"} {
			s.View(view)
			if view == "curves" {
				s.Press("pgdown", "pgdown", "pgdown", "pgdown", "pgdown")
			}
		}
		b.ReportMetric(float64(liveBytes()-before)/1e6, "MB")
		runtime.KeepAlive(s)
	}
}

func liveBytes() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
