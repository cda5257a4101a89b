package run_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
)

func TestFileOf(t *testing.T) {
	for path, want := range map[string]string{
		"config.toml":                                "config.toml",
		"samples/000000032.png":                      "samples/[0-9]*.png",
		"samples/000000032-seed7.png":                "samples/[0-9]*-seed[0-9]*.png",
		"samples/teacher.png":                        "samples/teacher.png",
		"samples/thesis.png":                         "",
		"checkpoints/000000032.safetensors":          "checkpoints/[0-9]*.safetensors",
		"checkpoints/000000032.diverged.safetensors": "checkpoints/[0-9]*.diverged.safetensors",
		"checkpoints/best-000000032.safetensors":     "checkpoints/best-*.safetensors",
		"checkpoints/mine.safetensors":               "",
		"checkpoints/.innate-7.tmp":                  "checkpoints/.innate-*.tmp",
		"inputs/model.init/teacher.safetensors":      "inputs/*/*",
		"notes.txt":                                  "",
	} {
		f, ok := run.FileOf(path)
		if f.Pattern != want || ok != (want != "") {
			t.Errorf("%s: got %q, %v, want %q", path, f.Pattern, ok, want)
		}
	}
	for _, f := range run.Files {
		if _, err := filepath.Match(f.Pattern, ""); err != nil || f.Writer == "" {
			t.Errorf("line %+v: %v", f, err)
		}
	}
}

func TestOwner(t *testing.T) {
	runs := t.TempDir()
	dir := makeRun(t, runs, "00001-a")
	check(t, os.Mkdir(filepath.Join(dir, run.CheckpointsDir), 0o755))
	check(t, os.Symlink(dir, filepath.Join(runs, "link")))
	for path, want := range map[string]string{
		"00001-a/config.toml":                  "config.toml",
		"00001-a/checkpoints/mine.safetensors": "checkpoints/mine.safetensors",
		"link/checkpoints/x":                   "checkpoints/x",
		"00001-a/inputs/model.init/x":          "inputs/model.init/x",
		"00001-a/thesis.png":                   "",
		"config.toml":                          "",
	} {
		of, rel := run.Owner(filepath.Join(runs, path))
		if rel != want || (of == dir) != (want != "") {
			t.Errorf("%s: got %q in %q, want %q", path, rel, of, want)
		}
	}
}

// TestReadmeNames holds README's list of a run directory against the table: it
// names every file that lasts, and nothing else.
func TestReadmeNames(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	check(t, err)
	_, list, _ := strings.Cut(string(b), "### A run directory\n\n```\n")
	list, _, ok := strings.Cut(list, "```")
	if !ok {
		t.Fatal("README.md has no list of a run directory")
	}
	said := map[string]bool{}
	for _, line := range strings.Split(list, "\n")[1:] {
		for _, word := range strings.Fields(line) {
			word = strings.Trim(word, ",;:()/")
			if _, ours := run.FileOf(word); ours {
				said[word] = true
			}
		}
		name := strings.TrimSuffix(strings.Fields(line + " config.toml")[0], "/")
		if _, ours := run.FileOf(strings.Replace(name, "*", "000000001", 1)); !ours {
			t.Errorf("README names %s, which the table does not", name)
		}
		said[name] = true
	}
	for _, f := range run.Files {
		folder, _, nested := strings.Cut(f.Pattern, "/")
		if f.Life == run.Unfinished || said[f.Pattern] || nested && (said[folder] || said[folder+"/*.png"]) || said[f.Pattern+"/*.png"] {
			continue
		}
		if f.Pattern == run.SocketPointer || strings.HasPrefix(f.Pattern, run.SocketDir) {
			continue // control says what they are
		}
		t.Errorf("README does not name %s", f.Pattern)
	}
}
