package machine_test

import (
	"innate/tui/views/machine"

	"errors"
	"strings"
	"testing"
	"time"

	"innate/models/nvml"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestGoldenMachine draws a minute of looks, with a GPU and another run.
func TestGoldenMachine(t *testing.T) {
	tuitest.ResetMachine(1)
	defer tuitest.ResetMachine(0)
	tuitest.GoldenViewAs(t, "machine", "machine-gpu", tuitest.Default(), tui.Options{}, func(s *tuitest.Screen, f *tuitest.Fake) {
		other := tuitest.NewFake(s.TB, "runs", "00002-mnist-edm", tuitest.Default())
		other.Hold(s.TB)
		w, err := runlog.OpenWriter(f.Dir)
		tuitest.Must(s.TB, err)
		defer w.Close()
		for i := range 40 {
			tuitest.Must(s.TB, w.Tick(runlog.Tick{Nimg: int64(64_000 + 250*i), Scalars: map[string]float64{"speed/images_per_sec": 120 + float64(i%7)}}))
		}
		s.Load()
		s.View("machine") // again: the other run is there now
		for range 90 {
			s.Send(tuitest.ViewOf[*machine.View](s).LookAtLoad(0)())
		}
	})
}

// TestMachineBlind looks at a machine that shows nothing, whose driver hangs,
// with a run of which no step was timed.
func TestMachineBlind(t *testing.T) {
	defer tuitest.ResetMachine(0)
	tuitest.Machine.Blind, tuitest.Machine.GPUErr = true, errors.New("nvidia-smi: no answer in\x1b[2J time")
	s, _ := tuitest.Open(t, 120, 40, tuitest.Config{State: "starting", TickK: 1, FidEach: 1}, tui.Options{})
	s.View("machine")
	s.Wants("pid 4121 is not to be seen here", "nvidia-smi: no answer in")
	s.Exact(120, 40)
}

// TestMachineOfTrainer shows the GPU that the trainer tells of, on its own machine,
// in the place of one of the same number here, while there is a trainer.
func TestMachineOfTrainer(t *testing.T) {
	tuitest.ResetMachine(2)
	defer tuitest.ResetMachine(0)
	s, f := tuitest.Open(t, 200, 60, tuitest.Default(), tui.Options{})
	s.View("machine")
	s.Wants("87 %", "41.2 / 85.5 GB  63 °C  NVIDIA H100")
	f.Heartbeat.GPU = &nvml.GPU{Index: 1, Name: "NVIDIA H200", Use: 0.42, MemUsed: 100e9, MemTotal: 141e9, Celsius: 55, Watts: 612, MHz: 1980, MaxMHz: 1980}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Wants("42 %", "100.0 / 141.0 GB  55 °C  612 W  1980", "GPU 0")
	if n := strings.Count(s.Frame(), "GPU "); n != 2 {
		t.Errorf("%d GPUs, want 2\n%s", n, s.Frame())
	}
}

// TestMachineLooks checks that nothing is asked while the view is away, and that
// what was asked before comes too late.
func TestMachineLooks(t *testing.T) {
	defer tuitest.ResetMachine(0)
	now := tuitest.Epoch
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Now: func() time.Time { return now }})
	s.View("machine")
	s.Wants("no GPU", "pid 4121", "load 2.10  1.94  1.72", "12.3 GB free", "this run has the machine to itself")
	late := tuitest.ViewOf[*machine.View](s).LookAtLoad(0)()
	s.View("curves")
	before := s.Frame()
	s.Send(late)
	if s.Frame() != before {
		t.Error("a late answer changed another view")
	}
	now = now.Add(time.Minute)
	s.View("machine")
	s.Wants("1.31 cores") // the third look of all
	old := s.Frame()
	s.Send(late)
	if s.Frame() != old {
		t.Error("the answer to an earlier visit counts")
	}
}

// TestMachineOfRanks lists the processes that train together on two machines.
func TestMachineOfRanks(t *testing.T) {
	tuitest.ResetMachine(0)
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Heartbeat.Ranks = []run.Rank{{Rank: 0, Host: "node1", PID: 4121}, {Rank: 1, Host: "node1", PID: 4122}, {Rank: 2, Host: "node2\x1b[2J", PID: 977}}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.View("machine")
	s.Wants("3 processes", "node1: 4121 4122", "977")
	s.Exact(120, 40)
}
