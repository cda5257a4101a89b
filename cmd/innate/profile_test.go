package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCPUProfile checks that any command can be profiled, and that a file that
// cannot be made is a mistake of the command line.
func TestCPUProfile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cpu.prof")
	var out, errs bytes.Buffer
	run := func(args ...string) int {
		out.Reset()
		errs.Reset()
		c := &cli{out: &out, err: &errs, getenv: func(string) string { return "" }}
		return c.main(context.Background(), args)
	}
	if status := run("ls", "--runs", dir, "--cpuprofile", path); status != 0 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	b, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) { // pprof's format is gzipped
		t.Errorf("profile of %d bytes, %v", len(b), err)
	}
	if status := run("ls", "--cpuprofile", filepath.Join(dir, "none", "cpu.prof")); status != 2 || !strings.Contains(errs.String(), "no such file") {
		t.Errorf("status %d: %s", status, errs.String())
	}
	if status := run("ls", "--cpuprofile", path, "--cpuprofile", path); status != 2 || !strings.Contains(errs.String(), "given twice") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

func TestProfileArguments(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"profile"}, "profile: got 0 arguments, want one CONFIG"},
		{[]string{"profile", "mnist-gdd-i", "--steps", "0"}, `invalid value "0" for --steps: want a whole number from 1`},
		{[]string{"profile", "nothing-here", "--runs", t.TempDir()}, `run "nothing-here": none in`},
		{[]string{"profile", "mnist-gdd-i", "--set", "live.gen_lr=-1"}, "live.gen_lr"},
	} {
		var errs bytes.Buffer
		cl := &cli{out: &errs, err: &errs, getenv: func(string) string { return "" }}
		if status := cl.main(context.Background(), c.args); status == 0 || !strings.Contains(errs.String(), c.want) {
			t.Errorf("%v: status %d: %s, want %q", c.args, status, errs.String(), c.want)
		}
	}
}
