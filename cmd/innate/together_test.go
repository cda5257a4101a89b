package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestTogetherLosesOne trains with two processes of --procs and kills the second: the
// run fails within seconds, says who is gone, and two go on from its checkpoint until a
// signal to the second ends the run for both.
func TestTogetherLosesOne(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start("--procs", "2")
	s := p.until(dir, "a checkpoint", func(s run.Status) bool { return s.CheckpointNimg > 0 && len(s.Ranks) == 2 })
	if _, err := os.Stat(filepath.Join(dir, run.RanksFile)); err == nil {
		t.Errorf("%s is left", run.RanksFile)
	}
	check(t, syscall.Kill(s.Ranks[1].PID, syscall.SIGKILL))
	start := time.Now()
	s = p.until(dir, "the end", func(s run.Status) bool { return s.State == run.StateFailed })
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("the end came after %v", took)
	}
	if !strings.Contains(s.Error, "rank 1 (pid") || !strings.Contains(s.Error, "is gone") {
		t.Errorf("the run failed of %q, want that rank 1 is gone", s.Error)
	}

	p.must("resume", dir)
	s = p.trains(dir, 40)
	check(t, syscall.Kill(s.Ranks[1].PID, syscall.SIGTERM))
	p.until(dir, "the end by a signal", func(s run.Status) bool { return s.State == run.StateStopped })
	history, err := runlog.ReadAll(dir)
	check(t, err)
	last := history.Events[len(history.Events)-1]
	if last.Kind != runlog.Stop || !strings.Contains(last.Text, "by SIGTERM at rank 1") {
		t.Errorf("the last event is %q, want a stop by the signal of rank 1", last.Text)
	}
}

// until waits for a status.
func (p *program) until(dir, what string, ok func(run.Status) bool) (s run.Status) {
	p.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s = p.status(dir); ok(s) {
			return s
		}
	}
	said, _ := os.ReadFile(filepath.Join(dir, run.LogFile))
	p.t.Fatalf("waited a minute for %s; status %+v\n%s", what, s, said)
	return s
}
