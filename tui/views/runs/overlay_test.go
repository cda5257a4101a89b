package runs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/tuitest"
)

// rivals makes three runs with other curves.
func rivals(tb testing.TB) {
	tb.Helper()
	for i, c := range []tuitest.Config{
		{Ticks: 100, TickK: 1, FidEach: 8, State: run.StateDone},
		{Ticks: 60, TickK: 0.5, FidEach: 6, State: run.StateStopped},
		{Ticks: 80, TickK: 1, FidEach: 5, State: run.StateDone},
	} {
		tuitest.NewFake(tb, "runs", fmt.Sprintf("0000%d-mnist-gdd-i", i+1), c)
	}
}

func TestOverlayGolden(t *testing.T) {
	s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), rivals)
	s.Press("v", "o")
	s.GoldenSizes("overlay")
	s.Send(tuitest.SizeOf(120, 40))
	s.Press("t", "left", "left", "left")
	s.Golden("overlay-time-120x40", 120, 40)
}

func TestOverlayFollows(t *testing.T) {
	s := tuitest.OpenList(t, 160, 50, tuitest.ListOptions(), rivals)
	s.Press("v", "o")
	s.Wants("overlay of runs", "─ › FID(mnist-cnn)", "#3", "#1", "gen loss", "disc loss")
	s.Lacks("lr") // only what runs are compared by
	w, err := runlog.OpenWriter(filepath.Join("runs", "00001-mnist-gdd-i"))
	tuitest.Must(t, err)
	defer w.Close()
	tuitest.Must(t, w.Tick(runlog.Tick{Nimg: 108_000, Time: tuitest.Epoch.Add(time.Hour), Scalars: map[string]float64{"fid": 3.125, "loss/gen": 0.5}}))
	s.Load()
	s.Wants("#1 3.125")
	tuitest.Must(t, w.Resume(50_000, time.Now(), "resumed")) // what came after no longer counts
	s.Load()
	s.Lacks("3.125")

	s.Press("enter")
	s.Lacks("gen loss")
	s.Press("esc") // all charts again
	s.Wants("gen loss")
	tuitest.Must(t, os.RemoveAll(filepath.Join("runs", "00002-mnist-gdd-i")))
	s.Load()
	s.Exact(160, 50)
	s.Press("T", "y", "x", "s", "+", "left", "b", "tab")
	s.Exact(160, 50)
	s.Press("esc", "esc", "esc")
	s.Wants("─ Runs ─")
}

func TestOverlayLimits(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), tuitest.ManyRuns)
	s.Press("v", "o")
	s.Wants("overlay: 30 curves are chosen, want at most 12")
	s.Press("v", "o")
	s.Wants("one run; space marks others")
	s.Press("esc")
	s.Press("space", "space", "space", "space", "space", "space", "o")
	s.Exact(120, 40)
	s.Wants("━a", "━f") // more than there are colours
}

// TestOverlayNothing lays over each other runs that have logged nothing.
func TestOverlayNothing(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) {
		tuitest.NewFake(tb, "runs", "00001-a", tuitest.Config{NoFiles: true})
		tuitest.NewFake(tb, "runs", "b", tuitest.Config{NoFiles: true})
		tuitest.NewFake(tb, "runs", "00001-c", tuitest.Config{NoFiles: true})
	})
	s.Press("v", "o")
	s.Wants("no evaluation and no loss logged yet", "00001-a", "● new")
	s.Press("left", "+", "t", "enter", "y")
	s.Exact(120, 40)
}
