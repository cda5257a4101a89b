package loop_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestTensorBoardFiles checks that each process of a run leaves one event file
// with what the run log has, that the setting turns them off, and that a run
// survives without.
func TestTensorBoardFiles(t *testing.T) {
	t.Parallel()
	text := config("gdd", networks(t))
	files := func(dir string) []string {
		names, err := filepath.Glob(filepath.Join(dir, run.TensorBoardDir, "events.out.tfevents.*"))
		check(t, err)
		return names
	}

	dir := newRun(t, text)
	train(t, dir)
	train(t, dir) // is done already: says so, in a file of its own
	names := files(dir)
	if len(names) != 2 {
		t.Fatalf("got files %v, want one for each process", names)
	}
	first, err := os.ReadFile(names[0])
	check(t, err)
	for _, want := range []string{"brain.Event:2", "loss/gen", "fid", "samples", "\x89PNG", "events/start", "events/done"} {
		if !strings.Contains(string(first), want) {
			t.Errorf("%s: no %q in it", names[0], want)
		}
	}

	off := newRun(t, strings.Replace(text, "[run]\n", "[run]\ntensorboard = false\n", 1))
	train(t, off)
	if names := files(off); len(names) != 0 {
		t.Errorf("turned off, but got %v", names)
	}

	blocked := newRun(t, text)
	check(t, os.WriteFile(filepath.Join(blocked, run.TensorBoardDir), nil, 0o644))
	train(t, blocked)
	history, err := runlog.ReadAll(blocked)
	check(t, err)
	reported := 0
	for _, e := range history.Events {
		if e.Kind == runlog.Error && strings.HasPrefix(e.Text, "tensorboard: ") {
			reported++
		}
	}
	if reported != 1 {
		t.Errorf("%d events about a folder that cannot be made, want one; events %+v", reported, history.Events)
	}
}

// TestObserversHearOfGoingBack: without, TensorBoard would keep steps that count
// no more.
func TestObserversHearOfGoingBack(t *testing.T) {
	t.Parallel()
	dir, _ := longRun(t)
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	check(t, d.Step())
	heard, err := d.GoBack("went back")
	check(t, err)
	if len(heard) != 1 || heard[0].Kind != runlog.Resume || heard[0].Nimg != d.Status().Nimg || heard[0].Text != "went back" {
		t.Errorf("heard %+v, want that the run resumes at %d images", heard, d.Status().Nimg)
	}
}
