package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// rivals makes three runs with other curves.
func rivals(tb testing.TB) {
	tb.Helper()
	for i, c := range []fakeConfig{
		{ticks: 100, tickK: 1, fidEach: 8, state: run.StateDone},
		{ticks: 60, tickK: 0.5, fidEach: 6, state: run.StateStopped},
		{ticks: 80, tickK: 1, fidEach: 5, state: run.StateDone},
	} {
		newFakeRun(tb, "runs", fmt.Sprintf("0000%d-mnist-gdd-i", i+1), c)
	}
}

func TestOverlayGolden(t *testing.T) {
	s := openList(t, 80, 24, listOptions(), rivals)
	s.press("v", "o")
	s.goldenSizes("overlay")
	s.send(sizeOf(120, 40))
	s.press("t", "left", "left", "left")
	s.golden("overlay-time-120x40", 120, 40)
}

func TestOverlayFollows(t *testing.T) {
	s := openList(t, 160, 50, listOptions(), rivals)
	s.press("v", "o")
	s.wants("overlay of runs", "─ › FID(mnist-cnn)", "#3", "#1", "gen loss", "disc loss")
	s.lacks("lr") // only what runs are compared by
	w, err := runlog.OpenWriter(filepath.Join("runs", "00001-mnist-gdd-i"))
	must(t, err)
	defer w.Close()
	must(t, w.Tick(runlog.Tick{Nimg: 108_000, Time: epoch.Add(time.Hour), Scalars: map[string]float64{"fid": 3.125, "loss/gen": 0.5}}))
	s.load()
	s.wants("#1 3.125")
	must(t, w.Resume(50_000, time.Now(), "resumed")) // what came after no longer counts
	s.load()
	s.lacks("3.125")

	s.press("enter")
	s.lacks("gen loss")
	s.press("esc") // all charts again
	s.wants("gen loss")
	must(t, os.RemoveAll(filepath.Join("runs", "00002-mnist-gdd-i")))
	s.load()
	s.exact(160, 50)
	s.press("T", "y", "x", "s", "+", "left", "b", "tab")
	s.exact(160, 50)
	s.press("esc", "esc", "esc")
	s.wants("─ Runs ─")
}

func TestOverlayLimits(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), manyRuns)
	s.press("v", "o")
	s.wants("overlay: 30 runs are marked, want at most 12")
	s.press("v", "o")
	s.wants("one run; space marks others")
	s.press("esc")
	s.press("space", "space", "space", "space", "space", "space", "o")
	s.exact(120, 40)
	s.wants("━a", "━f") // more than there are colours
}

// TestOverlayNothing lays over each other runs that have logged nothing.
func TestOverlayNothing(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), func(tb testing.TB) {
		newFakeRun(tb, "runs", "00001-a", fakeConfig{noFiles: true})
		newFakeRun(tb, "runs", "b", fakeConfig{noFiles: true})
		newFakeRun(tb, "runs", "00001-c", fakeConfig{noFiles: true})
	})
	s.press("v", "o")
	s.wants("no evaluation and no loss logged yet", "00001-a", "● new")
	s.press("left", "+", "t", "enter", "y")
	s.exact(120, 40)
}
