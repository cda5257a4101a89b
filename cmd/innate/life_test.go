package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/configs"
	"innate/models/published"
	"innate/trainer/control"
	_ "innate/trainer/data/datatest" // the trainers of tests know its images
	"innate/trainer/run"
)

// TestMain lets the test binary be innate itself, for tests that need processes
// of its own: trainer.Spawn then starts this binary too.
func TestMain(m *testing.M) {
	if os.Getenv("INNATE_TEST_MAIN") != "" {
		main()
	}
	cache, err := os.MkdirTemp("", "innate-cache-")
	if err != nil {
		panic(err)
	}
	os.Setenv(published.Variable, cache) // not that of whoever runs the tests …
	os.Setenv("XDG_CONFIG_HOME", cache)  // … who is told of no alert
	status := m.Run()
	os.RemoveAll(cache)
	os.Exit(status)
}

// tinyRun trains for minutes in steps of milliseconds, with a checkpoint in a
// moment and no FID.
const tinyRun = "name = \"tiny\"\nmethod = \"edm\"\n[run]\nbatch = 4\ntensorboard = false\n[data]\ndataset = \"thumbs\"\n[model]\nmodel_channels = 8\n" +
	"channel_mult = [1, 1, 1]\nattn_resolutions = []\n[live]\ntotal_kimg = 1000.0\ntick_kimg = 0.04\ncheckpoint_kimg = 0.08\n" +
	"fid_kimg = 0.0\nsample_kimg = 0.0\nlayers_kimg = 0.0\n"

// program runs innate as a process in an environment of the test's own.
type program struct {
	t    *testing.T
	runs string
	env  []string
}

func newProgram(t *testing.T) *program {
	t.Helper()
	base, err := os.MkdirTemp("", "p") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	if err := os.WriteFile(filepath.Join(base, "tiny.toml"), []byte(tinyRun), 0o644); err != nil {
		t.Fatal(err)
	}
	runs := filepath.Join(base, "runs")
	env := append(os.Environ(), "INNATE_TEST_MAIN=1", "INNATE_RUNS="+runs, "TMPDIR="+base)
	for _, job := range []string{"SLURM_JOB_ID", "PBS_JOBID", "LSB_JOBID", "JOB_ID", "KUBERNETES_SERVICE_HOST"} {
		env = append(env, job+"=") // the tests themselves may be part of one
	}
	return &program{t, runs, env}
}

func (p *program) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.t.Context(), os.Args[0], args...)
	cmd.Env = p.env
	cmd.Dir = filepath.Dir(p.runs)
	return cmd
}

