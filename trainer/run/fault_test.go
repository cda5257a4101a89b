package run_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFaultList lists runs among which some cannot be read: their reason stands
// in the list, and the others too. Nothing waits for the writer of a pipe.
func TestFaultList(t *testing.T) {
	runs := t.TempDir()
	makeRun(t, runs, "00000-good")
	check(t, os.Mkdir(filepath.Join(makeRun(t, runs, "00001-status-folder"), run.StatusFile), 0o755))
	check(t, syscall.Mkfifo(filepath.Join(makeRun(t, runs, "00002-status-pipe"), run.StatusFile), 0o644))
	check(t, syscall.Mkfifo(filepath.Join(makeRun(t, runs, "00003-lock-pipe"), run.LockFile), 0o644))
	check(t, os.Mkdir(filepath.Join(makeRun(t, runs, "00004-lock-folder"), run.LockFile), 0o755))
	check(t, os.Symlink("00000-good", filepath.Join(runs, "00005-link")))
	check(t, os.Symlink("nowhere", filepath.Join(runs, "00006-broken-link")))
	check(t, os.MkdirAll(filepath.Join(runs, "00007-config-folder", run.ConfigFile), 0o755))
	check(t, os.WriteFile(filepath.Join(runs, "00008-file"), nil, 0o644))
	check(t, os.Symlink(run.StatusFile, filepath.Join(makeRun(t, runs, "00009-circle"), run.StatusFile)))
	makeRun(t, runs, "00010-last")

	type result struct {
		list []run.Info
		err  error
	}
	done := make(chan result, 1)
	go func() {
		list, err := run.List(runs)
		done <- result{list, err}
	}()
	var r result
	select {
	case r = <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("the list waits for a pipe")
	}
	var got []string
	for _, i := range r.list {
		got = append(got, i.Name+" "+i.Status.State)
		if (i.Err != nil) != (i.Status.State == run.StateUnreadable) || i.Err != nil && i.Status.Error != i.Err.Error() {
			t.Errorf("%s: %v beside %+v", i.Name, i.Err, i.Status)
		}
	}
	want := []string{
		"00000-good new", "00001-status-folder unreadable", "00002-status-pipe unreadable", "00003-lock-pipe new", "00004-lock-folder new",
		"00005-link new", "00009-circle unreadable", "00010-last new",
	}
	if r.err != nil || !slices.Equal(got, want) {
		t.Errorf("%v,\n got %s\nwant %s", r.err, strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// TestFaultFind finds runs by names and paths as a person types them.
func TestFaultFind(t *testing.T) {
	base := t.TempDir()
	runs := filepath.Join(base, "runs")
	good := makeRun(t, runs, "00003-good")
	check(t, os.Symlink("00003-good", filepath.Join(runs, "00003-best")))
	makeRun(t, runs, "-dash")
	makeRun(t, runs, "+3-sign")
	check(t, os.Symlink("runs", filepath.Join(base, "linked")))
	for _, tt := range []struct{ cwd, runs, ref, want string }{
		{base, "runs", "3", good}, // a link to it is no other run
		{base, "linked", "3", filepath.Join(base, "linked", "00003-good")},
		{base, "runs", "00003-best", filepath.Join(runs, "00003-best")},
		{base, "runs", "-dash", filepath.Join(runs, "-dash")},
		{base, "elsewhere", "runs/00003-good//", good},
		{base, "elsewhere", "./runs/../runs/00003-good", good},
		{base, "elsewhere", "linked/00003-good", filepath.Join(base, "linked", "00003-good")},
		{good, ".", ".", good},
		{good, "..", "3", good},
		{runs, "elsewhere", "00003-good/", good},
		{runs, "elsewhere", "00003-good", good},
		{runs, ".", "good", good},
	} {
		t.Chdir(tt.cwd)
		if got, err := run.Find(tt.runs, tt.ref); err != nil || got != tt.want {
			t.Errorf("in %s: Find(%s, %s) is %s, %v, want %s", tt.cwd, tt.runs, tt.ref, got, err, tt.want)
		}
	}
}

// TestFaultCheckpoints lists checkpoints among other things of their names.
func TestFaultCheckpoints(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{run.CheckpointFile(64), run.CheckpointFile(128), fmt.Sprint(math.MaxInt64, run.CheckpointExt), "best.safetensors", "-5.safetensors"} {
		check(t, os.WriteFile(filepath.Join(folder, name), nil, 0o644))
	}
	check(t, os.Mkdir(filepath.Join(folder, run.CheckpointFile(256)), 0o755))
	list, err := run.Checkpoints(folder)
	var got []int64
	for _, c := range list {
		got = append(got, c.Nimg)
	}
	if want := []int64{math.MaxInt64, 128, 64}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
