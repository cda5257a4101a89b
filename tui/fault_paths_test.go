package tui_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/tui"
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
	newFakeRun(t, odd, "00007-far", defaultFake())
	f := newFakeRun(t, "runs", "00003-mnist-gdd-i", defaultFake())
	for _, typed := range []string{
		"~/it\\'s\\ my\\ runs/00007-far/", `"~/x/../it's my runs/00007-far"`, `~/"it's my runs"/00007-far`, "it's my runs/00007-far",
		"./it\\'s\\ my\\ runs/00007-far", "$HOME/it\\'s\\ my\\ runs/00007-far", "00003",
	} {
		s := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "off", Getenv: withHome})
		s.load()
		s.command("open " + typed)
		want := "00007-far"
		if typed == "00003" {
			want = "00003-mnist-gdd-i"
		}
		if typed[0] == '"' {
			s.wants("no run here") // a quoted ~ is none
			continue
		}
		s.load()
		s.wants("innate  " + want)
	}
}

// TestFaultSavePaths writes pictures where a shell would.
func TestFaultSavePaths(t *testing.T) {
	base := t.TempDir()
	t.Setenv("HOME", filepath.Join(base, "home"))
	t.Chdir(base)
	must(t, os.Mkdir("home", 0o755))
	f := newFakeRun(t, "runs", "00003-mnist-gdd-i", defaultFake())
	s := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "blocks", Getenv: withHome})
	s.load()
	for typed, want := range map[string]string{
		"~/a.png": "home/a.png", "$HOME/b": "home/b.png", `my\ pictures.png`: "my pictures.png", `"other pictures.png"`: "other pictures.png",
		"as it was.png": "as it was.png", "-c.png": "-c.png", "it's.png": "it's.png",
	} {
		s.command("save " + typed)
		if _, err := os.Stat(filepath.Join(base, want)); err != nil {
			t.Errorf("save %s: %v", typed, err)
		}
	}
	must(t, os.Mkdir("folder", 0o755))
	s.command("save folder/")
	if _, err := os.Stat(filepath.Join("folder", "00003-mnist-gdd-i-60.0kimg.png")); err != nil {
		t.Errorf("save into a folder: %v", err)
	}
}

// TestFaultOddSamples shows the newest grid although a folder has a later name.
func TestFaultOddSamples(t *testing.T) {
	t.Chdir(t.TempDir())
	f := newFakeRun(t, "runs", "00003-mnist-gdd-i", defaultFake())
	odd := filepath.Join(f.dir, run.SamplesDir, "000099000.png")
	must(t, os.Mkdir(odd, 0o755))
	long := time.Now().Add(-time.Hour) // ago: nobody is writing it now
	must(t, os.Chtimes(odd, long, long))
	s := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "blocks"})
	s.load()
	s.view("samples")
	s.lacks("no samples yet", "unknown format")
}
