package loop_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// locked opens a run that the test steps by hand, with its lock held.
func locked(t *testing.T) (l *loop.Loop, dir string) {
	t.Helper()
	dir = newRun(t, endless(config("classifier", "")))
	lock, err := run.Acquire(dir)
	check(t, err)
	t.Cleanup(func() { lock.Release() })
	l, err = loop.Open(dir)
	check(t, err)
	return l, dir
}

// lastError is the newest event of its kind.
func lastError(t *testing.T, dir string) string {
	t.Helper()
	if reported := events(t, dir, runlog.Error); len(reported) > 0 {
		return reported[len(reported)-1].Text
	}
	return ""
}

// TestFaultLockRemoved removes the lock file of a live run. The run continues, is
// seen to be alive, and keeps a second trainer out until it ends.
func TestFaultLockRemoved(t *testing.T) {
	t.Parallel()
	l, dir := locked(t)
	for range 2 {
		check(t, os.Remove(filepath.Join(dir, run.LockFile)))
		check(t, l.Tend())
		if info, err := run.ReadInfo(dir); err != nil || !info.Alive || info.Status.PID != os.Getpid() {
			t.Errorf("got alive %v as pid %d, %v, want our own pid", info.Alive, info.Status.PID, err)
		}
		if _, err := run.Acquire(dir); !errors.Is(err, run.ErrRunning) {
			t.Errorf("a second trainer: got %v, want %v", err, run.ErrRunning)
		}
	}
	if got := lastError(t, dir); !strings.Contains(got, "lock was removed during the run; made again") {
		t.Errorf("the last event is %q", got)
	}
	check(t, l.Step())
	l.Close()
	lock, err := run.Acquire(dir)
	check(t, err)
	lock.Release()
}

// TestFaultLockTaken has another trainer take the lock on a file in the place of
// ours: then this one ends.
func TestFaultLockTaken(t *testing.T) {
	t.Parallel()
	l, dir := locked(t)
	defer l.Close()
	check(t, os.Remove(filepath.Join(dir, run.LockFile)))
	other, err := run.Acquire(dir)
	check(t, err)
	defer other.Release()
	if err := l.Tend(); err == nil || !strings.Contains(err.Error(), "lock: replaced during the run, and held by another trainer") {
		t.Errorf("got %v", err)
	}
}

// TestFaultConfigRemoved removes config.toml of a live run: it is written again
// as it is in force, but not under an editor that is about to write it.
func TestFaultConfigRemoved(t *testing.T) {
	t.Parallel()
	l, dir := locked(t)
	path := filepath.Join(dir, run.ConfigFile)
	want := read(t, path)

	check(t, os.Remove(path))
	check(t, l.Tend())
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("written at the first look: %v", err)
	}
	check(t, os.WriteFile(path, []byte("# mine\n"), 0o644)) // the editor
	for range 5 {
		check(t, l.Tend())
	}
	if got := read(t, path); string(got) != "# mine\n" {
		t.Errorf("an editor's file became %q", got)
	}

	check(t, os.Remove(path))
	for range 5 {
		check(t, l.Tend())
	}
	if got := read(t, path); string(got) != string(want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := lastError(t, dir); !strings.Contains(got, "config.toml was removed during the run; written again") {
		t.Errorf("the last event is %q", got)
	}

	check(t, os.Remove(path)) // just before the end: there is a run to resume all the same
	l.Close()
	if got := read(t, path); string(got) != string(want) {
		t.Errorf("after the end: got %q, want %q", got, want)
	}
}
