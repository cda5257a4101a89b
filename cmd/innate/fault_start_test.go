package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultResumeAfterKill resumes a run at once when its trainer has been
// killed, while the kernel still ends it.
func TestFaultResumeAfterKill(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start("--threads", "1")
	for range 3 {
		s := p.trains(dir, 1)
		check(t, syscall.Kill(s.PID, syscall.SIGKILL))
		if _, stderr, err := p.run("resume", dir); err != nil {
			t.Fatalf("resume right after a kill: %v, %s", err, stderr)
		}
		if now := p.trains(dir, 1); now.PID == s.PID {
			t.Errorf("still pid %d", now.PID)
		}
	}
	s := p.status(dir)
	check(t, syscall.Kill(s.PID, syscall.SIGKILL))
	p.must("resume", dir, "--threads", "2")
	if s := p.trains(dir, 1); s.Threads != 2 {
		t.Errorf("resumed with %d threads, want 2", s.Threads)
	}
}

// TestFaultFreshRunBesideABusyOne begins, and does not begin again.
func TestFaultFreshRunBesideABusyOne(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.start()
	out := filepath.Join(t.TempDir(), "other")
	said := p.must("train", "tiny.toml", "--out", out, "--kimg", "0.02")
	if events := p.must("events", out); strings.Contains(events, "begins again") || !strings.Contains(events, "cores are in use") {
		t.Errorf("events\n%s\nafter\n%s", events, said)
	}
	if b := ok(os.ReadFile(filepath.Join(out, runlog.MetricsFile)))(t); strings.Contains(string(b), `"nimg":-1`) {
		t.Errorf("the metrics begin at -1:\n%s", b)
	}
}

// TestFaultListenUsed resumes a stopped run on a port that is in use: it stays
// stopped.
func TestFaultListenUsed(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	busy := p.start("--threads", "1", "--listen", "127.0.0.1:0")
	dir := p.start("--threads", "1")
	p.must("stop", dir)
	p.refused("address already in use", "resume", dir, "--listen", p.status(busy).Listen)
	if s := p.status(dir); s.State != run.StateStopped {
		t.Errorf("the run is %s, want stopped", s.State)
	}
	if events := p.must("events", dir); !strings.Contains(events, "not started: control: listen 127.0.0.1:") {
		t.Errorf("events\n%s", events)
	}
}

// TestFaultStartLeavesNothing names a network that does not exist.
func TestFaultStartLeavesNothing(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	for _, command := range []string{"start", "train", "demo"} {
		args := []string{command, "--runs", runs, "--set", "model.init=builtin:nope"}
		if command != "demo" {
			args = append(args, "mnist-gdd-i")
		}
		status, _, stderr := line(t, args...)
		if status != 1 || !strings.Contains(stderr, `model.init: weights: nothing built in is called "nope"`) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %s", command, status, stderr)
		}
	}
	if _, err := os.Stat(runs); !os.IsNotExist(err) {
		t.Errorf("left %s: %v", runs, err)
	}
}

// TestFaultConfigBesideItsFiles starts a run from a configuration whose files lie
// beside it.
func TestFaultConfigBesideItsFiles(t *testing.T) {
	base := t.TempDir()
	t.Setenv("HOME", base)
	t.Chdir(base)
	folder := filepath.Join(base, "exp")
	check(t, os.Mkdir(folder, 0o755))
	text := withTinyNetworks(t, folder, deskRun)
	check(t, os.WriteFile(filepath.Join(folder, "mine.toml"), []byte(strings.ReplaceAll(text, folder+"/", "")), 0o644))
	for _, name := range []string{"exp/mine.toml", "./exp/../exp/mine.toml", "~/exp/mine.toml"} {
		dir := ok(create("runs", "", name, edits{set: []string{"disc.features=exp/cnn.safetensors"}}))(t)
		c := ok(configs.Load(filepath.Join(dir, run.ConfigFile)))(t)
		for key, ref := range c.Files() {
			if _, err := os.Stat(configs.Locate(dir, ref)); err != nil || !strings.HasPrefix(ref, "inputs/") {
				t.Errorf("%s: %s = %s: %v", name, key, ref, err)
			}
		}
	}
}
