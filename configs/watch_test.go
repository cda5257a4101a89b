package configs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"innate/configs"
)

// watched starts Watch on a new file and returns its path and what it reports.
func watched(t *testing.T, known string) (path string, seen <-chan string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "config.toml")
	write(t, path, known)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ch := make(chan string, 100)
	configs.Watch(ctx, path, known, record(ch))
	time.Sleep(50 * time.Millisecond) // let the watch begin; earlier changes have a test of their own
	return path, ch
}

// record passes on what Watch reports.
func record(seen chan<- string) func(string, error) {
	return func(text string, err error) {
		if err != nil {
			text = err.Error()
		}
		seen <- text
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, seen <-chan string, want string, within time.Duration) {
	t.Helper()
	select {
	case got := <-seen:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(within):
		t.Fatalf("got nothing within %v, want %q", within, want)
	}
}

func expectNothing(t *testing.T, seen <-chan string, during time.Duration) {
	t.Helper()
	select {
	case got := <-seen:
		t.Fatalf("got %q, want nothing", got)
	case <-time.After(during):
	}
}

const (
	soon  = 1500 * time.Millisecond // less than the poll: fsnotify has reported
	quiet = 400 * time.Millisecond
)

func TestWatchWrites(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	expectNothing(t, seen, quiet)
	write(t, path, "two") // truncates, then writes
	expect(t, seen, "two", soon)
	write(t, path, "thr")
	write(t, path, "three") // an editor that writes twice
	expect(t, seen, "three", soon)
	write(t, path, "three") // touched, not changed
	expectNothing(t, seen, quiet)
}

func TestWatchRenameOver(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	for _, text := range []string{"two", "three"} { // the watch survives the first
		if err := configs.WriteFile(path, text); err != nil {
			t.Fatal(err)
		}
		expect(t, seen, text, soon)
	}
	// vim: the old file is moved away, a new one written in its place.
	if err := os.Rename(path, path+"~"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	write(t, path, "four")
	expect(t, seen, "four", soon)
}

func TestWatchDisappearance(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expectNothing(t, seen, quiet)
	write(t, path, "one")
	expectNothing(t, seen, quiet)
	write(t, path, "two")
	expect(t, seen, "two", soon)
}

// TestWatchSlowWriter truncates, and writes in pieces without finishing a line
// until later.
func TestWatchSlowWriter(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	expectNothing(t, seen, quiet) // empty for now
	for _, piece := range []string{"t", "w", "o"} {
		if _, err := f.WriteString(piece); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Millisecond)
	}
	expect(t, seen, "two", soon)
}

func TestWatchEmptyForGood(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	write(t, path, "")
	expect(t, seen, "", 6*time.Second)
}

// TestWatchChangedBefore changes the file between loading and watching.
func TestWatchChangedBefore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.toml")
	write(t, path, "two")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan string, 10)
	configs.Watch(ctx, path, "one", record(seen))
	expect(t, seen, "two", soon)
}

// TestWatchPolls watches through a symbolic link to a file elsewhere, about
// which fsnotify says nothing.
func TestWatchPolls(t *testing.T) {
	t.Parallel()
	real := filepath.Join(t.TempDir(), "real.toml")
	write(t, real, "one")
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.Symlink(real, path); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := make(chan string, 10)
	configs.Watch(ctx, path, "one", record(seen))
	time.Sleep(300 * time.Millisecond)
	write(t, real, "two")
	expect(t, seen, "two", 6*time.Second)
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.toml")
	write(t, path, "one")
	ctx, cancel := context.WithCancel(context.Background())
	seen := make(chan string, 10)
	configs.Watch(ctx, path, "one", record(seen))
	cancel()
	time.Sleep(50 * time.Millisecond)
	write(t, path, "two")
	expectNothing(t, seen, 3*time.Second)
}

// TestWatchUnreadable puts things in the file's place that are no text.
func TestWatchUnreadable(t *testing.T) {
	t.Parallel()
	path, seen := watched(t, "one")
	write(t, path, strings.Repeat("#\n", 1<<20))
	expect(t, seen, "configs: "+path+":1: got 2097152 bytes, want at most 1048576", soon)
	check := func(kind string, put error) {
		t.Helper()
		if put != nil {
			t.Fatal(put)
		}
		expect(t, seen, "configs: "+path+":1: got a "+kind+", want a regular file", soon)
	}
	_ = os.Remove(path)
	check("named pipe", syscall.Mkfifo(path, 0o644))
	_ = os.Remove(path)
	check("directory", os.Mkdir(path, 0o755))
	_ = os.Remove(path)
	write(t, path, "one") // as it was at first, but the last report was another
	expect(t, seen, "one", soon)
}

// TestReadStable reads while somebody writes in pieces.
func TestReadStable(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "config.toml")
	write(t, path, "one")
	start := time.Now()
	if text, err := configs.ReadStable(path, "one"); err != nil || text != "one" || time.Since(start) > 90*time.Millisecond {
		t.Errorf("known text: got %q, %v after %v", text, err, time.Since(start))
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var writer sync.WaitGroup
	writer.Go(func() {
		for range 5 {
			_, _ = f.WriteString("ab")
			time.Sleep(20 * time.Millisecond)
		}
	})
	text, err := configs.ReadStable(path, "one")
	writer.Wait()
	if err != nil || text != "ababababab" {
		t.Errorf("got %q, %v, want all five pieces", text, err)
	}
	if _, err := configs.ReadStable(filepath.Dir(path), ""); err == nil {
		t.Error("a directory was read")
	}
}
