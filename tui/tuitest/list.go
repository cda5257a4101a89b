package tuitest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/tui"
)

// ListOptions are those of a workbench that can do everything.
func ListOptions() tui.Options {
	return tui.Options{
		RunsDir: "runs", Images: "off",
		Presets: []tui.Preset{{Name: "mnist-gdd-i", About: "one-step student"}, {Name: "mnist-edm", About: "teacher"}},
		Start: func(context.Context, string, []string) (string, string, error) {
			return "", "", errors.New("nothing is started here")
		},
		Ensemble: func(context.Context, string, []string, string) (string, error) {
			return "", errors.New("nothing is queued here")
		},
		Fork: func(context.Context, string, map[string]string) (string, error) {
			return "", errors.New("nothing is forked here")
		},
		Forkable: []string{"name", "run.seed", "run.threads"},
		Delete:   func(_ context.Context, dir string) error { return os.RemoveAll(dir) },
		Resume:   func(context.Context, string) error { return nil },
	}
}

// ThreeRuns makes one run that trains, one that never started and one that is
// done, which isn't as its preset.
func ThreeRuns(tb testing.TB) *Fake {
	tb.Helper()
	done := Default()
	done.State, done.Ticks, done.TickK = run.StateDone, 100, 1
	f := NewFake(tb, "runs", "00001-mnist-gdd", done)
	Must(tb, os.WriteFile(filepath.Join(f.Dir, run.ConfigFile), []byte(strings.Replace(TOML, "fake", "mnist-gdd-i", 1)), 0o644))
	NewFake(tb, "runs", "00002-mnist-gdd", Config{NoFiles: true})
	f = NewFake(tb, "runs", "00003-mnist-gdd-i", Default())
	f.Hold(tb)
	return f
}

// ManyRuns makes thirty runs that differ in everything.
func ManyRuns(tb testing.TB) {
	tb.Helper()
	states := []string{run.StateDone, run.StateStopped, run.StateFailed, run.StateRunning, run.StatePaused}
	for i := range 30 {
		c := Config{Ticks: 24 + 4*(i*7%12), TickK: 1.5, FidEach: 2 + i%3, State: states[i%len(states)]}
		f := NewFake(tb, "runs", fmt.Sprintf("%05d-%s", i, []string{"mnist-gdd-i", "mnist-gdd", "ablation-qkv"}[i%3]), c)
		best, last := 20+float64(i*37%90), 25+float64(i*37%90)+float64(i%4)/3
		f.Heartbeat.BestFID, f.Heartbeat.LastFID = &best, &last
		f.Heartbeat.Time = Epoch.Add(-time.Duration(i*i) * time.Hour)
		f.Heartbeat.ImagesPerSec = 90 + float64(i)
		if i%3 == 1 {
			f.Heartbeat.FreezePreset, f.Heartbeat.FrozenFraction = "none", 0
		}
		Must(tb, run.WriteStatus(f.Dir, f.Heartbeat))
		if c.State == run.StateRunning && i > 20 {
			f.Hold(tb)
		}
	}
}

// OpenList opens the list of the runs that make writes.
func OpenList(t *testing.T, w, h int, opts tui.Options, make func(testing.TB)) *Screen {
	t.Helper()
	t.Chdir(t.TempDir())
	make(t)
	s := New(t, w, h, opts)
	s.Load()
	return s
}

// GoldenSizes compares the present frame with testdata/NAME-WxH.golden in every
// size of ViewSizes.
func (s *Screen) GoldenSizes(name string) {
	s.TB.Helper()
	for _, size := range ViewSizes {
		s.Send(SizeOf(size[0], size[1]))
		s.Golden(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), size[0], size[1])
	}
}
