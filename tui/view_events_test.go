package tui_test

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
)

// die ends the fake trainer, with a last word in its log.
func (f *fakeRun) die(s *screen, words string) {
	s.tb.Helper()
	if words != "" {
		must(s.tb, os.WriteFile(filepath.Join(f.dir, run.LogFile), []byte(words), 0o644))
	}
	f.release()
	s.now = s.now.Add(time.Second)
	s.load()
}

const panicked = "== trainer started 2026-11-20\ngraph compiled\npanic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n"

// TestGoldenEvents draws one kind of events, the one under the cursor whole, and
// the end of a run.
func TestGoldenEvents(t *testing.T) {
	goldenViewAs(t, "events", "events-dead", defaultFake(), tui.Options{}, func(s *screen, f *fakeRun) {
		f.change(s, runlog.Freeze, 655, "freeze.preset", `"none"`, `"gdd-i"`, "freeze.freeze", "[]", `["dec.28x28_*", "dec.14x14_block0.conv0.weight"]`)
		f.die(s, panicked)
		s.wants("kimg, r resumes from 60.0 kimg; its last word: ")
	})
}

func TestEventsView(t *testing.T) {
	s, f := openFake(t, 80, 24, defaultFake(), tui.Options{})
	s.view("events")
	s.wants("following", "all 20", "◆ fid 16")
	s.press("tab", "tab")
	s.lacks("froze dec", "checkpoint at")
	s.press("/")
	s.typed("422")
	s.press("enter")
	s.wants("›09:30:40", "422.1", "/422")
	s.press("enter")
	s.wants("Event", "2026-11-20 09:30:40", "4.0 kimg")
	s.press("y")
	s.wants("copied event FID(mnist-cnn) 422.1")
	s.press("esc", "esc", "esc")
	s.wants("froze dec", "›7 events")
	s.press("home", "down", "g")
	s.wants("›2 curves")
	s.view("events")
	f.change(s, runlog.Config, 900, "live.gen_lr", "1", "2")
	s.wants("2 of 21")
	s.press("G")
	s.wants("following", "›09:45:00")
	s.press("m")
	s.send(click(s.find("◆ fid 16")))
	s.lacks("froze dec")
	s.send(click(s.find("all 21")))
	x, y := s.find("✎ live.gen_lr")
	s.send(click(x, y))
	s.send(click(x, y))
	s.wants("✎ config", "what", "2026-11-20 09:36:20")
	s.send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	s.exact(80, 24)
}

// TestDead tells how a trainer ended, and forgets it when another runs.
func TestDead(t *testing.T) {
	s, f := openFake(t, 100, 32, defaultFake(), tui.Options{})
	s.view("events")
	f.die(s, "step 1\ncannot write: no space\x1b[2J left on device\n")
	s.wants("Last words of the trainer", "cannot write: no space?[2J left on device", "resumes from the checkpoint at 60.0 kimg")
	s.view("dashboard")
	s.wants("kimg, r resumes from 60.0 kimg; its last word: cannot write")
	f.hold(t)
	f.status.Time = f.status.Time.Add(time.Minute)
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.lacks("cannot write")
	f.die(s, strings.Repeat("x", 2<<20))
	s.view("events")
	s.exact(100, 32)
	s.send(sizeOf(40, 10))
	s.exact(40, 10)
}

// TestFaultDeadJob names the job that a trainer died in.
func TestFaultDeadJob(t *testing.T) {
	s, f := openFake(t, 120, 32, defaultFake(), tui.Options{})
	f.status.Job = "Slurm job 123\x1b[2J"
	must(t, run.WriteStatus(f.dir, f.status))
	f.die(s, "slurmstepd: no\n")
	s.wants("the trainer died in Slurm job 123 at 64.0 kimg, r resumes from 60.0 kimg; its last word: slurmstepd: no")
}
