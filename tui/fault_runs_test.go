package tui_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// twins makes a run that trains in A and one of the same name, done, in B,
// beside another.
func twins(tb testing.TB) (a *tuitest.Fake) {
	tb.Helper()
	done := tuitest.Default()
	done.State = run.StateDone
	tuitest.NewFake(tb, "B", "00000-mnist-gdd-i", done)
	tuitest.NewFake(tb, "B", "00001-mnist-gdd", done)
	a = tuitest.NewFake(tb, "A", "00000-mnist-gdd-i", tuitest.Default())
	a.Hold(tb)
	return a
}

// TestFaultTwins opens a run of one directory and goes back to the list of
// another one, which has a run of the same name: that one is neither selected
// nor taken for the one that was open.
func TestFaultTwins(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: a.Dir, RunsDir: "B", Images: "off"})
	s.Load()
	s.Press("esc")
	s.Load()
	s.Wants("›  ✓ done      00001-mnist-gdd")
	if raw := strings.Join(s.Raw, ""); strings.Contains(raw, "done") {
		t.Errorf("the end of a run that trains was announced: %q", raw)
	}
}

// TestFaultReturnByAnotherName selects the run that was open although the list
// reaches it by a link.
func TestFaultReturnByAnotherName(t *testing.T) {
	t.Chdir(t.TempDir())
	twins(t)
	tuitest.Must(t, os.Symlink("B", "linked"))
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: "B/00000-mnist-gdd-i", RunsDir: "linked", Images: "off"})
	s.Load()
	s.Press("esc")
	s.Load()
	s.Wants("›  ✓ done      00000-mnist-gdd-i")
}

// TestFaultRememberedRun remembers the directory of the run opened last, not its
// name.
func TestFaultRememberedRun(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	state := filepath.Join(t.TempDir(), "state.json")
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: a.Dir, RunsDir: "A", Images: "off", StateFile: state})
	s.Load()
	s.App.Flush()
	s = tuitest.New(t, 120, 40, tui.Options{RunsDir: "B", Images: "off", StateFile: state})
	s.Run(s.App.Init())
	s.Wants("›  ✓ done      00001-mnist-gdd")
}

// TestFaultOtherRunsOfTheMachine shows a run of the same name in another
// directory among those that share the machine.
func TestFaultOtherRunsOfTheMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: "B/00000-mnist-gdd-i", RunsDir: "A", Images: "off"})
	s.Load()
	s.View("machine")
	s.Lacks("this run has the machine to itself")
	a.Release()
}

// TestFaultDeleteUnreadable asks for the deletion of a run that cannot be read
// in words that say so.
func TestFaultDeleteUnreadable(t *testing.T) {
	var deleted []string
	opts := tuitest.ListOptions()
	opts.Delete = func(_ context.Context, dir string) error { deleted = append(deleted, dir); return nil }
	s := tuitest.OpenList(t, 120, 40, opts, func(tb testing.TB) {
		dir := filepath.Join("runs", "00005-odd")
		tuitest.Must(tb, os.MkdirAll(filepath.Join(dir, run.StatusFile), 0o755))
		tuitest.Must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(tuitest.TOML), 0o644))
	})
	s.Press("d")
	s.Wants("Delete 00005-odd, which cannot be read?")
}

// TestFaultGone takes the directory of the open run away: the screen says so, and what was
// read of it stays until it is back.
func TestFaultGone(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "off"})
	s.Load()
	s.Lacks("directory is gone")
	tuitest.Must(t, os.Rename(f.Dir, "elsewhere"))
	s.Load()
	s.Wants("the run's directory is gone", "best 78.14", "64.0 / 100.0 kimg")
	tuitest.Must(t, os.Rename("elsewhere", f.Dir))
	s.Load()
	s.Lacks("directory is gone")
	s.Wants("best 78.14")
}
