package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"innate/configs"
	"innate/trainer/cluster"
	"innate/trainer/run"
)

// slurmStandIn puts commands before all others on the path, each the body of a
// script, and returns a folder in which they may leave files, $OUT to them.
func slurmStandIn(t *testing.T, commands map[string]string) (out string) {
	t.Helper()
	bin, out := t.TempDir(), t.TempDir()
	for name, body := range commands {
		check(t, os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("OUT", out)
	return out
}

// submitted runs a command line in a folder of runs.
func submitted(t *testing.T, runs string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return line(t, append([]string{"submit", "--runs", runs}, args...)...)
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestSubmit follows a run from its submission to its end, as lists show it.
func TestSubmit(t *testing.T) {
	out := slurmStandIn(t, map[string]string{"sbatch": "cat >$OUT/script; echo 12", "squeue": `cat "$OUT/squeue"`, "sacct": "exit 1"})
	squeue := func(lines string) {
		t.Helper()
		check(t, os.WriteFile(filepath.Join(out, "squeue"), []byte(lines), 0o644))
	}
	squeue("12|PENDING||0:00|Priority")
	runs := t.TempDir()
	status, said, stderr := submitted(t, runs, "mnist-gdd-i", "--slurm", "--cpus", "3", "--set", "live.gen_lr=1e-4")
	dir := filepath.Join(runs, "00000-mnist-gdd-i")
	if status != 0 || said != "Slurm job 12  "+dir+"\n" {
		t.Fatalf("status %d, %q, %s", status, said, stderr)
	}
	script, err := os.ReadFile(filepath.Join(out, "script"))
	check(t, err)
	if !strings.Contains(string(script), " train --run "+dir+" --requeue\n") || !strings.Contains(string(script), "--cpus-per-task=3\n") {
		t.Errorf("sbatch got\n%s", script)
	}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	if cfg.Run.Threads != 3 || cfg.Live.GenLR != 1e-4 {
		t.Errorf("got %d threads, rate %g", cfg.Run.Threads, cfg.Live.GenLR)
	}

	_, said, _ = line(t, "ls", "--runs", runs)
	if !strings.Contains(said, "00000-mnist-gdd-i  queued ") || !strings.Contains(said, "00000-mnist-gdd-i is queued: Slurm job 12 pending (Priority)\n") {
		t.Errorf("ls: %s", said)
	}
	_, said, _ = line(t, "status", dir, "--json")
	var s run.Status
	check(t, json.Unmarshal([]byte(said), &s))
	if s.State != run.StateQueued || s.Job != "Slurm job 12" || s.JobState != "pending (Priority)" {
		t.Errorf("status: %s", said)
	}
	for _, args := range [][]string{{"resume", dir}, {"delete", dir, "--yes"}, {"submit", "--run", dir, "--slurm"}} {
		status, _, stderr := line(t, args...)
		if want := "innate: 00000-mnist-gdd-i: Slurm job 12 is pending (Priority): want it ended first, by scancel 12\n"; status != 1 || stderr != want {
			t.Errorf("%s: status %d, %q", args[0], status, stderr)
		}
	}

	check(t, run.WriteStatus(dir, run.Status{State: run.StateRunning, Job: "Slurm job 12", CheckpointNimg: 1500}))
	squeue("12|TIMEOUT|n1|1:00|None")
	_, said, _ = line(t, "ls", "--runs", runs)
	if !strings.Contains(said, "00000-mnist-gdd-i is dead in Slurm job 12, timed out: ") {
		t.Errorf("ls: %s", said)
	}
	status, said, stderr = line(t, "submit", "--run", dir, "--slurm", "--time", "1:00:00")
	if status != 0 || said != "Slurm job 12  "+dir+"\n" {
		t.Errorf("submitted again: status %d, %q, %s", status, said, stderr)
	}
	check(t, run.WriteStatus(dir, run.Status{State: run.StateDead, Job: "Slurm job 12"}))
	squeue("garbage\n")
	if status, _, stderr := line(t, "delete", dir, "--yes"); status != 0 {
		t.Errorf("delete: status %d, %s", status, stderr)
	}
}

// TestSubmitRefused: whatever refuses, in one line, leaves nothing behind.
func TestSubmitRefused(t *testing.T) {
	slurmStandIn(t, map[string]string{"sbatch": `echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2; exit 1`})
	base := t.TempDir()
	runs := filepath.Join(base, "runs")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"mnist-edm --slurm", 1, "slurm: sbatch: QOSMaxSubmitJobPerUserLimit"},
		{"mnist-edm --slurm --seeds 1-3", 1, "slurm: sbatch: QOSMaxSubmitJobPerUserLimit"},
		{"mnist-edm --slurm --time 2", 1, "slurm: --time 2: the run stops 2m0s before its end"},
		{"mnist-edm --slurm --gpus 1", 2, "submit: --gpus 1: the run computes on the processor, want --device cuda"},
		{"mnist-edm --slurm --ranks 7", 1, "run.batch: 64 images over 7 processes, want a multiple of their number"},
		{"mnist-edm --kubernetes --ranks 2", 2, "submit: --ranks is for --slurm"},
		{"mnist-edm --slurm --set live.lr=-1", 1, "live.lr"},
		{"mnist-edm --slurm --seeds 3-1", 2, `submit: --seeds: got "3-1"`},
		{"mnist-edm --slurm --seeds 1-2 --set run.seed=3", 2, "submit: got --seeds and --set run.seed"},
		{"mnist-edm --slurm --seeds 1-2 --out x", 2, "submit: --out is for one run, got 2"},
		{"mnist-edm --slurm --seeds 0-999 --set live.lr=1e-4 --set live.lr=2e-4", 2, "submit: got 2000 runs and more, want at most 1000"},
		{"mnist-edm --slurm --image x", 2, "submit: --image is for --kubernetes"},
		{"mnist-edm --slurm --grace 1ms", 2, "submit: --grace: got 1ms"},
		{"mnist-edm", 2, "submit: want --slurm or --kubernetes"},
		{"--slurm", 2, "submit: got 0 arguments, want one CONFIG"},
		{"--run 0 mnist-edm --slurm", 2, "submit --run: continues a run as it is"},
		{"mnist-edm --kubernetes --claim runs", 1, `kubernetes: --image: got ""`},
		{"mnist-edm --kubernetes --partition p", 2, "submit: --partition is for --slurm"},
		{"mnist-edm --kubernetes --gpus a100:1 --device cuda", 2, `submit: --gpus: got "a100:1", want a whole number`},
		{"mnist-gdd --kubernetes --set disc.features=" + base + "/mine.safetensors", 1, "which a pod does not see: want builtin:NAME, or a path below /runs"},
	} {
		status, out, stderr := submitted(t, runs, strings.Fields(c.args)...)
		if status != c.status || out != "" || !strings.Contains(stderr, c.want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%s: status %d, %q, %q; want %d and %q", c.args, status, out, stderr, c.status, c.want)
		}
		if left := entries(t, runs); len(left) > 0 {
			t.Fatalf("%s: left %q", c.args, left)
		}
	}
	t.Setenv("PATH", t.TempDir())
	if status, _, stderr := submitted(t, runs, "mnist-edm", "--slurm"); status != 1 || stderr != "innate: slurm: sbatch: not on the path: there is no Slurm here; --dry-run prints the script\n" {
		t.Errorf("without Slurm: status %d, %q", status, stderr)
	}
	if left := entries(t, runs); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

// TestSubmitRanks has several processes train a run, as tasks of srun, which has the
// time limit's signal go to all of them.
func TestSubmitRanks(t *testing.T) {
	status, script, stderr := submitted(t, t.TempDir(), strings.Fields("mnist-edm --slurm --ranks 4 --cpus 2 --dry-run")...)
	for _, want := range []string{"--ntasks=4\n", "--cpus-per-task=2\n", "--signal=USR1@120\n", "\nexec srun --ntasks=4 --cpus-per-task=2 "} {
		if status != 0 || !strings.Contains(script, want) {
			t.Errorf("status %d, %s%s; want %q", status, script, stderr, want)
		}
	}
}

// TestSubmitUncertain keeps runs whose job may be in the queue.
func TestSubmitUncertain(t *testing.T) {
	slurmStandIn(t, map[string]string{"sbatch": "echo thank you"})
	runs := t.TempDir()
	status, _, stderr := submitted(t, runs, "mnist-edm", "--slurm")
	if status != 1 || !strings.Contains(stderr, `got "thank you", want a job's id: it may be submitted all the same: squeue --me --name=mnist-edm tells`) {
		t.Errorf("status %d, %q", status, stderr)
	}
	if left := entries(t, runs); len(left) != 1 {
		t.Errorf("left %q, want the run", left)
	}
}

// TestSubmitSweep makes a run for each seed and value, trained by tasks of one job.
func TestSubmitSweep(t *testing.T) {
	out := slurmStandIn(t, map[string]string{"sbatch": "cat >$OUT/script; echo 12"})
	runs := t.TempDir()
	args := strings.Fields("mnist-edm --slurm --seeds 4,6-7 --set live.lr=1e-4 --set live.lr=2e-4 --kimg 5 --at-once 2")
	status, dry, stderr := submitted(t, runs, append(args, "--dry-run")...)
	if left := entries(t, runs); status != 0 || len(left) > 0 {
		t.Fatalf("dry run: status %d, %s, left %q", status, stderr, left)
	}
	status, said, stderr := submitted(t, runs, args...)
	if status != 0 || strings.Count(said, "\n") != 6 || !strings.HasSuffix(said, "Slurm job 12_5  "+filepath.Join(runs, "00005-mnist-edm")+"\n") {
		t.Fatalf("status %d, %s%s", status, said, stderr)
	}
	if script, _ := os.ReadFile(filepath.Join(out, "script")); string(script) != dry || !strings.Contains(dry, "#SBATCH --array=0-5%2\n") {
		t.Errorf("sbatch got\n%s\nthe dry run printed\n%s", script, dry)
	}
	var got []string
	for _, name := range entries(t, runs) {
		cfg, err := configs.Load(filepath.Join(runs, name, run.ConfigFile))
		check(t, err)
		job := run.ReadJob(filepath.Join(runs, name))
		got = append(got, strings.Join([]string{job.ID, number(new(float64(cfg.Run.Seed))), number(new(1e4 * cfg.Live.LR)), number(new(cfg.Live.TotalKimg))}, " "))
	}
	if want := []string{"12_0 4.0 1.0 5.0", "12_1 6.0 1.0 5.0", "12_2 7.0 1.0 5.0", "12_3 4.0 2.0 5.0", "12_4 6.0 2.0 5.0", "12_5 7.0 2.0 5.0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSubmitManifest writes a manifest to a file, and makes no run.
func TestSubmitManifest(t *testing.T) {
	runs, file := t.TempDir(), filepath.Join(t.TempDir(), "job.yaml")
	status, said, stderr := submitted(t, runs, "mnist-edm", "--kubernetes", "--image", "me/innate:1", "--claim", "runs", "--seeds", "1,2", "-o", file)
	text, err := os.ReadFile(file)
	if status != 0 || said != "" || err != nil {
		t.Fatalf("status %d, %q, %s, %v", status, said, stderr, err)
	}
	for _, want := range []string{"kind: Job\n", `- "/runs/innate-mnist-edm-2"`, "seed        = 2", "terminationGracePeriodSeconds: 120\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if left := entries(t, runs); len(left) > 0 {
		t.Errorf("made %q", left)
	}
}

// TestRequeue sends a trainer in a job what its scheduler sends. USR1 in a job of
// Slurm has it queued again, after a checkpoint beyond the one that it began with;
// TERM does not. A pod that is told to end says by its status that it is not done.
func TestRequeue(t *testing.T) {
	out := slurmStandIn(t, map[string]string{"scontrol": `echo "$@" >>$OUT/asked; [ -z "$REFUSE" ] || { echo "slurm_requeue error: Access denied" >&2; exit 1; }`})
	p := newProgram(t)
	asked := func() string {
		b, _ := os.ReadFile(filepath.Join(out, "asked"))
		return string(b)
	}
	dir := filepath.Join(p.runs, "run")
	train := func(signal syscall.Signal, env ...string) (int, string) {
		t.Helper()
		cmd := p.command(append([]string{"train", "tiny.toml", "--out", dir, "--requeue"}, onlyAsked...)...)
		cmd.Env = append(cmd.Env, env...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = &said, &said
		check(t, cmd.Start())
		at := int64(0)
		waitFor(t, "the run", func() bool { return run.HasConfig(dir) })
		if list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir)); err == nil && len(list) > 0 {
			at = list[0].Nimg
		}
		waitFor(t, "steps", func() bool { s := p.status(dir); return s.PID == cmd.Process.Pid && s.Nimg > at })
		check(t, cmd.Process.Signal(signal))
		_ = ends(t, cmd)
		return cmd.ProcessState.ExitCode(), said.String()
	}
	check(t, os.MkdirAll(p.runs, 0o755))

	status, said := train(syscall.SIGUSR1, "SLURM_JOB_ID=12")
	if status != 0 || asked() != "requeue 12\n" || !strings.Contains(said, "SIGUSR1: Slurm job 12 is queued again\n") {
		t.Errorf("USR1: status %d, asked %q, said %s", status, asked(), said)
	}
	p.wantStopped(dir, "kimg, by SIGUSR1")
	status, said = train(syscall.SIGTERM, "SLURM_JOB_ID=12")
	if status != 0 || asked() != "requeue 12\n" || !strings.Contains(p.must("events", dir), "resumed from the checkpoint") {
		t.Errorf("TERM: status %d, asked %q, said %s", status, asked(), said)
	}
	status, said = train(syscall.SIGUSR1, "SLURM_JOB_ID=12", "REFUSE=1")
	if status != 1 || !strings.Contains(said, "innate: Slurm job 12: not queued again: slurm: scontrol: slurm_requeue error: Access denied\n") {
		t.Errorf("refused: status %d, said %s", status, said)
	}
	status, said = train(syscall.SIGTERM, "KUBERNETES_SERVICE_HOST=10.0.0.1", "HOSTNAME=pod-1")
	if status != cluster.Again || !strings.Contains(said, "kimg: another pod is to resume it\n") {
		t.Errorf("in a pod: status %d, said %s", status, said)
	}
	p.wantStopped(dir, "kimg, by SIGTERM")

	// At once, before a step: it would begin again for ever.
	cmd := p.command("train", "--run", dir, "--requeue")
	cmd.Env = append(cmd.Env, "SLURM_JOB_ID=12")
	stderr, err := os.Create(filepath.Join(out, "stderr"))
	check(t, err)
	cmd.Stderr = stderr
	check(t, cmd.Start())
	waitFor(t, "the lock", func() bool { _, held, err := run.Holder(dir); return held && err == nil })
	check(t, cmd.Process.Signal(syscall.SIGUSR1))
	_ = ends(t, cmd)
	text, err := os.ReadFile(stderr.Name())
	check(t, err)
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(text), "Slurm job 12: not queued again: it made no step") {
		t.Errorf("at once: %v, %s", cmd.ProcessState, text)
	}
}

// TestRequeueWaits: a job that begins again waits for the trainer of its last life.
func TestRequeueWaits(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start(onlyAsked...)
	cmd := p.command("train", "--run", dir, "--requeue")
	stderr, err := cmd.StderrPipe()
	check(t, err)
	check(t, cmd.Start())
	b := make([]byte, 200)
	n, _ := stderr.Read(b)
	if want := ": its lock is held, by pid "; !strings.Contains(string(b[:n]), want) {
		t.Errorf("got %q, want %q", b[:n], want)
	}
	old := p.status(dir).PID
	check(t, syscall.Kill(old, syscall.SIGKILL))
	waitFor(t, "the new trainer", func() bool { s := p.status(dir); return s.PID == cmd.Process.Pid && s.State == run.StateRunning })
	check(t, cmd.Process.Signal(syscall.SIGTERM))
	if err := ends(t, cmd); err != nil {
		t.Error(err)
	}
}
