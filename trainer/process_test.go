package trainer_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

func TestDelete(t *testing.T) {
	dir := create(t)
	for _, name := range []string{
		run.StatusFile, run.LogFile, runlog.MetricsFile, ".config-17.tmp", ".probe-17", "samples/000000004.png",
		"checkpoints/000000004.safetensors", "checkpoints/.000000008.safetensors.tmp123", "checkpoints/best.safetensors",
	} {
		check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	check(t, run.Delete(dir, false))
	left, err := os.ReadDir(filepath.Dir(dir))
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v stay", left, err)
	}
}

// TestDeleteNoConfig removes a run whose config.toml somebody has removed.
func TestDeleteNoConfig(t *testing.T) {
	dir := create(t)
	check(t, run.WriteStatus(dir, run.Status{State: run.StateStopped}))
	lock, err := run.Acquire(dir)
	check(t, err)
	check(t, lock.Release())
	check(t, os.Remove(filepath.Join(dir, run.ConfigFile)))
	check(t, run.Delete(dir, false))
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) != 0 {
		t.Errorf("%v, %v stay", left, err)
	}
}

func TestDeleteRefuses(t *testing.T) {
	intact := func(dir string) {
		t.Helper()
		if _, err := configs.Load(filepath.Join(dir, run.ConfigFile)); err != nil {
			t.Errorf("the run is damaged: %v", err)
		}
	}
	dir := create(t)
	refuse := func(what, dir string, force bool, want string) {
		t.Helper()
		if err := run.Delete(dir, force); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", what, err, want)
		}
	}
	lock, err := run.Acquire(dir)
	check(t, err)
	refuse("running", dir, true, "already running as pid")
	intact(dir)
	check(t, lock.Release())

	link := filepath.Join(filepath.Dir(dir), "00007-link")
	check(t, os.Symlink(dir, link))
	refuse("link", link, true, "a link to")
	intact(dir)
	check(t, os.Remove(link))

	check(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("mine"), 0o644))
	check(t, os.MkdirAll(filepath.Join(dir, "samples", "deep", "er"), 0o755))
	refuse("foreign files", dir, false, "no trainer wrote: samples/deep, thesis.tex")
	intact(dir)

	other := t.TempDir()
	refuse("no run", other, true, "it has no config.toml")
	check(t, os.WriteFile(filepath.Join(other, run.ConfigFile), nil, 0o644))
	refuse("someone's config.toml", other, true, "it has no directory samples")
	refuse("nothing", filepath.Join(other, "none"), true, "no such file")

	check(t, run.Delete(dir, true))
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("forced: got %v, want it gone", err)
	}
}

func TestAdjust(t *testing.T) {
	dir := create(t)
	check(t, trainer.Adjust(dir, map[string]string{"run.threads": "3", "run.nice": "5"}))
	c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil || c.Run.Threads != 3 || c.Run.Nice != 5 {
		t.Errorf("got %+v, %v", c, err)
	}
	if err := trainer.Adjust(dir, map[string]string{"run.threads": "2", "run.nice": "55"}); err == nil {
		t.Error("niceness 55 was taken")
	}
	lock, err := run.Acquire(dir)
	check(t, err)
	if err := trainer.Adjust(dir, map[string]string{"run.threads": "1"}); err == nil || !strings.Contains(err.Error(), "already running") {
		t.Errorf("of a live run: got %v", err)
	}
	check(t, lock.Release())
	if c, err = configs.Load(filepath.Join(dir, run.ConfigFile)); err != nil || c.Run.Threads != 3 {
		t.Errorf("got %d threads, %v, want 3 still", c.Run.Threads, err)
	}
}

