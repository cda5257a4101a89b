package tui_test

import (
	"runtime"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
)

// BenchmarkOpenRun100k opens a run of 100,000 ticks until its first whole frame.
func BenchmarkOpenRun100k(b *testing.B) {
	f := longRun(b)
	b.ReportAllocs()
	for b.Loop() {
		s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
		s.load()
		s.lacks("reading the history")
	}
}

// BenchmarkCurvesFrame100k draws the view of curves of 100,000 ticks: as it was,
// and with its window moved, so that everything in it is new.
func BenchmarkCurvesFrame100k(b *testing.B) {
	f := longRun(b)
	s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
	s.load()
	s.view("curves")
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.app.Update(tea.PasteMsg{})
			s.app.View()
		}
	})
	b.Run("moved", func(b *testing.B) {
		s.press("+", "+")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			s.press([]string{"<", ">"}[i%2])
			s.app.View()
		}
	})
}

// BenchmarkHeap100k reports what the workbench keeps of a run of 100,000 ticks
// when all views have been visited.
func BenchmarkHeap100k(b *testing.B) {
	f := longRun(b)
	for b.Loop() {
		before := liveBytes()
		s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
		s.load()
		for _, view := range []string{"curves", "layers", "samples", "config", "machine", "events", "dashboard"} {
			s.view(view)
			if view == "curves" {
				s.press("pgdown", "pgdown", "pgdown", "pgdown", "pgdown")
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
