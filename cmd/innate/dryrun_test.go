package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/loop"
)

// TestDryRun checks that a prediction makes no run and says what train would say
// of a configuration that is wrong.
func TestDryRun(t *testing.T) {
	runs := t.TempDir()
	wrong := filepath.Join(runs, "wrong.toml")
	if err := os.WriteFile(wrong, []byte("name = \"x\"\nmethod = \"gdd\"\n[disc]\nin_size = 3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	call := func(args ...string) (status int, out, errs string) {
		var o, e bytes.Buffer
		c := &cli{out: &o, err: &e, getenv: func(string) string { return "" }}
		status = c.main(context.Background(), append(args, "--runs", runs))
		return status, o.String(), e.String()
	}
	for _, args := range [][]string{
		{"train", wrong}, {"train", "nothing-here"}, {"train", "mnist-gdd-i", "--set", "live.gen_lr=-1"},
		{"train", "mnist-gdd-i", "--set", "disc.in_size=2"},
	} {
		status, _, want := call(args...)
		dry, _, got := call(append(args, "--dry-run")...)
		if status == 0 || dry != status || got != want {
			t.Errorf("%v: status %d, %s; with --dry-run %d, %s", args, status, want, dry, got)
		}
	}
	for _, args := range [][]string{
		{"train", "mnist-gdd-i", "--json"}, {"train", "mnist-gdd-i", "--dry-run", "--out", runs + "/x"}, {"train", "--run", "0", "--dry-run"},
	} {
		if status, _, errs := call(args...); status != 2 || !strings.Contains(errs, "--dry-run is for a run yet to begin") {
			t.Errorf("%v: status %d, %s", args, status, errs)
		}
	}
	status, out, errs := call("train", "mnist-gdd-i", "--set", "run.batch=4", "--dry-run", "--json")
	var m loop.Memory
	if err := json.Unmarshal([]byte(out), &m); status != 0 || err != nil || m.Batch != 4 || m.Peak <= m.Workspace || m.Workspace <= 0 {
		t.Errorf("status %d, %v: %+v\n%s", status, err, m, errs)
	}
	_, table, _ := call("train", "mnist-gdd-i", "--set", "run.batch=4", "--dry-run")
	_, other, _ := call("train", "mnist-gdd-i", "--set", "run.batch=4", "--dry-run", "--device", "cuda")
	if want := "of memory at most on the device cpu\nOn cuda memory is PyTorch's to share out, and nothing foretells it; "; !strings.Contains(other, want) || strings.Contains(table, "device") {
		t.Errorf("no %q, or any for the cpu device, in\n%s\n%s", want, other, table)
	}
	for _, want := range []string{
		"gdd, batch 4, ", "gen      397361      71489", "r1  ", "fid features  ", "activations and scratch, shared", "copy for a checkpoint", "a checkpoint  ",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if entries, err := os.ReadDir(runs); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v, want nothing but the file that was there", entries, err)
	}
}
