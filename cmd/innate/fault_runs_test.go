package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/run"
)

// twinRuns makes two directories of runs, A and B, that both hold a
// 00000-mnist-gdd-i; B is where INNATE_RUNS points.
func twinRuns(t *testing.T) (a, b string) {
	t.Helper()
	base := t.TempDir()
	a, b = filepath.Join(base, "A"), filepath.Join(base, "B")
	for _, runs := range []string{a, b} {
		ok(create(runs, "", "mnist-gdd-i", edits{}))(t)
	}
	t.Setenv("INNATE_RUNS", b)
	return a, b
}

// TestFaultName sets the name of a new run as any other setting.
func TestFaultName(t *testing.T) {
	dir := ok(create(t.TempDir(), "", "mnist-gdd-i", edits{set: []string{"name=my-exp"}}))(t)
	if got := filepath.Base(dir); got != "00000-my-exp" {
		t.Errorf("the run is %s, want 00000-my-exp", got)
	}
	if c := ok(configs.Load(filepath.Join(dir, run.ConfigFile)))(t); c.Name != "my-exp" {
		t.Errorf("config.toml names %s, want my-exp", c.Name)
	}
	dir = ok(create("", filepath.Join(t.TempDir(), "out"), "mnist-gdd-i", edits{set: []string{"name=my-exp"}}))(t)
	if c := ok(configs.Load(filepath.Join(dir, run.ConfigFile)))(t); c.Name != "my-exp" {
		t.Errorf("--out: config.toml names %s, want my-exp", c.Name)
	}
}

// TestFaultRunsFlag gives --runs before and behind a command.
func TestFaultRunsFlag(t *testing.T) {
	a, b := twinRuns(t)
	ok(create(a, "", "mnist-edm", edits{}))(t)
	for _, args := range [][]string{{"ls", "--runs", a}, {"--runs", a, "ls"}, {"--runs=" + a, "ls"}, {"--runs", b, "ls", "--runs", a}} {
		if status, out, stderr := line(t, args...); status != 0 || !strings.Contains(out, "00001-mnist-edm") {
			t.Errorf("%v: status %d, %s%s, want 00001-mnist-edm", args, status, out, stderr)
		}
	}
	if status, _, stderr := line(t, "--nonsense"); status != 2 || !strings.Contains(stderr, "nonsense") {
		t.Errorf("--nonsense: status %d, %s, want 2", status, stderr)
	}
}

// TestFaultHint tells how to resume a run in words that work: the name alone
// would lead to another run.
func TestFaultHint(t *testing.T) {
	a, b := twinRuns(t)
	_, out, _ := line(t, "status", "0", "--runs", a)
	if want := "innate resume " + filepath.Join(a, "00000-mnist-gdd-i") + " begins"; !strings.Contains(out, want) {
		t.Errorf("got\n%s\nwant %q", out, want)
	}
	_, out, _ = line(t, "status", "0", "--runs", b)
	if want := "innate resume 00000-mnist-gdd-i begins"; !strings.Contains(out, want) {
		t.Errorf("got\n%s\nwant %q", out, want)
	}
	if got := reference("/a b/it's"); got != `'/a b/it'\''s'` {
		t.Errorf("got %s, want it as a shell takes it", got)
	}
}

// TestFaultWorkbenchRuns lists the runs of the directory that was named, and
// starts and forks there.
func TestFaultWorkbenchRuns(t *testing.T) {
	a, b := twinRuns(t)
	inA, inB := filepath.Join(a, "00000-mnist-gdd-i"), filepath.Join(b, "00000-mnist-gdd-i")
	for _, tt := range []struct{ dir, flag, want string }{
		{"", "", b},
		{"", a, a},
		{inA, a, a},
		{inB, "", b},
		{inA, "", a}, // opened by its path
		{inA, b, b},
	} {
		if got := listedRuns(tt.dir, tt.flag); got != tt.want {
			t.Errorf("open %s --runs %q lists %s, want %s", tt.dir, tt.flag, got, tt.want)
		}
	}
	c := &cli{getenv: os.Getenv}
	opts := ok(workbenchOptions(c, inA, a))(t)
	if opts.RunsDir != a || opts.RunDir != inA {
		t.Errorf("the workbench has %s and %s", opts.RunsDir, opts.RunDir)
	}
}

// TestFaultTrainRun continues a run by its number, and leaves nothing where
// there is none.
func TestFaultTrainRun(t *testing.T) {
	a, _ := twinRuns(t)
	empty := t.TempDir()
	if status, _, stderr := line(t, "train", "--run", empty); status != 1 || !strings.Contains(stderr, "a directory, want a run") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if left := ok(os.ReadDir(empty))(t); len(left) > 0 {
		t.Errorf("train --run of an empty directory left %v there", left)
	}
	lock := filepath.Join(a, "00000-mnist-gdd-i", run.LockFile)
	check(t, os.WriteFile(lock, nil, 0o444))
	check(t, os.Remove(lock))
	check(t, os.Mkdir(lock, 0o755)) // so that it fails at once
	if status, _, stderr := line(t, "train", "--run", "0", "--runs", a); status != 1 || !strings.Contains(stderr, lock) {
		t.Errorf("status %d, %s, want one that names %s", status, stderr, lock)
	}
}

