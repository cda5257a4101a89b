package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer"
	"innate/trainer/run"
)

// onlyAsked leaves a run no checkpoint but those that someone asks for.
var onlyAsked = []string{"--set", "live.checkpoint_kimg=1000"}

// checkpoints waits until a run has a checkpoint at more images than after.
func (p *program) checkpoints(dir string, after int64) run.Status {
	p.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s := p.status(dir); s.CheckpointNimg > after {
			return s
		}
	}
	s := p.status(dir)
	p.t.Fatalf("%s at %d images: the newest checkpoint is at %d, want one after %d", s.State, s.Nimg, s.CheckpointNimg, after)
	return s
}

// ends waits for a trainer in the foreground.
func ends(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(30 * time.Second):
		_ = cmd.Process.Kill()
		return errors.New("still runs after 30 seconds")
	}
}

// wantStopped checks that a run has ended with a checkpoint of all it saw.
func (p *program) wantStopped(dir, events string) {
	p.t.Helper()
	info, err := run.ReadInfo(dir)
	check(p.t, err)
	if s := info.Status; info.Alive || s.State != run.StateStopped || s.CheckpointNimg != s.Nimg {
		p.t.Errorf("alive %v, %s at %d images with a checkpoint at %d, want stopped with one there", info.Alive, s.State, s.Nimg, s.CheckpointNimg)
	}
	if out := p.must("events", dir); !strings.Contains(out, events) {
		p.t.Errorf("events lack %q:\n%s", events, out)
	}
}

// TestFaultSignals sends a detached trainer what a scheduler sends: USR1 and USR2
// make a checkpoint, also of a paused run, and TERM and XCPU end it after one.
func TestFaultSignals(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start(onlyAsked...)
	pid := p.status(dir).PID
	send := func(s syscall.Signal) { t.Helper(); check(t, syscall.Kill(pid, s)) }

	send(syscall.SIGUSR1)
	first := p.checkpoints(dir, 0).CheckpointNimg
	send(syscall.SIGUSR2)
	p.checkpoints(dir, first)
	p.must("pause", dir)
	at := p.status(dir).Nimg
	send(syscall.SIGUSR1)
	if s := p.checkpoints(dir, at-1); s.State != run.StatePaused || s.Nimg != at || s.PID != pid {
		t.Errorf("%s at %d images as pid %d, want the run paused at %d as pid %d", s.State, s.Nimg, s.PID, at, pid)
	}
	for range 100 { // more than anyone waits for
		send(syscall.SIGUSR1)
		send(syscall.SIGUSR2)
	}
	send(syscall.SIGTERM)
	check(t, run.AwaitExit(t.Context(), dir))
	p.wantStopped(dir, "kimg, by SIGTERM")
	if out := p.must("logs", dir, "-n", "10000"); !strings.Contains(out, "SIGUSR2: a checkpoint between two steps\n") || !strings.Contains(out, "SIGTERM: the run ends after a checkpoint\n") {
		t.Errorf("the log does not say what arrived:\n%s", out)
	}

	p.must("resume", dir)
	pid = p.trains(dir, 4).PID
	send(syscall.SIGXCPU)
	check(t, run.AwaitExit(t.Context(), dir))
	p.wantStopped(dir, "kimg, by SIGXCPU")
}

// TestFaultSignalsAtStart sends them to a trainer that has only just said where
// its run is, and has built nothing yet.
func TestFaultSignalsAtStart(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) (*program, *exec.Cmd, string) {
		p := newProgram(t)
		cmd := p.command(append([]string{"train", "tiny.toml"}, onlyAsked...)...)
		out, err := cmd.StdoutPipe()
		check(t, err)
		check(t, cmd.Start())
		dir, err := bufio.NewReader(out).ReadString('\n')
		check(t, err)
		return p, cmd, strings.TrimSpace(dir)
	}
	t.Run("checkpoint", func(t *testing.T) {
		p, cmd, dir := begin(t)
		check(t, cmd.Process.Signal(syscall.SIGUSR1))
		t.Cleanup(func() { p.kill(dir) })
		waitFor(t, "a checkpoint", func() bool { return strings.Contains(p.must("events", dir), "checkpoint at ") })
		check(t, cmd.Process.Signal(syscall.SIGTERM))
		check(t, ends(t, cmd))
	})
	t.Run("end", func(t *testing.T) {
		p, cmd, dir := begin(t)
		check(t, errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Process.Signal(syscall.SIGTERM), cmd.Process.Signal(syscall.SIGINT)))
		if err := ends(t, cmd); err != nil {
			t.Errorf("ends with %v, want status 0", err)
		}
		p.wantStopped(dir, "stopped at 0.0 kimg, by SIG")
	})
}

