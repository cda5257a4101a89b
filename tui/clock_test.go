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
	"innate/tui/tuitest"
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
			s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
			at := f.Heartbeat.Time
			heartbeat := func(when time.Time) {
				if f.Heartbeat.Time = when; c.instance == "" {
					f.Heartbeat.Instance, f.Heartbeat.Seq = "", 0
				}
				tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
			}
			heartbeat(at.Add(time.Hour))
			s.Now = s.Now.Add(2 * time.Second)
			s.Load()
			s.Wants("● running")
			tuitest.Must(t, f.Do(context.Background(), control.Command{Kind: control.KindPause}))
			if c.answers {
				f.Heartbeat.Time = at.Add(time.Second)
				if c.instance == "" {
					f.Heartbeat.Instance, f.Heartbeat.Seq = "", 0
				}
				f.Serve(t)
				s.Send(s.App.Run().Ping(0)())
			} else {
				heartbeat(at.Add(time.Second))
				s.Now = s.Now.Add(2 * time.Second)
				s.Load()
			}
			s.Wants("‖ paused")
		})
	}
}

// TestFaultHeartbeatByOwnClock tells a trainer that has fallen silent by the
// screen's own clock, however wrong that of the heartbeats is.
func TestFaultHeartbeatByOwnClock(t *testing.T) {
	for name, off := range map[string]time.Duration{"ahead": time.Hour, "behind": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			now := tuitest.Epoch.Add(10 * time.Minute)
			s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Now: func() time.Time { return now }})
			f.Serve(t)
			look := func(after time.Duration, writes bool) {
				now, s.Now = now.Add(after), s.Now.Add(after)
				if writes {
					f.Heartbeat.Time, f.Heartbeat.Seq = now.Add(off), f.Heartbeat.Seq+1
					tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
				}
				s.Load()
				s.Send(s.App.Run().Ping(0)())
			}
			look(time.Second, true)
			look(20*time.Second, true)
			s.Lacks("no heartbeat")
			look(20*time.Second, false)
			s.Wants("no heartbeat for 20s")
			look(time.Second, true)
			s.Lacks("no heartbeat")
		})
	}
}

// TestFaultTornSample shows why a sample cannot be read, once it has not changed
// for a while, also where the file's time lies an hour ahead.
func TestFaultTornSample(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	path := filepath.Join(f.Dir, run.SamplesDir, "000090000.png")
	tuitest.Must(t, os.WriteFile(path, []byte("\x89PNG"), 0o644))
	tuitest.Must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)))
	s.Load()
	s.Lacks("000090000.png: ")
	s.Now = s.Now.Add(10 * time.Second)
	s.Load()
	s.Wants("000090000.png: ")
}
