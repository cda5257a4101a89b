package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// line runs one command line in this process.
func line(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	c := &cli{out: &out, err: &err, getenv: func(string) string { return "" }}
	status = c.main(context.Background(), args)
	return status, out.String(), err.String()
}

// TestExitStatus pins the promise of one line on standard error, status 1 for an
// error and 2 for wrong usage.
func TestExitStatus(t *testing.T) {
	runs := t.TempDir()
	for _, c := range []struct {
		args   []string
		status int
		want   string // part of the message
	}{
		{[]string{"help"}, 0, ""},
		{[]string{"nonsense"}, 2, `unknown command "nonsense"`},
		{[]string{"train"}, 2, "want one CONFIG"},
		{[]string{"train", "--run", runs, "mnist-gdd"}, 2, "want no CONFIG"},
		{[]string{"train", "no-such-preset", "--runs", runs}, 1, "no-such-preset"},
		{[]string{"train", "mnist-gdd", "--runs", runs, "--set", "live.gen_lr"}, 2, "want key=value"},
		{[]string{"train", "mnist-gdd", "--runs", runs, "--set", "live.gen_lr=-1"}, 1, "live.gen_lr: got -1"},
		{[]string{"train", "mnist-gdd", "--runs", runs, "--set", "live.nothing=1"}, 1, "live.nothing"},
		{[]string{"train", "mnist-gdd", "--no-such-flag"}, 2, "no-such-flag"},
		{[]string{"status"}, 2, "want one RUN"},
		{[]string{"status", "7", "--runs", runs}, 1, "7"},
		{[]string{"ls", "--runs", runs, "x"}, 2, "want no arguments"},
		{[]string{"set", "7", "--runs", runs}, 2, "key=value"},
		{[]string{"freeze", "7", "--runs", runs, "--preset", "none"}, 1, "7"},
		{[]string{"sample", "builtin:nobody"}, 1, "nobody"},
		{[]string{"sample", "builtin:mnist-teacher", "--class", "3"}, 2, "got 3, want none: the network is not class-conditional"},
		{[]string{"sample", "builtin:mnist-fid-cnn"}, 1, "precond"},
		{[]string{"fid", "builtin:nobody"}, 1, "nobody"},
		{[]string{"inspect", filepath.Join(runs, "missing.safetensors")}, 1, "missing.safetensors"},
	} {
		status, _, stderr := line(t, c.args...)
		if status != c.status || !strings.Contains(stderr, c.want) {
			t.Errorf("innate %s: status %d, %q; want %d and %q", strings.Join(c.args, " "), status, stderr, c.status, c.want)
		}
		if status == 1 && strings.Count(stderr, "\n") != 1 {
			t.Errorf("innate %s: %d lines of error, want one: %q", strings.Join(c.args, " "), strings.Count(stderr, "\n"), stderr)
		}
	}
}

// TestHelpNamesEveryCommand keeps help complete, and within a screen.
func TestHelpNamesEveryCommand(t *testing.T) {
	_, out, _ := line(t, "help")
	for _, cmd := range (&cli{}).root().Commands() {
		if !strings.Contains(out, "  "+cmd.Use+" ") {
			t.Errorf("help does not name %s", cmd.Name())
		}
	}
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	for _, l := range lines {
		if len([]rune(l)) > helpColumns {
			t.Errorf("%d columns: %s", len([]rune(l)), l)
		}
	}
	if len(lines) > 48 {
		t.Errorf("help has %d lines, want at most 48", len(lines))
	}
}

func TestListing(t *testing.T) {
	runs := t.TempDir()
	if status, out, _ := line(t, "ls", "--runs", runs, "--json"); status != 0 || strings.TrimSpace(out) != "[]" {
		t.Errorf("ls of an empty folder: status %d, %q, want []", status, out)
	}
	dir, err := create(runs, "", "mnist-gdd", edits{set: []string{"live.total_kimg=2"}})
	if err != nil {
		t.Fatal(err)
	}
	status, out, _ := line(t, "status", "0", "--runs", runs, "--json")
	var s map[string]any
	if err := json.Unmarshal([]byte(out), &s); status != 0 || err != nil {
		t.Fatalf("status %d, %v: %q", status, err, out)
	}
	if s["run"] != filepath.Base(dir) || s["state"] != "new" {
		t.Errorf("run %v in state %v, want %s, new", s["run"], s["state"], filepath.Base(dir))
	}
	if _, out, _ := line(t, "ls", "--runs", runs); !strings.Contains(out, filepath.Base(dir)) {
		t.Errorf("ls does not name the run: %q", out)
	}
}

// TestInspect reads what is built in and checks that each file says what it is.
func TestInspect(t *testing.T) {
	for _, name := range []string{"mnist-disc-cnn", "mnist-fid-cnn"} {
		status, out, stderr := line(t, "inspect", "builtin:"+name, "--json")
		var f struct {
			Metadata map[string]string
			Tensors  []struct{ Name string }
		}
		if err := json.Unmarshal([]byte(out), &f); status != 0 || err != nil {
			t.Fatalf("%s: status %d, %v %s", name, status, err, stderr)
		}
		if f.Metadata["features"] == "" || len(f.Tensors) != 14 {
			t.Errorf("%s: metadata %v, %d tensors; want a features configuration and 14", name, f.Metadata, len(f.Tensors))
		}
	}
}

// TestSample draws the same images twice, and others from other seeds.
func TestSample(t *testing.T) {
	dir := t.TempDir()
	draw := func(name, seed string) []byte {
		path := filepath.Join(dir, name)
		status, _, stderr := line(t, "sample", "builtin:mnist-teacher", "--n", "4", "--steps", "2", "--seed", seed, "--out", path)
		if status != 0 {
			t.Fatalf("status %d: %s", status, stderr)
		}
		png, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return png
	}
	a, again, b := draw("a.png", "5"), draw("again.png", "5"), draw("b.png", "6")
	if !bytes.Equal(a, again) || bytes.Equal(a, b) {
		t.Errorf("same seed equal: %v, other seed equal: %v; want true, false", bytes.Equal(a, again), bytes.Equal(a, b))
	}
}
