package events_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// die ends the fake trainer, with a last word in its log.
func die(f *tuitest.Fake, s *tuitest.Screen, words string) {
	s.TB.Helper()
	if words != "" {
		tuitest.Must(s.TB, os.WriteFile(filepath.Join(f.Dir, run.LogFile), []byte(words), 0o644))
	}
	f.Release()
	s.Now = s.Now.Add(time.Second)
	s.Load()
}

const panicked = "== trainer started 2026-11-20\ngraph compiled\npanic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n"

// TestGoldenEvents draws one kind of events, the one under the cursor whole, and
// the end of a run.
func TestGoldenEvents(t *testing.T) {
	tuitest.GoldenViewAs(t, "events", "events-dead", tuitest.Default(), tui.Options{}, func(s *tuitest.Screen, f *tuitest.Fake) {
		f.Change(s, runlog.Freeze, 655, "freeze.preset", `"none"`, `"gdd-i"`, "freeze.freeze", "[]", `["dec.28x28_*", "dec.14x14_block0.conv0.weight"]`)
		die(f, s, panicked)
		s.Wants("kimg, r resumes from 60.0 kimg; its last word: ")
	})
}

func TestEventsView(t *testing.T) {
	s, f := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	s.View("events")
	s.Wants("following", "all 20", "◆ fid 16")
	s.Press("tab", "tab")
	s.Lacks("froze dec", "checkpoint at")
	s.Press("/")
	s.Type("422")
	s.Press("enter")
	s.Wants("›09:30:40", "422.1", "/422")
	s.Press("enter")
	s.Wants("Event", "2026-11-20 09:30:40", "4.0 kimg")
	s.Press("y")
	s.Wants("copied event FID(mnist-cnn) 422.1")
	s.Press("esc", "esc", "esc")
	s.Wants("froze dec", "›7 events")
	s.Press("home", "down", "g")
	s.Wants("›2 curves")
	s.View("events")
	f.Change(s, runlog.Config, 900, "live.gen_lr", "1", "2")
	s.Wants("2 of 21")
	s.Press("G")
	s.Wants("following", "›09:45:00")
	s.Press("m")
	s.Send(tuitest.Click(s.Find("◆ fid 16")))
	s.Lacks("froze dec")
	s.Send(tuitest.Click(s.Find("all 21")))
	x, y := s.Find("✎ live.gen_lr")
	s.Send(tuitest.Click(x, y))
	s.Send(tuitest.Click(x, y))
	s.Wants("✎ config", "what", "2026-11-20 09:36:20")
	s.Send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	s.Exact(80, 24)
}

// TestDead tells how a trainer ended, and forgets it when another runs.
func TestDead(t *testing.T) {
	s, f := tuitest.Open(t, 100, 32, tuitest.Default(), tui.Options{})
	s.View("events")
	die(f, s, "step 1\ncannot write: no space\x1b[2J left on device\n")
	s.Wants("Last words of the trainer", "cannot write: no space?[2J left on device", "resumes from the checkpoint at 60.0 kimg")
	s.View("dashboard")
	s.Wants("kimg, r resumes from 60.0 kimg; its last word: cannot write")
	f.Hold(t)
	f.Heartbeat.Time = f.Heartbeat.Time.Add(time.Minute)
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Lacks("cannot write")
	die(f, s, strings.Repeat("x", 2<<20))
	s.View("events")
	s.Exact(100, 32)
	s.Send(tuitest.SizeOf(40, 10))
	s.Exact(40, 10)
}

// TestFaultDeadJob names the job that a trainer died in.
func TestFaultDeadJob(t *testing.T) {
	s, f := tuitest.Open(t, 120, 32, tuitest.Default(), tui.Options{})
	f.Heartbeat.Job = "Slurm job 123\x1b[2J"
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	die(f, s, "slurmstepd: no\n")
	s.Wants("the trainer died in Slurm job 123 at 64.0 kimg, r resumes from 60.0 kimg; its last word: slurmstepd: no")
}

// TestQueued says which job a run waits for.
func TestQueued(t *testing.T) {
	s, f := tuitest.Open(t, 120, 32, tuitest.Default(), tui.Options{})
	tuitest.Must(t, run.WriteJob(f.Dir, run.Job{Scheduler: run.Slurm, ID: "123_4"}))
	die(f, s, "")
	s.Wants("queued: Slurm job 123_4")
	s.Lacks("resumes from")
}
