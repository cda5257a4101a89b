package control_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"innate/trainer/run"
)

func makeRun(t *testing.T, runs, name string) string {
	t.Helper()
	dir := filepath.Join(runs, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte("method = \"gdd\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// hold locks a run as a trainer with that pid would.
func hold(t *testing.T, dir, pid string) (release func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, run.LockFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(pid + "\n"); err != nil {
		t.Fatal(err)
	}
	return func() { f.Close() }
}
