package run_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/trainer/run"
)

func TestLastWords(t *testing.T) {
	mark := "\n" + run.StartMark + "2026-01-02T03:04:05Z\n"
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
		if err := os.WriteFile(filepath.Join(dir, run.LogFile), []byte(tt.log), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(run.LastWords(dir, 3), "|"); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// TestLastWordsOfWhatIsNoLog must not wait, nor read without end.
func TestLastWordsOfWhatIsNoLog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, run.LogFile)
	if got := run.LastWords(dir, 3); got != nil {
		t.Errorf("no log: got %q", got)
	}
	if err := syscall.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := run.LastWords(dir, 3); got != nil {
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
	got := run.LastWords(dir, 1)
	if len(got) != 1 || got[0] != "the end" {
		t.Errorf("a huge log: got %q", got)
	}
	if long := run.OneLine(strings.Repeat("é", 10_000)); len([]rune(long)) != 400 {
		t.Errorf("a line of %d characters, want 400", len([]rune(long)))
	}
}