// TestFaultSignalsWhileMeasuring asks for a checkpoint in the middle of a FID
// evaluation, which the checkpoint takes along.
func TestFaultSignalsWhileMeasuring(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	text := withTinyNetworks(t, t.TempDir(), tinyConfig)
	text = strings.Replace(text, "samples = 600", "samples = 50000", 1)
	text = strings.Replace(text, "total_kimg = 2", "total_kimg = 1000", 1)
	text = strings.Replace(text, "checkpoint_kimg = 0.004", "checkpoint_kimg = 1000", 1)
	dir := filepath.Join(p.runs, "run")
	check(t, os.MkdirAll(p.runs, 0o755))
	check(t, trainer.CreateAt(dir, text, "tiny"))
	p.must("resume", dir) // an evaluation begins before the first step
	pid := p.trains(dir, 4).PID
	check(t, syscall.Kill(pid, syscall.SIGUSR1))
	s := p.checkpoints(dir, 0)
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, run.CheckpointFile(s.CheckpointNimg)))
	check(t, err)
	if !strings.Contains(f.Metadata["progress"], `"eval_done":`) {
		t.Error("the checkpoint holds no evaluation under way")
	}
	check(t, syscall.Kill(pid, syscall.SIGTERM))
	check(t, run.AwaitExit(t.Context(), dir))
	p.wantStopped(dir, "by SIGTERM")
}

// TestFaultOutputStalls trains into a pipe that is full from the beginning, as
// that of a pager or a stopped srun: the run continues, and TERM ends it.
func TestFaultOutputStalls(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := filepath.Join(p.runs, "run")
	check(t, os.MkdirAll(p.runs, 0o755))
	check(t, trainer.CreateAt(dir, strings.Replace(tinyRun, "tick_kimg = 0.04", "tick_kimg = 0.004", 1), "tiny"))
	r, w, err := os.Pipe()
	check(t, err)
	defer r.Close()
	check(t, w.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	for err == nil {
		_, err = w.Write(make([]byte, 4096))
	}
	cmd := p.command("train", "--run", dir)
	cmd.Stdout = w
	check(t, cmd.Start())
	w.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	p.trains(dir, 4*(printerLines+30))
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := ends(t, cmd); err != nil {
		t.Error(err)
	}
	p.wantStopped(dir, "by SIGTERM")
}

// TestFaultOutputClosed trains into a pipe that nobody has ever read.
func TestFaultOutputClosed(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	r, w, err := os.Pipe()
	check(t, err)
	r.Close()
	cmd := p.command("train", "tiny.toml")
	cmd.Stdout = w
	check(t, cmd.Start())
	w.Close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	dir := filepath.Join(p.runs, "00000-tiny")
	waitFor(t, "the run", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the trainer ended: %v", err)
		default:
		}
		return run.IsRun(dir) && p.status(dir).Nimg > 0
	})
	p.must("stop", dir)
	check(t, <-ended)
}

// TestFaultJobIsNamed starts runs as a line of a job's script does: each says
// that Slurm's signals will not arrive, and its epitaph names the job.
func TestFaultJobIsNamed(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.env = append(p.env, "SLURM_JOB_ID=77")
	out, said, err := p.run("start", "tiny.toml")
	check(t, err)
	dir := strings.TrimSpace(out)
	const background = "slurm: job 77: with Slurm's default (proctrack/cgroup) a trainer in the background gets no signal, and is killed when the script ends; "
	if !strings.Contains(said, "innate: "+background) {
		t.Errorf("start says %q, want %q", said, background)
	}
	if s := p.trains(dir, 1); s.Job != "Slurm job 77" {
		t.Errorf("status names job %q", s.Job)
	}
	if events := p.must("events", dir); !strings.Contains(events, background) {
		t.Errorf("events lack %q:\n%s", background, events)
	}
	p.kill(dir)
	check(t, run.AwaitExit(t.Context(), dir))
	p.refused(filepath.Base(dir)+" is dead in Slurm job 77: ", "status", dir, "--watch")
	for _, args := range [][]string{{"ls"}, {"status", dir}} {
		if out := p.must(args...); !strings.Contains(out, "Slurm job 77") {
			t.Errorf("innate %s does not name the job:\n%s", args[0], out)
		}
	}

	cmd := p.command("train", "tiny.toml")
	cmd.Stdout = nil
	var errs strings.Builder
	cmd.Stderr = &errs
	check(t, cmd.Start())
	second := filepath.Join(p.runs, "00001-tiny")
	waitFor(t, "the second run", func() bool { return run.IsRun(second) })
	p.trains(second, 1)
	p.must("stop", second)
	check(t, ends(t, cmd))
	const line = "slurm: job 77: the trainer's parent is "
	if events := p.must("events", second); !strings.Contains(errs.String(), line) || !strings.Contains(events, line) {
		t.Errorf("train says %q, want %q, and its events are\n%s", errs.String(), line, events)
	}
}
