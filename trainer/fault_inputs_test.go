package trainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/weights"
	"innate/trainer"
	"innate/trainer/run"
)

// writeBuiltin writes what is built in to a file, and returns its bytes.
func writeBuiltin(t *testing.T, name, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "models", "weights", "files", name))
	check(t, err)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, b, 0o644))
	return b
}

// project is a working directory with weights and a home in it.
func project(t *testing.T) (dir string, teacher []byte) {
	t.Helper()
	dir = t.TempDir()
	teacher = writeBuiltin(t, "mnist-teacher.safetensors", filepath.Join(dir, "weights", "teacher.safetensors"))
	writeBuiltin(t, "mnist-fid-cnn.safetensors", filepath.Join(dir, "home", "cnn.safetensors"))
	writeBuiltin(t, "mnist-fid-ref.npz", filepath.Join(dir, "home", "ref.npz"))
	t.Setenv("HOME", filepath.Join(dir, "home"))
	t.Chdir(dir)
	return dir, teacher
}

const namesFiles = text + "[model]\ninit = \"weights/teacher.safetensors\" # t\n[disc]\nfeatures = \"~/cnn.safetensors\"\n[fid]\nfeatures = \"HERE/home/cnn.safetensors\"\nreference = \"~/ref.npz\"\n"

// TestFaultInputs makes a run from files named in every way that a person names
// them. The run has copies, and needs the files no more.
func TestFaultInputs(t *testing.T) {
	base, teacher := project(t)
	for name, create := range map[string]func(text string) (string, error){
		"numbered": func(text string) (string, error) { return trainer.Create("runs", text, "") },
		"named":    func(text string) (string, error) { return "out", trainer.CreateAt("out", text, "") },
	} {
		dir, err := create(strings.ReplaceAll(namesFiles, "HERE", base))
		check(t, err)
		c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
		check(t, err)
		for key, want := range map[string]string{
			"model.init":    "inputs/model.init/teacher.safetensors",
			"disc.features": "inputs/disc.features/cnn.safetensors",
			"fid.features":  "inputs/fid.features/cnn.safetensors",
			"fid.reference": "inputs/fid.reference/ref.npz",
		} {
			if got := c.Files()[key]; got != want {
				t.Errorf("%s: %s is %s, want %s", name, key, got, want)
			}
			if _, err := os.Stat(configs.Locate(dir, want)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		disc, err := os.Stat(configs.Locate(dir, "inputs/disc.features/cnn.safetensors"))
		check(t, err)
		judge, err := os.Stat(configs.Locate(dir, "inputs/fid.features/cnn.safetensors"))
		if check(t, err); !os.SameFile(disc, judge) {
			t.Errorf("%s: one network that two settings name is kept twice", name)
		}
		if original, err := os.Stat(filepath.Join(base, "home", "cnn.safetensors")); err != nil || os.SameFile(disc, original) {
			t.Errorf("%s: the run has no copy of its own: %v", name, err)
		}
		b, err := os.ReadFile(configs.Locate(dir, c.Model.Init))
		if check(t, err); string(b) != string(teacher) {
			t.Errorf("%s: the copy of the teacher differs", name)
		}
		text, err := os.ReadFile(filepath.Join(dir, run.ConfigFile))
		if check(t, err); !strings.Contains(string(text), " # t\n") {
			t.Errorf("%s: the comment is lost:\n%s", name, text)
		}
		check(t, run.Delete(dir, false)) // copies are known to be its own
	}
}

// TestFaultCreateLeavesNothing names files that cannot be opened: nothing is left
// of a run that could not start.
func TestFaultCreateLeavesNothing(t *testing.T) {
	project(t)
	check(t, os.WriteFile("rubbish.safetensors", []byte("<html>"), 0o644))
	check(t, os.Mkdir("mine", 0o755))
	check(t, os.WriteFile("mine/notes.txt", nil, 0o644))
	for _, tt := range []struct{ setting, want string }{
		{"[model]\ninit = \"builtin:nope\"\n", `config.toml:5: model.init: weights: nothing built in is called "nope"`},
		{"[model]\ninit = \"weights/none.safetensors\"\n", "config.toml:5: model.init: checkpoint: stat weights/none.safetensors: no such file or directory"},
		{"[model]\ninit = \"rubbish.safetensors\"\n", "config.toml:5: model.init: "},
		{"[disc]\nfeatures = \"~nobody/cnn.safetensors\"\n", "config.toml:5: disc.features: "},
		{"[fid]\nreference = \"~/none.npz\"\n", "config.toml:5: fid.reference: stat "},
	} {
		_, err := trainer.Create("runs", text+tt.setting, "")
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.setting, err, tt.want)
		}
		for _, dir := range []string{"out", "mine"} {
			if err := trainer.CreateAt(dir, text+tt.setting, ""); err == nil {
				t.Errorf("%q: no error for %s", tt.setting, dir)
			}
		}
	}
	for _, gone := range []string{"runs", "out"} {
		if left, err := os.ReadDir(gone); err == nil {
			t.Errorf("left %v in %s", left, gone)
		}
	}
	// What fails later takes back what it made, and nothing else.
	check(t, os.WriteFile("mine/"+run.CheckpointsDir, nil, 0o644)) // a file where a folder should be
	if err := trainer.CreateAt("mine", text, ""); err == nil {
		t.Error("made a run around a file")
	}
	left, err := os.ReadDir("mine")
	if check(t, err); len(left) != 2 || left[0].Name() != run.CheckpointsDir || left[1].Name() != "notes.txt" {
		t.Errorf("left %v in mine", left)
	}
}

// TestFaultRebase finds what a configuration file names beside the file, if it is
// not in the working directory.
func TestFaultRebase(t *testing.T) {
	base, _ := project(t)
	check(t, os.MkdirAll("experiments", 0o755))
	writeBuiltin := func(path string) { check(t, os.WriteFile(path, []byte(path), 0o644)) }
	writeBuiltin("experiments/a.safetensors")
	writeBuiltin("experiments/both.safetensors")
	writeBuiltin("both.safetensors")
	for ref, want := range map[string]string{
		"a.safetensors":                   filepath.Join(base, "experiments", "a.safetensors"),
		"both.safetensors":                "both.safetensors",
		"experiments/a.safetensors":       "experiments/a.safetensors",
		"../weights/teacher.safetensors":  filepath.Join(base, "weights", "teacher.safetensors"),
		"none.safetensors":                "none.safetensors",
		"/nowhere/none.safetensors":       "/nowhere/none.safetensors",
		"~/cnn.safetensors":               "~/cnn.safetensors",
		"builtin:mnist-teacher":           "builtin:mnist-teacher",
		"./weights/../weights/../a.safet": "./weights/../weights/../a.safet",
	} {
		got, err := trainer.Rebase(text+"[model]\ninit = \""+ref+"\"\n", "experiments/mine.toml")
		check(t, err)
		c, err := configs.Parse("mine.toml", got)
		if check(t, err); c.Model.Init != want {
			t.Errorf("%s: got %s, want %s", ref, c.Model.Init, want)
		}
	}
	if _, err := weights.Open("weights/teacher.safetensors"); err != nil {
		t.Error(err)
	}
}
