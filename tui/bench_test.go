package tui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui"
)

// longRun is a run with 100,000 ticks of some twenty scalars.
func longRun(tb testing.TB) *fakeRun {
	c := defaultFake()
	c.ticks, c.fidEach, c.tickK, c.rich = 100_000, 500, 0.01, true
	f := newFakeRun(tb, tb.TempDir(), "00001-long", c)
	f.hold(tb)
	return f
}

// BenchmarkFrame draws the dashboard of a long run after a change; the target is
// 3 ms and 200 allocations. In tick, each frame has another point.
func BenchmarkFrame(b *testing.B) {
	f := longRun(b)
	s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
	s.load()
	b.Run("same", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.app.Update(tea.PasteMsg{}) // marks the frame stale, changes nothing
			s.app.View()
		}
	})
	b.Run("tick", func(b *testing.B) {
		b.ReportAllocs()
		nimg := int64(1_000_000)
		for b.Loop() {
			nimg += 10
			u := runlog.Update{Rows: []runlog.Row{{Nimg: nimg, Time: epoch, Names: []string{"loss/disc", "loss/gen"}, Values: []float64{1, 1}}}}
			s.app.Update(tui.HistoryMsg(s.app, u))
			s.app.View()
		}
	})
	s.view("curves")
	b.Run("curves", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.app.Update(tea.PasteMsg{})
			s.app.View()
		}
	})
}

// BenchmarkAttach opens a long run: until the first frame with curves in it, the
// target is 150 ms, and until the last one.
func BenchmarkAttach(b *testing.B) {
	f := longRun(b)
	open := func() *screen { return newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"}) }
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			s := open()
			s.app.Update(tui.PollAt(s.app, s.now))
			s.wants("reading the history")
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			s := open()
			s.load()
			s.lacks("reading the history")
		}
	})
}
