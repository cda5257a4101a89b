package trainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/run"
)

// TestFetched names a published file: where it is here a run gets a copy, and where
// it is not nothing is made and the error says what brings it.
func TestFetched(t *testing.T) {
	_, teacher := project(t)
	cache := t.TempDir()
	t.Setenv("INNATE_CACHE", cache)
	const name = "edm-cifar10-32x32-uncond-vp.pkl"
	config := text + "[model]\ninit = \"fetch:" + name + "\"\n"
	_, err := trainer.Create("runs", config, "")
	if err == nil || !strings.Contains(err.Error(), "config.toml:5: model.init: fetch:"+name+": not here: innate fetch "+name+" brings it") {
		t.Errorf("a file that is not here: %v", err)
	}
	if _, err := os.Stat("runs"); err == nil {
		t.Error("left a folder of runs")
	}
	check(t, os.WriteFile(filepath.Join(cache, name), teacher, 0o644)) // which is known by its content
	dir, err := trainer.Create("runs", config, "")
	check(t, err)
	c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	if want := "inputs/model.init/" + name; c.Model.Init != want {
		t.Errorf("model.init: got %s, want %s", c.Model.Init, want)
	}
	b, err := os.ReadFile(configs.Locate(dir, c.Model.Init))
	if check(t, err); string(b) != string(teacher) {
		t.Error("the copy differs")
	}
}
