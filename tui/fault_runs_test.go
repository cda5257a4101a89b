package tui_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui"
)

// twins makes a run that trains in A and one of the same name, done, in B,
// beside another.
func twins(tb testing.TB) (a *fakeRun) {
	tb.Helper()
	done := defaultFake()
	done.state = run.StateDone
	newFakeRun(tb, "B", "00000-mnist-gdd-i", done)
	newFakeRun(tb, "B", "00001-mnist-gdd", done)
	a = newFakeRun(tb, "A", "00000-mnist-gdd-i", defaultFake())
	a.hold(tb)
	return a
}

// TestFaultTwins opens a run of one directory and goes back to the list of
// another one, which has a run of the same name: that one is neither selected
// nor taken for the one that was open.
func TestFaultTwins(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	s := newScreen(t, 120, 40, tui.Options{RunDir: a.dir, RunsDir: "B", Images: "off"})
	s.load()
	s.press("esc")
	s.load()
	s.wants("›  ✓ done      00001-mnist-gdd")
	if raw := strings.Join(s.raw, ""); strings.Contains(raw, "done") {
		t.Errorf("the end of a run that trains was announced: %q", raw)
	}
}

// TestFaultReturnByAnotherName selects the run that was open although the list
// reaches it by a link.
func TestFaultReturnByAnotherName(t *testing.T) {
	t.Chdir(t.TempDir())
	twins(t)
	must(t, os.Symlink("B", "linked"))
	s := newScreen(t, 120, 40, tui.Options{RunDir: "B/00000-mnist-gdd-i", RunsDir: "linked", Images: "off"})
	s.load()
	s.press("esc")
	s.load()
	s.wants("›  ✓ done      00000-mnist-gdd-i")
}

// TestFaultRememberedRun remembers the directory of the run opened last, not its
// name.
func TestFaultRememberedRun(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	state := filepath.Join(t.TempDir(), "state.json")
	s := newScreen(t, 120, 40, tui.Options{RunDir: a.dir, RunsDir: "A", Images: "off", StateFile: state})
	s.load()
	tui.Flush(s.app)
	s = newScreen(t, 120, 40, tui.Options{RunsDir: "B", Images: "off", StateFile: state})
	s.run(s.app.Init())
	s.wants("›  ✓ done      00001-mnist-gdd")
}

// TestFaultOtherRunsOfTheMachine shows a run of the same name in another
// directory among those that share the machine.
func TestFaultOtherRunsOfTheMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	a := twins(t)
	s := newScreen(t, 120, 40, tui.Options{RunDir: "B/00000-mnist-gdd-i", RunsDir: "A", Images: "off"})
	s.load()
	s.view("machine")
	s.lacks("this run has the machine to itself")
	a.release()
}

// TestFaultDeleteUnreadable asks for the deletion of a run that cannot be read
// in words that say so.
func TestFaultDeleteUnreadable(t *testing.T) {
	var deleted []string
	opts := listOptions()
	opts.Delete = func(_ context.Context, dir string) error { deleted = append(deleted, dir); return nil }
	s := openList(t, 120, 40, opts, func(tb testing.TB) {
		dir := filepath.Join("runs", "00005-odd")
		must(tb, os.MkdirAll(filepath.Join(dir, run.StatusFile), 0o755))
		must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(fakeTOML), 0o644))
	})
	s.press("d")
	s.wants("Delete 00005-odd, which cannot be read?")
}
