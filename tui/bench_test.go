package tui_test

import (
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/tui"
)

// BenchmarkFrame draws the dashboard of a run with 100,000 ticks after a change;
// the target is 3 ms.
func BenchmarkFrame(b *testing.B) {
	c := defaultFake()
	c.ticks, c.fidEach, c.tickK = 100_000, 500, 0.01
	f := newFakeRun(b, b.TempDir(), "00001-long", c)
	s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
	s.load()
	b.ReportAllocs()
	for b.Loop() {
		s.app.Update(tea.PasteMsg{}) // marks the frame stale, changes nothing
		s.app.View()
	}
}

// BenchmarkFirstLoad reads the same history when a dashboard opens.
func BenchmarkFirstLoad(b *testing.B) {
	c := defaultFake()
	c.ticks, c.fidEach, c.tickK = 100_000, 500, 0.01
	f := newFakeRun(b, b.TempDir(), "00001-long", c)
	for b.Loop() {
		s := newScreen(b, 160, 48, tui.Options{RunDir: f.dir, Images: "blocks"})
		s.load()
		s.app.View()
	}
}
