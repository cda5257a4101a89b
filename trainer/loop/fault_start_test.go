package loop_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// quickRun is a run that measures nothing on its way.
func quickRun(t *testing.T) string {
	t.Helper()
	return strings.Replace(config("classifier", t.TempDir()), "checkpoint_kimg = 0.016", "checkpoint_kimg = 0", 1)
}

// beginsAgain reports whether a log says so, in words or by its marker.
func beginsAgain(t *testing.T, dir string) bool {
	t.Helper()
	metrics, err := os.ReadFile(filepath.Join(dir, runlog.MetricsFile))
	check(t, err)
	events, err := os.ReadFile(filepath.Join(dir, runlog.EventsFile))
	check(t, err)
	return strings.Contains(string(events), "begins again") || strings.Contains(string(metrics), `"nimg":-1`)
}

func stateOf(t *testing.T, dir string) run.Status {
	t.Helper()
	info, err := run.ReadInfo(dir)
	check(t, err)
	return info.Status
}

// TestFaultFirstStart fails to start a new run: it says why. Corrected, it begins,
// and does not begin again.
func TestFaultFirstStart(t *testing.T) {
	t.Parallel()
	text := quickRun(t)
	dir := newRun(t, text+"[freeze]\nfreeze = [\"nosuch.*\"]\n")
	err := loop.Run(t.Context(), loop.Options{Dir: dir})
	if err == nil {
		t.Fatal("a pattern without a match was taken")
	}
	if s := stateOf(t, dir); s.State != run.StateFailed || s.Error != err.Error() {
		t.Errorf("the run is %s, %q, want failed and %q", s.State, s.Error, err)
	}
	history, readErr := runlog.ReadAll(dir)
	if check(t, readErr); len(history.Events) != 1 || history.Events[0].Text != "not started: "+err.Error() {
		t.Errorf("events %+v, want one that says why", history.Events)
	}
	check(t, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(text), 0o644))
	train(t, dir)
	if s := stateOf(t, dir); s.State != run.StateDone || s.Error != "" {
		t.Errorf("corrected, the run is %s, %q, want done", s.State, s.Error)
	}
	if beginsAgain(t, dir) {
		t.Error("the log of a run that begins says that it begins again")
	}
}

// TestFaultStartOnUsedPort fails to resume a run that is done: it stays done, and
// its log says why no trainer came.
func TestFaultStartOnUsedPort(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quickRun(t))
	train(t, dir)
	used, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer used.Close()
	before := stateOf(t, dir)
	err = loop.Run(t.Context(), loop.Options{Dir: dir, Listen: used.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Fatalf("got %v", err)
	}
	if s := stateOf(t, dir); s.State != run.StateDone || s.Nimg != before.Nimg || s.Error != "" {
		t.Errorf("the run is %s at %d, %q, want done at %d", s.State, s.Nimg, s.Error, before.Nimg)
	}
	history, err := runlog.ReadAll(dir)
	if check(t, err); !strings.HasPrefix(history.Events[len(history.Events)-1].Text, "not started: control: listen 127.0.0.1:") {
		t.Errorf("the last event is %+v, want the reason", history.Events[len(history.Events)-1])
	}
}

// TestFaultFailsAgain keeps the reason of the last start of a run that never
// trained.
func TestFaultFailsAgain(t *testing.T) {
	t.Parallel()
	text := quickRun(t)
	dir := newRun(t, text+"[freeze]\nfreeze = [\"nosuch.*\"]\n")
	for _, glob := range []string{"nosuch", "other"} {
		check(t, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(text+"[freeze]\nfreeze = [\""+glob+".*\"]\n"), 0o644))
		if err := loop.Run(t.Context(), loop.Options{Dir: dir}); err == nil {
			t.Fatal("a pattern without a match was taken")
		}
		if s := stateOf(t, dir); s.State != run.StateFailed || !strings.Contains(s.Error, glob) {
			t.Errorf("the run is %s, %q, want failed because of %s", s.State, s.Error, glob)
		}
	}
	check(t, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte("rubbish"), 0o644))
	if err := loop.Run(t.Context(), loop.Options{Dir: dir}); err == nil || !strings.Contains(stateOf(t, dir).Error, "rubbish") && !strings.Contains(stateOf(t, dir).Error, "config.toml:1") {
		t.Errorf("got %v, and the run says %q", err, stateOf(t, dir).Error)
	}
	// Where there is no run, nothing is left.
	empty := t.TempDir()
	if err := loop.Run(t.Context(), loop.Options{Dir: empty}); err == nil {
		t.Error("no error for a directory that is no run")
	}
	if left, err := os.ReadDir(empty); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestFaultBesideABusyRun notes in a new run's log that others use the machine.
func TestFaultBesideABusyRun(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quickRun(t))
	check(t, loop.Run(context.Background(), loop.Options{Dir: dir, Machine: []string{"machine: in use"}}))
	history, err := runlog.ReadAll(dir)
	if check(t, err); len(history.Events) < 2 || history.Events[0].Text != "machine: in use" || history.Events[1].Kind != runlog.Start {
		t.Errorf("events %+v, want one of the machine, then the start", history.Events)
	}
	if beginsAgain(t, dir) {
		t.Error("the log of a run that begins says that it begins again")
	}
}