// TestFaultDashes names a run that begins with a dash.
func TestFaultDashes(t *testing.T) {
	runs := t.TempDir()
	for _, name := range []string{"-a", "--b"} {
		check(t, os.Rename(ok(create(runs, "", "mnist-gdd-i", edits{}))(t), filepath.Join(runs, name)))
	}
	for _, name := range []string{"-a", "--b"} {
		if status, out, stderr := line(t, "status", "--runs", runs, "--", name); status != 0 || !strings.Contains(out, name) {
			t.Errorf("status -- %s: status %d, %s%s", name, status, out, stderr)
		}
	}
	if status, _, stderr := line(t, "export", "--runs", runs, "--", "-a", "-b.safetensors"); status != 1 || !strings.Contains(stderr, "no checkpoint yet") {
		t.Errorf("status %d, %s, want it to look for a checkpoint", status, stderr)
	}
}

// TestFaultE2EOpenElsewhere opens a run beside another one of its name, goes back
// to the list and deletes: it is the one that was open. --runs alone opens the
// workbench there.
func TestFaultE2EOpenElsewhere(t *testing.T) {
	d := newDesk(t)
	a := filepath.Join(filepath.Dir(d.runs), "A")
	inA := ok(create(a, "", "mnist-gdd-i", edits{}))(t)
	inB := ok(create(d.runs, "", "mnist-gdd-i", edits{}))(t)
	d.write("innate open 0 --runs A")
	d.press("enter")
	d.wants(`innate  00000-mnist-gdd-i`)
	d.press("esc")
	d.wants(`\s1 run\s`)
	d.press("d")
	d.wants(`Delete 00000-mnist-gdd-i`)
	d.press("y")
	if !d.sees(`no runs yet`) || run.IsRun(inA) || !run.IsRun(inB) {
		t.Errorf("A's run is there: %v, the other: %v, want the one deleted that was open:\n%s", run.IsRun(inA), run.IsRun(inB), d.screen())
	}
	d.press("q")
	d.wants(`\$\s*$`)
	d.write("clear; innate --runs A")
	d.press("enter")
	d.wants(`no runs yet`)
	d.press("q")
	d.wants(`\$\s*$`)
}

// TestFaultWritesOutside refuses to write over the checkpoints of a run, and to
// make a run of a directory that holds runs.
func TestFaultWritesOutside(t *testing.T) {
	a, _ := twinRuns(t)
	folder := filepath.Join(a, "00000-mnist-gdd-i", run.CheckpointsDir)
	target := filepath.Join(folder, "000000064.safetensors")
	if err := os.WriteFile(target, []byte("a checkpoint"), 0o644); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"export", "builtin:mnist-teacher", target},
		{"export", "builtin:mnist-teacher", filepath.Join(link, "best.safetensors")},
		{"sample", "builtin:mnist-teacher", "--n", "1", "--steps", "2", "--threads", "1", "--out", target},
	} {
		if status, _, stderr := line(t, args...); status != 1 || !strings.Contains(stderr, "lies among the checkpoints of 00000-mnist-gdd-i, want a file elsewhere") {
			t.Errorf("%v: status %d, %s", args, status, stderr)
		}
	}
	if b := ok(os.ReadFile(target))(t); string(b) != "a checkpoint" {
		t.Errorf("the checkpoint holds %d bytes", len(b))
	}
	if status, _, stderr := line(t, "train", "mnist-gdd-i", "--out", a); status != 1 || !strings.Contains(stderr, "holds runs, such as 00000-mnist-gdd-i") {
		t.Errorf("status %d, %s", status, stderr)
	}
	if left := ok(os.ReadDir(a))(t); len(left) != 1 {
		t.Errorf("the directory of runs holds %v", left)
	}
}

// TestFaultEscapes lists a run whose name could colour the terminal, and one whose
// heartbeat is rubbish beside its checkpoint.
func TestFaultEscapes(t *testing.T) {
	a, _ := twinRuns(t)
	dir := filepath.Join(a, "00000-mnist-gdd-i")
	odd := filepath.Join(a, "00001-esc\x1b[31mred")
	if err := os.CopyFS(odd, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"ls", "--runs", a}, {"status", odd}} {
		if _, out, _ := line(t, args...); strings.Contains(out, "\x1b") || !strings.Contains(out, "00001-esc?[31mred") {
			t.Errorf("%v prints %q", args, out)
		}
	}
	for name, text := range map[string]string{run.StatusFile: "{", filepath.Join(run.CheckpointsDir, "000003072.safetensors"): ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, out, _ := line(t, "status", "0", "--runs", a); !strings.Contains(out, "stopped") || !strings.Contains(out, "continues from 3.1 kimg") {
		t.Errorf("status prints\n%s", out)
	}
}
