package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/trainer/sweep"
)

// TestFaultLsBadEntry lists a run that cannot be read with its reason, beside
// those that can, and deletes it.
func TestFaultLsBadEntry(t *testing.T) {
	runs := t.TempDir()
	bad := ok(create(runs, "", "mnist-gdd", edits{}))(t)
	ok(create(runs, "", "mnist-edm", edits{}))(t)
	check(t, os.Mkdir(filepath.Join(bad, run.StatusFile), 0o755))
	status, out, stderr := line(t, "ls", "--runs", runs)
	for _, want := range []string{"00000-mnist-gdd  unreadable", "00001-mnist-edm  new", "00000-mnist-gdd cannot be read: run: read " + bad} {
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("ls: status %d, want %q in\n%s%s", status, want, out, stderr)
		}
	}
	_, out, _ = line(t, "ls", "--runs", runs, "--json")
	var list []run.Status
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 2 || !strings.Contains(list[0].Error, "is a directory") {
		t.Errorf("ls --json: %v, %s", err, out)
	}
	var asked string
	c := &cli{out: &strings.Builder{}, err: &strings.Builder{}, getenv: os.Getenv, ask: func(q string) bool { asked = q; return true }}
	if status := c.main(t.Context(), []string{"delete", "0", "--runs", runs}); status != 0 || run.IsRun(bad) || !strings.Contains(asked, "which cannot be read") {
		t.Errorf("delete: status %d, %q, %s", status, asked, c.err)
	}
}

// TestFaultSweepRecords asks for the results of a sweep that keeps records which cannot be
// read.
func TestFaultSweepRecords(t *testing.T) {
	runs := t.TempDir()
	file := filepath.Join(t.TempDir(), "some.toml")
	check(t, os.WriteFile(file, []byte("base = \"mnist-gdd\"\nseeds = 2\n[[axis]]\nfreeze = [\"none\", \"gdd-i\"]\n"), 0o644))
	c := &cli{runs: runs, out: io.Discard, err: io.Discard, getenv: os.Getenv}
	s := ok(c.planSweep(file, 0))(t)
	check(t, os.MkdirAll(s.dir, 0o755))
	check(t, s.Plan.Write(s.dir))
	if status, out, stderr := line(t, "results", "some", "--runs", runs); status != 0 || !strings.Contains(out, "gdd-i") {
		t.Errorf("without records: status %d, %s%s", status, out, stderr)
	}
	check(t, os.WriteFile(filepath.Join(s.dir, sweep.RecordsFile), []byte("{\n"), 0o644))
	if status, out, stderr := line(t, "results", "some", "--runs", runs); status == 0 || !strings.Contains(stderr, sweep.RecordsFile+":1: got no record of a run") {
		t.Errorf("status %d, %s%s; want the records' file and line", status, out, stderr)
	}
}

// TestFaultHomeInFlags gives paths in ways in which no shell expands ~.
func TestFaultHomeInFlags(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Chdir(t.TempDir())
	ok(create("~/runs", "", "mnist-gdd", edits{}))(t)
	for _, args := range [][]string{{"status", "0", "--runs=~/runs"}, {"--runs=~/runs", "status", "0"}, {"status", "0"}} {
		if len(args) == 2 {
			t.Setenv("INNATE_RUNS", "~/runs")
		}
		if status, out, stderr := line(t, args...); status != 0 || !strings.Contains(out, "00000-mnist-gdd") {
			t.Errorf("%v: status %d, %s%s", args, status, out, stderr)
		}
	}
	if status, _, stderr := line(t, "sample", "builtin:mnist-teacher", "--n", "1", "--steps", "1", "--out=~/s.png"); status != 0 {
		t.Errorf("sample: status %d, %s", status, stderr)
	}
	if _, err := os.Stat(filepath.Join(home, "s.png")); err != nil {
		t.Error(err)
	}
	if left := ok(os.ReadDir("."))(t); len(left) > 0 {
		t.Errorf("left %v in the working directory", left)
	}
}
