package tui_test

import (
	"errors"
	"testing"

	"innate/trainer/run"
	"innate/tui"
)

// TestFaultPauseReason shows why a run is paused, or writes no checkpoint, above
// the panes, in the list of runs, and in the answer to who pauses it.
func TestFaultPauseReason(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	f.serve(t)
	f.status.PauseReason = "no space left on device: write checkpoints/x"
	s.press("P")
	s.wants("‖ paused", " paused: no space left on device: write checkpoints/x", "paused; P lets it go on: no space left on device")
	f.status.State, f.status.PauseReason, f.status.CheckpointError = run.StateRunning, "", "a loss diverges"
	f.status.Seq++
	s.send(tui.PingNow(s.app))
	s.wants("● running", " no checkpoint is written: a loss diverges")
	s.lacks("paused: no space")
	f.status.State, f.status.PauseReason = run.StatePaused, "diverges: loss/gen is not finite"
	f.status.Seq++
	must(t, run.WriteStatus(f.dir, f.status))
	s.press("esc")
	s.load()
	s.wants("paused: diverges: loss/gen is not finite", "no checkpoint is written: a loss diverges")
}

// TestFaultRefusedOrders shows the trainer's reason where it does not do what it
// is asked for, and never that it is done.
func TestFaultRefusedOrders(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	f.serve(t)
	f.refuse = errors.New("loop: no checkpoint at 64 kimg: no space left on device")
	s.command("checkpoint")
	s.wants("no checkpoint at 64 kimg: no space left")
	s.lacks("checkpoint written")
	f.refuse = errors.New("loop: not stopped: no space left on device")
	s.command("stop")
	s.press("y")
	s.wants("not stopped: no space left")
	s.lacks("stopped after")
	f.refuse = nil
	s.command("evaluate")
	s.wants("measured")
	s.command("checkpoint")
	s.wants("checkpoint written")
}
