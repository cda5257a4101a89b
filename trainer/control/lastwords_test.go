package control_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/trainer/control"
)

func TestLastWords(t *testing.T) {
	mark := "\n" + control.StartMark + "2026-01-02T03:04:05Z\n"
	stack := "\ngoroutine 1 [running]:\nmain.main()\n\t/x/main.go:3 +0x1d\nexit status 2\n"
	for name, tt := range map[string]struct{ log, want string }{
		"nothing":          {"", ""},
		"only started":     {mark, ""},
		"last lines":       {mark + "a\nb\n\nc\nd\n", "b|c|d"},
		"torn last line":   {mark + "a\nb", "a|b"},
		"panic":            {mark + "step 1\npanic: no such node" + "\n" + stack, "panic: no such node"},
		"panic of two":     {mark + "panic: a [recovered]\n\tpanic: b\n" + stack, "panic: a [recovered]|panic: b"},
		"fatal":            {mark + "fatal error: out of memory\n" + stack, "fatal error: out of memory"},
		"panic last week":  {mark + "panic: old\n" + stack + mark + "step 2\n", "step 2"},
		"torn, then again": {mark + "step 1" + mark + "step 2\n", "step 2"},
		"an older log":     {"no mark\nat all\n", "no mark|at all"},
		"escape sequences": {mark + "a\x1b[2J\x07b\xff\n", "a?[2J?b?"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, control.LogFile), []byte(tt.log), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(control.LastWords(dir, 3), "|"); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestLastWordsOfWhatIsNoLog must not wait, nor read without end.
func TestLastWordsOfWhatIsNoLog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, control.LogFile)
	if got := control.LastWords(dir, 3); got != nil {
		t.Errorf("no log: got %q", got)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := control.LastWords(dir, 3); got != nil {
		t.Errorf("a pipe: got %q", got)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(1 << 40); err != nil {
		t.Skip("no sparse files here")
	}
	if _, err := f.WriteAt([]byte("\nthe end\n"), 1<<40); err != nil {
		t.Fatal(err)
	}
	got := control.LastWords(dir, 1)
	if len(got) != 1 || got[0] != "the end" {
		t.Errorf("a huge log: got %q", got)
	}
	if long := control.OneLine(strings.Repeat("é", 10_000)); len([]rune(long)) != 400 {
		t.Errorf("a line of %d characters, want 400", len([]rune(long)))
	}
}

func TestRegistry(t *testing.T) {
	base, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(base) })
	t.Setenv("TMPDIR", base)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, control.ConfigFile), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(dir, control.LockFile))
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
	if lock, err = os.Open(filepath.Join(dir, control.LockFile)); err != nil {
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
	if err := os.Remove(filepath.Join(dir, control.ConfigFile)); err != nil {
		t.Fatal(err)
	}
	count("no run any more", 0)
	links, err := filepath.Glob(filepath.Join(base, "innate-*", "runs", "*"))
	if err != nil || len(links) != 0 {
		t.Errorf("links %v, %v stay to what is no run", links, err)
	}
}