// run runs one command line to its end.
func (p *program) run(args ...string) (stdout, stderr string, err error) {
	var out, errs strings.Builder
	cmd := p.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func (p *program) must(args ...string) string {
	p.t.Helper()
	out, stderr, err := p.run(args...)
	if err != nil {
		p.t.Fatalf("innate %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr)
	}
	return out
}

// refused runs a command line that must end with status 1 and say want.
func (p *program) refused(want string, args ...string) {
	p.t.Helper()
	out, stderr, err := p.run(args...)
	if err == nil || !strings.Contains(stderr, want) {
		p.t.Errorf("innate %s: %v, %s%s, want %q", strings.Join(args, " "), err, out, stderr, want)
	}
}

// start starts a tiny run, which ends with the test, and waits until it trains.
func (p *program) start(args ...string) (dir string) {
	p.t.Helper()
	dir = strings.TrimSpace(p.must(append([]string{"start", "tiny.toml"}, args...)...))
	p.trains(dir, 1)
	return dir
}

// trains waits until a run has seen n images more than now.
func (p *program) trains(dir string, n int64) run.Status {
	p.t.Helper()
	p.t.Cleanup(func() { p.kill(dir) })
	from := p.status(dir).Nimg
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if s := p.status(dir); s.State == run.StateRunning && s.Nimg >= from+n {
			return s
		}
	}
	said, _ := os.ReadFile(filepath.Join(dir, run.LogFile))
	p.t.Fatalf("%s does not train: %+v\n%s", dir, p.status(dir), said)
	return run.Status{}
}

// status asks the trainer itself, whose answer is newer than its heartbeat.
func (p *program) status(dir string) run.Status {
	p.t.Helper()
	info, err := control.Ask(p.t.Context(), dir)
	if err != nil {
		p.t.Fatal(err)
	}
	return info.Status
}

// kill ends the trainer of a run, if one lives, without a chance to clean up.
func (p *program) kill(dir string) {
	info, err := run.ReadInfo(dir)
	if err == nil && info.Alive && info.Status.PID > 0 {
		_ = syscall.Kill(info.Status.PID, syscall.SIGKILL)
	}
}

// TestLife follows a run through a life: started, refused a second trainer,
// forked, killed, found dead, resumed otherwise, stopped, and deleted.
func TestLife(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start("--threads", "1", "--nice", "1")
	name := filepath.Base(dir)
	if s := p.status(dir); s.Threads != 1 {
		t.Errorf("%d threads, want 1", s.Threads)
	}
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.status(dir).PID)); err == nil {
		_, rest, _ := strings.Cut(string(stat), ") ")
		if nice := strings.Fields(rest)[16]; nice == "0" {
			t.Error("the trainer has niceness 0, want 1 or more")
		}
	}
	p.refused("already running as pid", "train", "--run", dir)
	p.refused("already running as pid", "delete", name, "--yes")
	p.refused("want --yes", "delete", name)
	p.refused("so stop it first", "resume", name, "--threads", "2")

	p.must("checkpoint", name)
	if out, stderr, err := p.run("fork", name, "--set", "live.lr=5e-4", "--name", "slower", "--start", "--threads", "1"); err != nil ||
		!strings.Contains(stderr, "forked from "+name) || !strings.Contains(stderr, "lr 0.001 → 5e-4") && !strings.Contains(stderr, "lr 0.001 → 0.0005") {
		t.Errorf("fork: %v, %s%s", err, out, stderr)
	}
	forked := filepath.Join(p.runs, "00001-slower")
	if s := p.trains(forked, 4); s.Live["lr"] != 5e-4 {
		t.Errorf("the fork's learning rate is %v, want 5e-4", s.Live["lr"])
	}
	if out := p.must("events", "slower"); !strings.Contains(out, "forked from "+name) || !strings.Contains(out, "resumed from") {
		t.Errorf("the fork's events are\n%s", out)
	}
	p.must("stop", "slower")

	p.kill(dir)
	killed := time.Now()
	for p.status(dir).State != run.StateDead {
		if time.Since(killed) > 3*time.Second {
			t.Fatal("three seconds after a kill the run is not seen to be dead")
		}
		time.Sleep(20 * time.Millisecond)
	}
	want := "innate resume " + name + " continues from"
	if out := p.must("status", name); !strings.Contains(out, "dead") || !strings.Contains(out, want) || !strings.Contains(out, "img/s") {
		t.Errorf("status of a dead run lacks its last progress line or %q:\n%s", want, out)
	} else if strings.Contains(out, " left") || strings.Contains(out, "images/s") {
		t.Errorf("a dead run has a speed, or time left:\n%s", out)
	}
	if out := p.must("ls"); !strings.Contains(out, name+" is dead: ") {
		t.Errorf("ls does not say how the run died:\n%s", out)
	}
	p.refused("is dead: ", "status", name, "--watch")

	if out := p.must("resume", name, "--threads", "2"); !strings.HasPrefix(out, name+": continues from ") {
		t.Errorf("resume says %q, want where the run continues", out)
	}
	if s := p.trains(dir, 4); s.Threads != 2 {
		t.Errorf("resumed with %d threads, want 2", s.Threads)
	}
	p.must("stop", name)
	if out := p.must("status", name, "--watch"); !strings.Contains(out, "stopped, ") {
		t.Errorf("watching a stopped run prints %q", out)
	}
	p.must("delete", name, "--yes")
	p.must("delete", "slower", "--yes")
	if out := p.must("ls", "--json"); strings.TrimSpace(out) != "[]" {
		t.Errorf("after deleting both runs: %s", out)
	}
}

