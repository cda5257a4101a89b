package tui_test

import (
	"errors"
	"testing"
	"time"

	"innate/trainer/runlog"
	"innate/tui"
)

// TestGoldenMachine draws a minute of looks, with a GPU and another run.
func TestGoldenMachine(t *testing.T) {
	tui.ResetMachine(1)
	defer tui.ResetMachine(0)
	goldenViewAs(t, "machine", "machine-gpu", defaultFake(), tui.Options{}, func(s *screen, f *fakeRun) {
		other := newFakeRun(s.tb, "runs", "00002-mnist-edm", defaultFake())
		other.hold(s.tb)
		w, err := runlog.OpenWriter(f.dir)
		must(s.tb, err)
		defer w.Close()
		for i := range 40 {
			must(s.tb, w.Tick(runlog.Tick{Nimg: int64(64_000 + 250*i), Scalars: map[string]float64{"speed/images_per_sec": 120 + float64(i%7)}}))
		}
		s.load()
		s.view("machine") // again: the other run is there now
		for range 90 {
			s.send(tui.LookAtLoad(s.app))
		}
	})
}

// TestMachineBlind looks at a machine that shows nothing, whose driver hangs,
// with a run of which no step was timed.
func TestMachineBlind(t *testing.T) {
	defer tui.ResetMachine(0)
	tui.Machine.Blind, tui.Machine.GPUErr = true, errors.New("nvidia-smi: no answer in\x1b[2J time")
	s, _ := openFake(t, 120, 40, fakeConfig{state: "starting", tickK: 1, fidEach: 1}, tui.Options{})
	s.view("machine")
	s.wants("pid 4121 is not to be seen here", "nvidia-smi: no answer in")
	s.exact(120, 40)
}

// TestMachineLooks checks that nothing is asked while the view is away, and that
// what was asked before comes too late.
func TestMachineLooks(t *testing.T) {
	defer tui.ResetMachine(0)
	now := epoch
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{Now: func() time.Time { return now }})
	s.view("machine")
	s.wants("no GPU", "pid 4121", "load 2.10  1.94  1.72", "12.3 GB free", "this run has the machine to itself")
	late := tui.LookAtLoad(s.app)
	s.view("curves")
	before := s.frame()
	s.send(late)
	if s.frame() != before {
		t.Error("a late answer changed another view")
	}
	now = now.Add(time.Minute)
	s.view("machine")
	s.wants("1.31 cores") // the third look of all
	old := s.frame()
	s.send(late)
	if s.frame() != old {
		t.Error("the answer to an earlier visit counts")
	}
}
