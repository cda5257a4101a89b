package run_test

import (
	"encoding/json"
	"testing"
	"time"

	"innate/trainer/run"
)

// TestFaultOrderBySequence tells the newer of two snapshots, whatever their
// clocks say, and reads those of older trainers, which have no number.
func TestFaultOrderBySequence(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	status := func(instance string, seq int64, when time.Time) run.Status {
		return run.Status{Instance: instance, Seq: seq, Time: when}
	}
	for name, c := range map[string]struct {
		a, b run.Status
		want bool
	}{
		"older, an hour ahead":   {status("x", 1, at.Add(time.Hour)), status("x", 2, at), true},
		"newer, an hour behind":  {status("x", 3, at.Add(-time.Hour)), status("x", 2, at), false},
		"the same":               {status("x", 2, at), status("x", 2, at.Add(time.Hour)), false},
		"another process":        {status("y", 1, at), status("x", 2, at.Add(time.Hour)), false},
		"of an older trainer":    {status("", 0, at), status("", 0, at.Add(time.Hour)), false},
		"after an older trainer": {status("x", 1, at), status("", 0, at.Add(time.Hour)), false},
	} {
		if got := c.a.Before(c.b); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	var old run.Status
	if err := json.Unmarshal([]byte(`{"version":1,"state":"running","pid":7,"nimg":5,"time":"2026-01-02T03:04:05Z"}`), &old); err != nil || old.State != run.StateRunning || old.Seq != 0 {
		t.Errorf("got %+v, %v", old, err)
	}
}

// TestFaultPredecessorsNumber gives the status that is derived for a trainer that
// is starting nothing of its predecessor's number or reasons: it would count as
// older than what the predecessor answered last.
func TestFaultPredecessorsNumber(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	if err := run.WriteStatus(dir, run.Status{State: run.StateRunning, PID: 1, Instance: "x", Seq: 9, PauseReason: "full", CheckpointError: "NaN"}); err != nil {
		t.Fatal(err)
	}
	defer hold(t, dir, "2")()
	info, err := run.ReadInfo(dir)
	if s := info.Status; err != nil || s.State != run.StateStarting || s.Instance != "" || s.Seq != 0 || s.PauseReason != "" || s.CheckpointError != "" {
		t.Errorf("got %+v, %v", s, err)
	}
}
