package main

import (
	"strings"
	"testing"

	"innate/trainer/run"
)

// TestSpeedKnown wants a speed, and time left, of runs that train alone: the heartbeats
// of others have their last ones. What is not known is left out.
func TestSpeedKnown(t *testing.T) {
	heartbeat := run.Status{Run: "r", Method: "gdd", Nimg: 1300, TotalNimg: 400_000, ImagesPerSec: 9.9, EtaSec: 60, Params: 10, FrozenFraction: 0.5, Kernels: "avx2", Threads: 1}
	for _, c := range []struct {
		state    string
		change   func(*run.Status)
		row      string // of ls
		progress string // of status
		line     string // of status --watch
	}{
		{run.StateRunning, func(*run.Status) {}, "r running 1.3/400 9.9 50.0 % - -", "1.3 of 400 kimg, 9.9 images/s, 1m0s left", "running, 1.3 of 400 kimg, 9.9 images/s"},
		{run.StateRunning, func(s *run.Status) { s.ImagesPerSec, s.EtaSec = 0, 0 }, "r running 1.3/400 - 50.0 % - -", "1.3 of 400 kimg", "running, 1.3 of 400 kimg"},
		{run.StateStarting, func(*run.Status) {}, "r starting 1.3/400 - 50.0 % - -", "1.3 of 400 kimg", "starting, 1.3 of 400 kimg"},
		{run.StateDead, func(*run.Status) {}, "r dead 1.3/400 - 50.0 % - -", "1.3 of 400 kimg", "dead, 1.3 of 400 kimg"},
		{run.StatePaused, func(*run.Status) {}, "r paused 1.3/400 - 50.0 % - -", "1.3 of 400 kimg", "paused, 1.3 of 400 kimg"},
		{run.StateStopped, func(s *run.Status) { s.TotalNimg = 0 }, "r stopped 1.3 - 50.0 % - -", "1.3 kimg", "stopped, 1.3 kimg"},
		{run.StateNew, func(s *run.Status) { *s = run.Status{Run: "r"} }, "r new - - - - -", "", "new"},
	} {
		s := heartbeat
		c.change(&s)
		s.State = c.state
		info := run.Info{Name: "r", Status: s}
		var out strings.Builder
		if err := printRuns(&cli{out: &out}, []run.Info{info}, false); err != nil {
			t.Fatal(err)
		}
		if row := strings.Join(strings.Fields(strings.Split(out.String(), "\n")[1]), " "); row != c.row {
			t.Errorf("%s: ls has %q, want %q", c.state, row, c.row)
		}
		out.Reset()
		printStatus(&out, info)
		got := ""
		for line := range strings.Lines(out.String()) {
			if text, ok := strings.CutPrefix(line, "progress"); ok {
				got = strings.TrimSpace(text)
			}
			if fields := strings.Fields(line); len(fields) < 2 || strings.HasPrefix(fields[1], ",") {
				t.Errorf("%s: status has a row without a value: %q", c.state, line)
			}
		}
		if got != c.progress {
			t.Errorf("%s: status has %q, want %q", c.state, got, c.progress)
		}
		if line := (&watcher{}).line(s); line != c.line {
			t.Errorf("%s: --watch has %q, want %q", c.state, line, c.line)
		}
	}
}
