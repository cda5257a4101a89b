package tui_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// withHome is the environment of a terminal that knows the home directory.
func withHome(name string) string {
	return map[string]string{"LANG": "C.UTF-8", "TERM": "xterm", "HOME": os.Getenv("HOME")}[name]
}

// TestFaultTypedPaths types paths as one types them in a shell, where no shell
// reads them.
func TestFaultTypedPaths(t *testing.T) {
	base := t.TempDir()
	t.Setenv("HOME", base)
	t.Chdir(base)
	odd := filepath.Join(base, "it's my runs")
	tuitest.NewFake(t, odd, "00007-far", tuitest.Default())
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	for _, typed := range []string{
		"~/it\\'s\\ my\\ runs/00007-far/", `"~/x/../it's my runs/00007-far"`, `~/"it's my runs"/00007-far`, "it's my runs/00007-far",
		"./it\\'s\\ my\\ runs/00007-far", "$HOME/it\\'s\\ my\\ runs/00007-far", "00003",
	} {
		s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "off", Getenv: withHome})
		s.Load()
		s.Command("open " + typed)
		want := "00007-far"
		if typed == "00003" {
			want = "00003-mnist-gdd-i"
		}
		if typed[0] == '"' {
			s.Wants("no run here") // a quoted ~ is none
			continue
		}
		s.Load()
		s.Wants("innate  " + want)
	}
}

// TestFaultSavePaths writes pictures where a shell would.
func TestFaultSavePaths(t *testing.T) {
	base := t.TempDir()
	t.Setenv("HOME", filepath.Join(base, "home"))
	t.Chdir(base)
	tuitest.Must(t, os.Mkdir("home", 0o755))
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "blocks", Getenv: withHome})
	s.Load()
	for typed, want := range map[string]string{
		"~/a.png": "home/a.png", "$HOME/b": "home/b.png", `my\ pictures.png`: "my pictures.png", `"other pictures.png"`: "other pictures.png",
		"as it was.png": "as it was.png", "-c.png": "-c.png", "it's.png": "it's.png",
	} {
		s.Command("save " + typed)
		if _, err := os.Stat(filepath.Join(base, want)); err != nil {
			t.Errorf("save %s: %v", typed, err)
		}
	}
	tuitest.Must(t, os.Mkdir("folder", 0o755))
	s.Command("save folder/")
	if _, err := os.Stat(filepath.Join("folder", "00003-mnist-gdd-i-60.0kimg.png")); err != nil {
		t.Errorf("save into a folder: %v", err)
	}
}

// TestFaultOddSamples shows the newest grid although a folder has a later name.
func TestFaultOddSamples(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	odd := filepath.Join(f.Dir, run.SamplesDir, "000099000.png")
	tuitest.Must(t, os.Mkdir(odd, 0o755))
	long := time.Now().Add(-time.Hour) // ago: nobody is writing it now
	tuitest.Must(t, os.Chtimes(odd, long, long))
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "blocks"})
	s.Load()
	s.View("samples")
	s.Lacks("no samples yet", "unknown format")
}
