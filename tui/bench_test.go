package tui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// BenchmarkFrame draws the dashboard of a long run after a change; the target is
// 3 ms and 200 allocations. In tick, each frame has another point.
func BenchmarkFrame(b *testing.B) {
	f := tuitest.LongRun(b)
	s := tuitest.New(b, 160, 48, tui.Options{RunDir: f.Dir, Images: "blocks"})
	s.Load()
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.App.Update(tea.PasteMsg{}) // marks the frame stale, changes nothing
			s.App.View()
		}
	})
	b.Run("tick", func(b *testing.B) {
		b.ReportAllocs()
		nimg := int64(1_000_000)
		for b.Loop() {
			nimg += 10
			u := runlog.Update{Rows: []runlog.Row{{Nimg: nimg, Time: tuitest.Epoch, Names: []string{"loss/disc", "loss/gen"}, Values: []float64{1, 1}}}}
			s.App.Update(tui.HistoryMsg(s.App, u))
			s.App.View()
		}
	})
	s.View("curves")
	b.Run("curves", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.App.Update(tea.PasteMsg{})
			s.App.View()
		}
	})
}

// BenchmarkAttach opens a long run: until the first frame with curves in it, the
// target is 150 ms, and until the last one.
func BenchmarkAttach(b *testing.B) {
	f := tuitest.LongRun(b)
	open := func() *tuitest.Screen { return tuitest.New(b, 160, 48, tui.Options{RunDir: f.Dir, Images: "blocks"}) }
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s := open()
			s.App.Update(s.App.Look(s.Now))
			s.Wants("reading the history")
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			s := open()
			s.Load()
			s.Lacks("reading the history")
		}
	})
}