// TestOccupancy starts runs beside others and elsewhere on a machine of four.
func TestOccupancy(t *testing.T) {
	running := func(name, state string, threads, pid int) run.Info {
		return run.Info{Dir: "/runs/" + name, Name: name, Alive: true, Status: run.Status{State: state, Threads: threads, PID: pid}}
	}
	me := os.Getpid()
	a, b := running("00000-a", run.StateRunning, 2, me), running("00001-b", run.StateRunning, 1, me)
	dead := running("00002-c", run.StateDead, 4, me)
	dead.Alive = false
	for _, tt := range []struct {
		runs    []run.Info
		threads int
		want    string // "" or a part
	}{
		{nil, 0, ""},
		{[]run.Info{a}, 2, ""},
		{[]run.Info{a, a}, 2, ""}, // found in two ways
		{[]run.Info{a}, 3, "machine: 2 of 4 cores are in use by 00000-a; this run will share them; --threads 2 keeps to the free ones"},
		{[]run.Info{a, b}, 0, "3 of 4 cores are in use by 00000-a, 00001-b; this run will share them; --threads 1 keeps"},
		{[]run.Info{running("x", run.StateStarting, 0, me)}, 1, "4 of 4 cores are in use by x; this run will share them; --nice 10"},
		{[]run.Info{running("x", run.StateRunning, 64, me)}, 1, "4 of 4 cores"},
		{[]run.Info{running("p", run.StatePaused, 4, me), dead}, 4, ""},
		{[]run.Info{running("far", run.StateRunning, 4, 1<<30)}, 4, ""}, // on another machine
		{[]run.Info{running("self", run.StateRunning, 4, me)}, 4, ""},
		{[]run.Info{a, b, running("c", "running", 1, me), running("d", "running", 1, me), running("e", "running", 1, me)}, 1,
			"by 00000-a, 00001-b, c, 2 more;"},
	} {
		got := trainer.OccupancyOf(4, tt.threads, tt.runs, "/runs/self")
		if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
			t.Errorf("%d threads: got %q, want %q", tt.threads, got, tt.want)
		}
	}
}

// TestEnter finds a run in another directory through the registry.
func TestEnter(t *testing.T) {
	base, err := os.MkdirTemp("", "r")
	check(t, err)
	t.Cleanup(func() { os.RemoveAll(base) })
	t.Setenv("TMPDIR", base)

	var said bytes.Buffer
	enter := func(dir string) {
		t.Helper()
		lock, err := run.Acquire(dir)
		check(t, err)
		leave, warning := trainer.Enter(dir, &said)
		if said.String() != "" && said.String() != strings.Join(warning, "\n")+"\n" {
			t.Errorf("said %q and returned %q", said.String(), warning)
		}
		check(t, run.WriteStatus(dir, run.Status{State: run.StateRunning, PID: os.Getpid(), Threads: trainer.Cores()}))
		t.Cleanup(func() { leave(); lock.Release() })
	}
	first, second := create(t), create(t)
	enter(first)
	if said.Len() > 0 {
		t.Errorf("alone: %s", said.String())
	}
	enter(second)
	want := fmt.Sprintf("machine: %d of %[1]d cores are in use by %s; this run will share them", trainer.Cores(), filepath.Base(first))
	if !strings.HasPrefix(said.String(), want) {
		t.Errorf("said %q, want %q", said.String(), want)
	}
	// The log of the run is the trainer's, who must find it as it was left.
	history, err := runlog.ReadAll(second)
	if check(t, err); len(history.Events) > 0 {
		t.Errorf("events %+v, want none", history.Events)
	}
	check(t, os.WriteFile(filepath.Join(second, run.ConfigFile), []byte("rubbish"), 0o644))
	if _, warning := trainer.Enter(second, &said); len(warning) > 0 {
		t.Errorf("rubbish: got %q", warning)
	}
}

// TestRenice raises the niceness of a whole process, in one of its own.
func TestRenice(t *testing.T) {
	if os.Getenv("INNATE_TEST_RENICE") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestRenice$")
		cmd.Env = append(os.Environ(), "INNATE_TEST_RENICE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	before := niceOf(t)
	want := min(19, max(slices.Max(before)+3, 5))
	for range 4 { // have threads
		go func() { select {} }()
	}
	check(t, trainer.Renice(want))
	check(t, trainer.Renice(1)) // never less nice
	for _, n := range niceOf(t) {
		if n != want {
			t.Errorf("a thread has niceness %d, want %d", n, want)
		}
	}
}

// niceOf reads the niceness of every thread of this process.
func niceOf(t *testing.T) (all []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/self/task/*/stat")
	if err != nil || len(stats) == 0 {
		t.Skip("no /proc here")
	}
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(b), ") ")
		n, err := strconv.Atoi(strings.Fields(rest)[16]) // field 19, nice, counting from 1 with pid and name before
		check(t, err)
		all = append(all, n)
	}
	return all
}
