package tui_test

import (
	"errors"
	"testing"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestFaultPauseReason shows why a run is paused, or writes no checkpoint, above
// the panes, in the list of runs, and in the answer to who pauses it.
func TestFaultPauseReason(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	f.Heartbeat.PauseReason = "no space left on device: write checkpoints/x"
	s.Press("P")
	s.Wants("‖ paused", " paused: no space left on device: write checkpoints/x", "paused; P resumes it: no space left on device")
	f.Heartbeat.State, f.Heartbeat.PauseReason, f.Heartbeat.CheckpointError = run.StateRunning, "", "a loss diverges"
	f.Heartbeat.Seq++
	s.Send(s.App.Run().Ping(0)())
	s.Wants("● running", " no checkpoint is written: a loss diverges")
	s.Lacks("paused: no space")
	f.Heartbeat.State, f.Heartbeat.PauseReason = run.StatePaused, "diverges: loss/gen is not finite"
	f.Heartbeat.Seq++
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Press("esc")
	s.Load()
	s.Wants("paused: diverges: loss/gen is not finite", "no checkpoint is written: a loss diverges")
}

// TestFaultRefusedOrders shows the trainer's reason where it does not do what it
// is asked for, and never that it is done.
func TestFaultRefusedOrders(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	f.Refuse = errors.New("loop: no checkpoint at 64 kimg: no space left on device")
	s.Command("checkpoint")
	s.Wants("no checkpoint at 64 kimg: no space left")
	s.Lacks("checkpoint written")
	f.Refuse = errors.New("loop: not stopped: no space left on device")
	s.Command("stop")
	s.Press("y")
	s.Wants("not stopped: no space left")
	s.Lacks("stopped after")
	f.Refuse = nil
	s.Command("evaluate")
	s.Wants("measured")
	s.Command("checkpoint")
	s.Wants("checkpoint written")
}
