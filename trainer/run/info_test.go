package run_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

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

func TestDerivedState(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	check := func(when, state string, alive bool) {
		t.Helper()
		info, err := run.ReadInfo(dir)
		if err != nil || info.Status.State != state || info.Alive != alive || info.Name != "00001-a" || info.Dir != dir {
			t.Errorf("%s: got %q, alive %v, %v, want %q, %v", when, info.Status.State, info.Alive, err, state, alive)
		}
	}
	heartbeat := func(state string, pid int) {
		t.Helper()
		if err := run.WriteStatus(dir, run.Status{State: state, PID: pid, Nimg: 5, Error: "e"}); err != nil {
			t.Fatal(err)
		}
	}
	check("never started", run.StateNew, false)
	release := hold(t, dir, "123")
	check("locked, no heartbeat", run.StateStarting, true)
	heartbeat(run.StateRunning, 123)
	check("running", run.StateRunning, true)
	heartbeat(run.StatePaused, 123)
	check("paused", run.StatePaused, true)
	release()
	check("killed", run.StateDead, false)
	heartbeat(run.StateDone, 123)
	check("ended", run.StateDone, false)
	release = hold(t, dir, "456")
	check("started again, heartbeat of the last one", run.StateStarting, true)
	heartbeat(run.StateRunning, 123)
	check("started again after a kill", run.StateStarting, true)
	if info, _ := run.ReadInfo(dir); info.Status.PID != 456 || info.Status.Error != "" {
		t.Errorf("got %+v, want the pid of the lock and no old error", info.Status)
	}
	release()
	if err := os.WriteFile(filepath.Join(dir, run.StatusFile), []byte("{\"sta"), 0o644); err != nil {
		t.Fatal(err)
	}
	check("unreadable heartbeat", run.StateNew, false)
}

func TestListAndFind(t *testing.T) {
	runs := t.TempDir()
	for _, name := range []string{"00010-mnist-edm", "00002-mnist-gdd-i", "00003-mnist-gdd", "free", "100000-mnist-gdd-i"} {
		makeRun(t, runs, name)
	}
	if err := os.MkdirAll(filepath.Join(runs, "00004-empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	list, err := run.List(runs)
	var names []string
	for _, info := range list {
		names = append(names, info.Name)
	}
	want := "00002-mnist-gdd-i 00003-mnist-gdd 00010-mnist-edm 100000-mnist-gdd-i free"
	if got := strings.Join(names, " "); err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	if list, err := run.List(filepath.Join(runs, "none")); err != nil || len(list) != 0 {
		t.Errorf("missing directory: got %v, %v", list, err)
	}
	for ref, want := range map[string]string{
		"3":                                    "00003-mnist-gdd",
		"00003":                                "00003-mnist-gdd",
		"100000":                               "100000-mnist-gdd-i",
		"00002-mnist-gdd-i":                    "00002-mnist-gdd-i",
		"mnist-gdd":                            "00003-mnist-gdd",
		"edm":                                  "00010-mnist-edm",
		"free":                                 "free",
		filepath.Join(runs, "free"):            "free",
		filepath.Join(runs, "free") + "/":      "free",
		filepath.Join(runs, "x", "..", "free"): "free",
	} {
		if got, err := run.Find(runs, ref); err != nil || filepath.Base(got) != want || !filepath.IsAbs(got) {
			t.Errorf("%s: got %s, %v, want %s", ref, got, err, want)
		}
	}
	for ref, want := range map[string]string{
		"":                             "empty name",
		"4":                            `run "4": none in`,
		"mnist-gdd-i":                  "ambiguous, want one of 00002-mnist-gdd-i 100000-mnist-gdd-i",
		"nothing":                      "none in",
		filepath.Join(runs, "nothing"): "no run here",
	} {
		if got, err := run.Find(runs, ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %s, %v, want %q", ref, got, err, want)
		}
	}
}

func TestRunsDir(t *testing.T) {
	t.Setenv("INNATE_RUNS", "")
	if got := run.RunsDir(""); got != "runs" {
		t.Errorf("got %q", got)
	}
	t.Setenv("INNATE_RUNS", "/data")
	if got := run.RunsDir(""); got != "/data" {
		t.Errorf("got %q", got)
	}
	if got := run.RunsDir("x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestLayersFile(t *testing.T) {
	dir := t.TempDir()
	want := []run.Layer{{Name: "a", Shape: []int{2, 3}, Count: 6, Frozen: true}}
	if err := run.WriteLayers(dir, want); err != nil {
		t.Fatal(err)
	}
	got, err := run.ReadLayers(dir)
	if err != nil || len(got) != 1 || got[0].Count != 6 || !got[0].Frozen {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := run.ReadLayers(t.TempDir()); err == nil {
		t.Error("got no error without a file")
	}
}

func TestAwaitExit(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	release := hold(t, dir, "1")
	ctx, cancel := context.WithTimeout(context.Background(), 150*time.Millisecond)
	defer cancel()
	if err := run.AwaitExit(ctx, dir); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("held: got %v, want the deadline", err)
	}
	time.AfterFunc(100*time.Millisecond, release)
	if err := run.AwaitExit(context.Background(), dir); err != nil {
		t.Error(err)
	}
}

// TestFaultRunWithoutConfig lists a run whose config.toml was removed while its
// trainer lives, and afterwards if it has left a heartbeat.
func TestFaultRunWithoutConfig(t *testing.T) {
	runs := t.TempDir()
	dir := makeRun(t, runs, "00001-a")
	release := hold(t, dir, "1")
	if err := os.Remove(filepath.Join(dir, run.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	for _, ref := range []string{"1", "a", dir} {
		if got, err := run.Find(runs, ref); err != nil || got != dir {
			t.Errorf("find %s: got %q, %v, want %s", ref, got, err, dir)
		}
	}
	if list, err := run.List(runs); err != nil || len(list) != 1 || !list[0].Alive {
		t.Errorf("got %+v, %v, want the run", list, err)
	}
	release()
	if list, err := run.List(runs); err != nil || len(list) != 0 {
		t.Errorf("without a trainer or a heartbeat: got %+v, %v, want none", list, err)
	}
	check(t, run.WriteStatus(dir, run.Status{State: run.StateStopped, PID: 1}))
	if list, err := run.List(runs); err != nil || len(list) != 1 || list[0].Status.State != run.StateStopped {
		t.Errorf("stopped: got %+v, %v, want it", list, err)
	}
}
