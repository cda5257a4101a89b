package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDebugLog has a command tell a file what it does, in lines of JSON.
func TestDebugLog(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	dir := t.TempDir()
	path := filepath.Join(dir, "debug.log")
	run := func(to string, args ...string) (status int, stderr string) {
		var out, errs bytes.Buffer
		c := &cli{out: &out, err: &errs, getenv: func(key string) string { return map[string]string{"INNATE_DEBUG": to}[key] }}
		return c.main(t.Context(), args), errs.String()
	}
	if status, stderr := run(path, "profile", "mnist-gdd-i", "--steps", "1", "--set", "run.batch=1", "--set", "run.threads=1"); status != 0 {
		t.Fatal(stderr)
	}
	text, err := os.ReadFile(path)
	check(t, err)
	seen := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var e struct {
			Msg string `json:"msg"`
			PID int    `json:"pid"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.PID != os.Getpid() {
			t.Errorf("%q: %v, pid %d", line, err, e.PID)
		}
		seen[e.Msg]++
	}
	if seen["innate"] != 1 || seen["compile"] < 4 { // g, d, its fakes and r1
		t.Errorf("logged %v", seen)
	}
	if status, stderr := run(filepath.Join(dir, "none", "debug.log"), "ls"); status != 1 || !strings.Contains(stderr, "INNATE_DEBUG: open") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
