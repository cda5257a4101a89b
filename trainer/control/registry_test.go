package control_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"innate/trainer/control"
	"innate/trainer/run"
)

func TestRegistry(t *testing.T) {
	base, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	t.Setenv("TMPDIR", base)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, run.ConfigFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(dir, run.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	count := func(when string, want int) {
		t.Helper()
		if runs, err := control.Registered(); err != nil || len(runs) != want {
			t.Errorf("%s: got %d runs, %v, want %d", when, len(runs), err, want)
		}
	}
	count("before", 0)
	for range 2 { // again after a kill, which leaves the link
		forget, err := control.Register(dir)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(forget)
		count("registered", 1)
	}
	lock.Close()
	count("trainer dead", 0)
	if lock, err = os.Open(filepath.Join(dir, run.LockFile)); err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	count("alive again", 1)
	forget, err := control.Register(dir)
	if err != nil {
		t.Fatal(err)
	}
	forget()
	count("forgotten", 0)

	if forget, err = control.Register(dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(forget)
	lock.Close()
	if err := os.Remove(filepath.Join(dir, run.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	count("no run any more", 0)
	links, err := filepath.Glob(filepath.Join(base, "innate-*", "runs", "*"))
	if err != nil || len(links) != 0 {
		t.Errorf("links %v, %v stay to what is no run", links, err)
	}
}
