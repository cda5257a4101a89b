package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/sweep"
)

// someRuns is a sweep of four short runs.
const someRuns = "base = \"tiny.toml\"\nseeds = 2\n[set]\nlive.total_kimg = 1.6\nlive.keep_checkpoints = 1\n" +
	"[[axis]]\nkey = \"live.lr\"\nvalues = [1e-3, 2e-3]\n"

// bothWithRuns are two machines that have the file of that sweep, some.toml.
func bothWithRuns(t *testing.T) (one, other *program) {
	t.Helper()
	if os.Getenv("INNATE_E2E") == "" {
		t.Skip("set INNATE_E2E=1 to run")
	}
	one, other = newProgram(t), newProgram(t)
	for _, p := range []*program{one, other} {
		check(t, os.WriteFile(filepath.Join(filepath.Dir(p.runs), "some.toml"), []byte(someRuns), 0o644))
	}
	return one, other
}

// TestE2ESweep pauses a sweep, kills its queue and its trainers, then its queue alone,
// and resumes it every time: the runs end as those that nobody disturbed.
func TestE2ESweep(t *testing.T) {
	calm, p := bothWithRuns(t)
	if out := calm.must("sweep", "some.toml", "--foreground"); !strings.Contains(out, "finish 4 runs done") {
		t.Fatalf("undisturbed: %s", out)
	}

	dir := sweep.Dir(p.runs, "some")
	t.Cleanup(func() { p.endSweep(dir) })
	p.must("sweep", "some.toml")
	p.awaitSweep(dir, "a run that trains", func(g sweep.Group) bool { return seen(g) > 100 })
	if out := p.must("sweep", "pause", "some"); !strings.Contains(out, "some: paused") {
		t.Errorf("pause: %s", out)
	}
	g := p.sweep(dir)
	if _, alive, err := sweep.Queue(dir); alive || err != nil || g.State != sweep.StatePaused || len(living(g)) != 0 {
		t.Errorf("paused: queue alive %t, %v, %s, trainers %v; want no process", alive, err, g.State, living(g))
	}

	p.must("sweep", "some.toml") // the same command again
	at := seen(g)
	g = p.awaitSweep(dir, "progress after the pause", func(g sweep.Group) bool { return seen(g) > at+200 && len(living(g)) > 0 })
	pid, _, err := sweep.Queue(dir)
	check(t, err)
	for _, victim := range append([]int{pid}, living(g)...) {
		check(t, syscall.Kill(victim, syscall.SIGKILL))
	}
	p.awaitSweep(dir, "a dead queue", func(g sweep.Group) bool { return g.State == sweep.StateDead && len(living(g)) == 0 })

	p.must("sweep", "resume", "some")
	p.awaitSweep(dir, "a run that trains again", func(g sweep.Group) bool { return len(living(g)) > 0 })
	pid, _, err = sweep.Queue(dir)
	check(t, err)
	check(t, syscall.Kill(pid, syscall.SIGKILL)) // its trainers go on
	p.awaitSweep(dir, "a dead queue", func(g sweep.Group) bool { return g.State == sweep.StateDead })
	p.must("sweep", "resume", "some")
	p.awaitSweep(dir, "the end", func(g sweep.Group) bool { return g.State == sweep.StateDone })

	if out := p.must("sweep", "ls"); !strings.Contains(out, "4/4") {
		t.Errorf("ls: %s", out)
	}
	for _, lr := range []string{"0.001", "0.002"} {
		for seed := 1; seed <= 2; seed++ {
			name := filepath.Join(fmt.Sprintf("some-lr-%s-seed%d", lr, seed), run.CheckpointsDir, run.CheckpointFile(1600))
			want, err := os.ReadFile(filepath.Join(calm.runs, name))
			check(t, err)
			got, err := os.ReadFile(filepath.Join(p.runs, name))
			check(t, err)
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs from that of the sweep that nobody disturbed", name)
			}
		}
	}
}

// TestE2ESweepRecords does a sweep on two machines: what the records of the first say is
// done is not trained on the second, whose table is the same.
func TestE2ESweepRecords(t *testing.T) {
	there, here := bothWithRuns(t)
	there.must("sweep", "some.toml", "--foreground")
	lines := strings.SplitAfter(there.must("sweep", "results", "some", "--format", "records"), "\n")
	if len(lines) != 5 {
		t.Fatalf("records: %q, want four", lines)
	}
	some, all := filepath.Join(t.TempDir(), "some.jsonl"), filepath.Join(t.TempDir(), "all.jsonl")
	check(t, os.WriteFile(some, []byte(strings.Join(lines[:3], "")), 0o644))
	check(t, os.WriteFile(all, []byte(strings.Join(lines, "")), 0o644))

	want := there.must("sweep", "results", "some")
	if got := here.must("sweep", "results", "some.toml", "--with", all); got != want {
		t.Errorf("of records alone:\n%s\nwant\n%s", got, want)
	}
	if out := here.must("sweep", "some.toml", "--with", some, "--foreground"); !strings.Contains(out, "finish 4 runs done") || strings.Count(out, " start ") != 1 {
		t.Errorf("with three records: %s, want one run trained", out)
	}
	infos, err := run.List(here.runs)
	check(t, err)
	if out := here.must("sweep", "ls"); len(infos) != 1 || !strings.Contains(out, "4/4") {
		t.Errorf("%d runs in the list, %s", len(infos), out)
	}
	name := filepath.Join(infos[0].Name, run.CheckpointsDir, run.CheckpointFile(1600))
	a, err := os.ReadFile(filepath.Join(there.runs, name))
	check(t, err)
	b, err := os.ReadFile(filepath.Join(here.runs, name))
	check(t, err)
	if !bytes.Equal(a, b) {
		t.Errorf("%s differs from that of the other machine", name)
	}
}

func (p *program) sweep(dir string) sweep.Group {
	p.t.Helper()
	plan, err := sweep.ReadPlan(dir)
	if err != nil {
		p.t.Fatal(err)
	}
	return sweep.Of(dir, plan)
}

// awaitSweep waits until a sweep is as it should be.
func (p *program) awaitSweep(dir, what string, is func(sweep.Group) bool) sweep.Group {
	p.t.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if g := p.sweep(dir); is(g) {
			return g
		}
	}
	said, _ := os.ReadFile(filepath.Join(dir, sweep.QueueLog))
	p.t.Fatalf("no %s: %+v\n%s", what, p.sweep(dir), said)
	return sweep.Group{}
}

// endSweep kills what a test that failed has left.
func (p *program) endSweep(dir string) {
	if pid, alive, err := sweep.Queue(dir); err == nil && alive && pid > 0 {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, pid := range living(p.sweep(dir)) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// living are the pids of a sweep's trainers.
func living(g sweep.Group) (pids []int) {
	for _, m := range g.Points {
		for _, s := range m.Runs {
			if s.Info.Alive && s.Info.Status.PID > 0 {
				pids = append(pids, s.Info.Status.PID)
			}
		}
	}
	return pids
}

// seen is the images that all runs of a sweep have seen, by their heartbeats.
func seen(g sweep.Group) (nimg int64) {
	for _, m := range g.Points {
		for _, s := range m.Runs {
			nimg += s.Info.Status.Nimg
		}
	}
	return nimg
}