// TestSecondRunIsWarned starts a run while another one, in another directory,
// has all cores.
func TestSecondRunIsWarned(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	first := p.start()
	elsewhere := filepath.Join(t.TempDir(), "other")
	out, stderr, err := p.run("start", "tiny.toml", "--out", elsewhere)
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	dir := strings.TrimSpace(out)
	p.trains(dir, 1)
	want := "cores are in use by " + filepath.Base(first) + "; this run will share them"
	if !strings.Contains(stderr, want) {
		t.Errorf("start says %q, want %q", stderr, want)
	}
	if events := p.must("events", dir); !strings.Contains(events, want) {
		t.Errorf("events lack %q:\n%s", want, events)
	}
}

// TestListen starts a run with a TCP address and asks it there.
func TestListen(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.refused("not a loopback address", "train", "tiny.toml", "--listen", "0.0.0.0:0")
	dir := p.start("--listen", "127.0.0.1:0")
	if s := p.status(dir); !strings.HasPrefix(s.Listen, "127.0.0.1:") || strings.HasSuffix(s.Listen, ":0") {
		t.Errorf("the run listens at %q, want a port of 127.0.0.1", s.Listen)
	}
	p.must("stop", dir)
}

// TestSampleNow draws a grid of a run that trains.
func TestSampleNow(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start("--set", "live.sample_kimg=100", "--set", "live.sample_count=4")
	png := strings.TrimSpace(p.must("sample", dir, "--now"))
	if info, err := os.Stat(png); err != nil || info.Size() == 0 || filepath.Dir(filepath.Dir(png)) != dir {
		t.Errorf("got %q, %v, want a picture in %s", png, err, dir)
	}
	p.refused("want --seed alone", "sample", dir, "--now", "--n", "4")
}

// TestForkCommand checks the command line of fork, which trains nothing.
func TestForkCommand(t *testing.T) {
	runs := t.TempDir()
	dir := ok(create(runs, "", "mnist-gdd-i", edits{}))(t)
	for _, tt := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"fork"}, 2, "want one RUN or checkpoint FILE"},
		{[]string{"fork", "7"}, 1, `run "7": none in`},
		{[]string{"fork", "0"}, 1, "no checkpoint yet"},
		{[]string{"fork", "0", "--listen", "127.0.0.1:0"}, 2, "want --start"},
		{[]string{"fork", filepath.Join(dir, "none.safetensors")}, 1, "none.safetensors"},
		{[]string{"delete", "0"}, 2, "want --yes"},
	} {
		status, _, stderr := line(t, append(tt.args, "--runs", runs)...)
		if status != tt.status || !strings.Contains(stderr, tt.want) {
			t.Errorf("%v: status %d, %s, want %d, %q", tt.args, status, stderr, tt.status, tt.want)
		}
	}
}

// TestDeleteAsks deletes on a yes only.
func TestDeleteAsks(t *testing.T) {
	dir := newRun(t)
	var asked string
	for _, yes := range []bool{false, true} {
		var out, errs strings.Builder
		c := &cli{out: &out, err: &errs, getenv: func(string) string { return "" }, ask: func(q string) bool { asked = q; return yes }}
		status := c.main(t.Context(), []string{"delete", dir})
		if gone := !run.IsRun(dir); gone != yes || (status == 0) != yes {
			t.Errorf("answered %v: status %d, %s, gone %v", yes, status, errs.String(), gone)
		}
	}
	if !strings.HasPrefix(asked, "delete "+dir+" (new, 0.0 kimg; ") {
		t.Errorf("asked %q", asked)
	}
}

// TestProcessFlags become settings of the run and its trainer's arguments.
func TestProcessFlags(t *testing.T) {
	runs := t.TempDir()
	status, _, stderr := line(t, "start", "mnist-gdd", "--runs", runs, "--nice", "20")
	if status != 1 || !strings.Contains(stderr, "run.nice: got 20, want in [0, 19]") {
		t.Errorf("--nice 20: status %d, %s", status, stderr)
	}
	var p process
	p.set, p.listen = []string{"run.threads=1", "run.nice=10"}, "127.0.0.1:1"
	dir := ok(create(runs, "", "mnist-gdd", edits{process: p}))(t)
	c := ok(configs.Load(filepath.Join(dir, run.ConfigFile)))(t)
	if c.Run.Threads != 1 || c.Run.Nice != 10 {
		t.Errorf("config has %+v", c.Run)
	}
	if args := ok(json.Marshal(p.args()))(t); string(args) != `["--listen","127.0.0.1:1"]` {
		t.Errorf("arguments %s", args)
	}
}
