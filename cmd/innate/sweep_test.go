package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/trainer/sweep/queue"
)

// plannedSweep makes the directory of an ensemble of two seeds, and the first of its runs.
func plannedSweep(t *testing.T, runs string) (dir string, p *sweep.Plan, first string) {
	t.Helper()
	c := &cli{runs: runs, out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	s := ok(c.plan(&sweep.File{Name: "x", Seeds: []uint64{1, 2}}, "method = 'edm'\nname = 'x'\n"))(t)
	s.Peak = 1 // nothing is to foretell it
	check(t, s.save(c))
	first = filepath.Join(runs, s.RunName(s.Points[0], 1))
	check(t, queue.Create(s.Plan, first, s.Points[0], 1))
	return s.dir, s.Plan, first
}

// TestSweepByPath: the path of a sweep's directory names that one, and not another of its
// name.
func TestSweepByPath(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "A"), filepath.Join(t.TempDir(), "B")
	_, _, runA := plannedSweep(t, a)
	dirB, _, runB := plannedSweep(t, b)
	t.Setenv("INNATE_RUNS", a)
	for _, path := range []string{filepath.Join(filepath.Dir(a), "x.sweep"), filepath.Join(filepath.Dir(a), "x")} {
		if status, _, said := line(t, "sweep", "delete", "--yes", path); status != 1 || !strings.Contains(said, "none in "+filepath.Dir(a)) {
			t.Errorf("%s: status %d, %s, want that there is none", path, status, said)
		}
	}
	if status, _, said := line(t, "sweep", "delete", "--yes", dirB); status != 0 {
		t.Errorf("status %d: %s", status, said)
	}
	if !run.IsRun(runA) || run.IsRun(runB) {
		t.Errorf("left: %t of A, %t of B; want A's run alone", run.IsRun(runA), run.IsRun(runB))
	}
}

// TestSweepFinish: trainers whose queue was killed come to their end, and a queue that
// trains what a job of Slurm left can be paused like any other.
func TestSweepFinish(t *testing.T) {
	runs := t.TempDir()
	dir, p, first := plannedSweep(t, runs)
	trainer := ok(run.Acquire(first))(t)
	defer trainer.Release()
	if status, _, said := line(t, "--runs", runs, "sweep", "pause", "--finish", "x"); status != 0 || sweep.Wished(dir) != sweep.PauseLater {
		t.Errorf("status %d, wish %q: %s", status, sweep.Wished(dir), said)
	}
	check(t, sweep.Pause(dir, sweep.NoPause))
	p.Job = "12"
	check(t, p.Write(dir))
	if status, _, said := line(t, "--runs", runs, "sweep", "pause", "--finish", "x"); status != 1 || !strings.Contains(said, "scancel 12") {
		t.Errorf("of Slurm: status %d: %s", status, said)
	}
	lock := ok(run.Acquire(filepath.Join(dir, sweep.QueueDir)))(t)
	defer lock.Release()
	if status, _, said := line(t, "--runs", runs, "sweep", "pause", "--finish", "x"); status != 0 || sweep.Wished(dir) != sweep.PauseLater {
		t.Errorf("of a queue after Slurm: status %d, wish %q: %s", status, sweep.Wished(dir), said)
	}
	if status, _, said := line(t, "--runs", runs, "sweep", "resume", "x"); status != 0 || sweep.Wished(dir) != sweep.NoPause {
		t.Errorf("resume before that: status %d, wish %q: %s", status, sweep.Wished(dir), said)
	}
	if status, _, said := line(t, "--runs", runs, "sweep", "resume", "x"); status != 1 || !strings.Contains(said, run.ErrRunning.Error()) {
		t.Errorf("resume once more: status %d: %s", status, said)
	}
}
