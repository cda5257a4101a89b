package tui_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui"
)

// TestFaultHeartbeatAhead writes one heartbeat an hour ahead of the clock, and
// pauses the run elsewhere: the screen says so, from the file and from the
// trainer's answer, and of an older trainer, whose heartbeats have no number.
func TestFaultHeartbeatAhead(t *testing.T) {
	for name, c := range map[string]struct {
		instance string
		answers  bool
	}{"the file": {"fake", false}, "the answer": {"fake", true}, "an older trainer's file": {"", false}, "an older trainer's answer": {"", true}} {
		t.Run(name, func(t *testing.T) {
			s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
			at := f.status.Time
			beat := func(when time.Time) {
				if f.status.Time = when; c.instance == "" {
					f.status.Instance, f.status.Seq = "", 0
				}
				must(t, run.WriteStatus(f.dir, f.status))
			}
			beat(at.Add(time.Hour))
			s.now = s.now.Add(2 * time.Second)
			s.load()
			s.wants("● running")
			must(t, f.Do(context.Background(), control.Command{Kind: control.KindPause}))
			if c.answers {
				f.status.Time = at.Add(time.Second)
				if c.instance == "" {
					f.status.Instance, f.status.Seq = "", 0
				}
				f.serve(t)
				s.send(tui.PingNow(s.app))
			} else {
				beat(at.Add(time.Second))
				s.now = s.now.Add(2 * time.Second)
				s.load()
			}
			s.wants("‖ paused")
		})
	}
}

// TestFaultHeartbeatByOwnClock tells a trainer that has fallen silent by the
// screen's own clock, however wrong that of the heartbeats is.
func TestFaultHeartbeatByOwnClock(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			now := epoch.Add(10 * time.Minute)
			s, f := openFake(t, 120, 40, defaultFake(), tui.Options{Now: func() time.Time { return now }})
			f.serve(t)
			look := func(after time.Duration, writes bool) {
				now, s.now = now.Add(after), s.now.Add(after)
				if writes {
					f.status.Time, f.status.Seq = now.Add(off), f.status.Seq+1
					must(t, run.WriteStatus(f.dir, f.status))
				}
				s.load()
				s.send(tui.PingNow(s.app))
			}
			look(time.Second, true)
			look(20*time.Second, true)
			s.lacks("no heartbeat")
			look(20*time.Second, false)
			s.wants("no heartbeat for 20s")
			look(time.Second, true)
			s.lacks("no heartbeat")
		})
	}
}

// TestFaultSpeedWithoutClock learns a run's speed although its clock was set
// back by an hour.
func TestFaultSpeedWithoutClock(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	for i := range 6 {
		f.status.Time = epoch.Add(-time.Duration(i) * time.Hour)
		f.status.Nimg += 100
		f.status.Seq++
		f.status.ImagesPerSec = 123
		must(t, run.WriteStatus(f.dir, f.status))
		s.now = s.now.Add(2 * time.Second)
		s.load()
	}
	s.press("a")
	s.wants("123.0 →")
}

// TestFaultTornSample shows why a sample cannot be read, once it has not changed
// for a while, also where the file's time lies an hour ahead.
func TestFaultTornSample(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	path := filepath.Join(f.dir, run.SamplesDir, "000090000.png")
	must(t, os.WriteFile(path, []byte("\x89PNG"), 0o644))
	must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
	s.load()
	s.lacks("000090000.png: ")
	s.now = s.now.Add(10 * time.Second)
	s.load()
	s.wants("000090000.png: ")
}
