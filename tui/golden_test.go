package tui_test

import (
	"fmt"
	"testing"
	"time"

	"innate/models/nn"
	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestGoldenViews draws every view of a run but the dashboard.
func TestGoldenViews(t *testing.T) {
	for _, name := range tui.ViewNames()[1:] {
		tuitest.GoldenView(t, name, tuitest.Default(), tui.Options{}, nil)
	}
}

func TestGoldenDashboard(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {180, 36}, {60, 18}} {
		name := fmt.Sprintf("run-%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			s, _ := tuitest.Open(t, size[0], size[1], tuitest.Default(), tui.Options{})
			s.Golden(name, size[0], size[1])
		})
	}
}

func TestGoldenASCII(t *testing.T) {
	s, _ := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{ASCII: true})
	s.Golden("run-ascii-80x24", 80, 24)
	for _, r := range s.Frame() {
		if r > 0x7e {
			t.Fatalf("frame has %q (%U), want only ASCII", r, r)
		}
	}
}

func TestGoldenStates(t *testing.T) {
	starting := tuitest.Config{Ticks: 0, TickK: 1, FidEach: 1, State: run.StateStarting}
	dead := tuitest.Default()
	dead.State = run.StateRunning
	cases := []struct {
		name string
		c    tuitest.Config
		then func(*tuitest.Screen, *tuitest.Fake)
		want []string
	}{
		{"starting", starting, nil, []string{"starting", "the graph is being compiled", "no samples yet"}},
		{"dead", dead, func(s *tuitest.Screen, f *tuitest.Fake) { f.Release(); s.Now = s.Now.Add(time.Second); s.Load() },
			[]string{"✗ dead", "the trainer died at 64.0 kimg: r resumes from 60.0 kimg"}},
		{"refused", tuitest.Default(), func(s *tuitest.Screen, f *tuitest.Fake) {
			f.Heartbeat.ConfigError = "config.toml:14: live.gen_lr: -0.0001, want > 0"
			tuitest.Must(s.TB, run.WriteStatus(f.Dir, f.Heartbeat))
			s.Load()
		}, []string{"config.toml:14: live.gen_lr: -0.0001, want > 0 (the old settings keep running)", "● running"}},
		{"paused", tuitest.Config{Ticks: 16, TickK: 1, FidEach: 8, Samples: 1, State: run.StatePaused}, nil, []string{"‖ paused"}},
		{"done", tuitest.Config{Ticks: 100, TickK: 1, FidEach: 8, Samples: 1, State: run.StateDone}, nil, []string{"✓ done", "100 %"}},
		{"new", tuitest.Config{NoFiles: true}, nil, []string{"not started yet"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, f := tuitest.Open(t, 100, 32, c.c, tui.Options{})
			if c.then != nil {
				c.then(s, f)
			}
			s.Wants(c.want...)
			s.Golden("state-"+c.name, 100, 32)
		})
	}
}

func TestGoldenOverlays(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Frozen: frozenBy(nn.FreezePreset)})
	s.Press("p")
	s.Golden("menu-120x40", 120, 40)
	s.Press("esc", "?")
	s.Golden("help-120x40", 120, 40)
	s.Press("esc", "S")
	s.Golden("confirm-120x40", 120, 40)
	s.Press("n", "tab", "tab", "tab", "left", "left", "left", "left", "left", "left", "left", "left")
	s.Golden("cursor-120x40", 120, 40)
	s.Press("tab", "tab", "/", "q", "k", "v")
	s.Golden("filter-120x40", 120, 40)
}
