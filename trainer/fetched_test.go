package trainer_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/run"
)

// TestNetworkPickle names a network pickle as the teacher, which a run copies as it is;
// one of a class that is not known here is refused before anything is made.
func TestNetworkPickle(t *testing.T) {
	pickle, err := os.ReadFile(filepath.Join("..", "models", "edm", "testdata", "edm.pkl"))
	check(t, err)
	project(t)
	check(t, os.WriteFile("known.pkl", pickle, 0o644))
	check(t, os.WriteFile("unknown.pkl", bytes.ReplaceAll(pickle, []byte("EDMPrecond"), []byte("Generators")), 0o644))
	create := func(name string) (string, error) {
		return trainer.Create("runs", text+"[model]\ninit = \""+name+"\"\n", "")
	}
	_, err = create("unknown.pkl")
	if err == nil || !strings.Contains(err.Error(), `config.toml:5: model.init: unknown.pkl: edm: class "Generators", want EDMPrecond`) {
		t.Errorf("an unknown class: %v", err)
	}
	if _, err := os.Stat("runs"); err == nil {
		t.Error("left a folder of runs")
	}
	dir, err := create("known.pkl")
	check(t, err)
	b, err := os.ReadFile(filepath.Join(dir, "inputs", "model.init", "known.pkl"))
	if check(t, err); !bytes.Equal(b, pickle) {
		t.Error("the copy differs")
	}
}

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

// TestFetchedImages trains on a published archive, which a run does not copy.
func TestFetchedImages(t *testing.T) {
	project(t)
	cache := t.TempDir()
	t.Setenv("INNATE_CACHE", cache)
	const name = "cifar-10-binary.tar.gz"
	config := "name = \"t\"\nmethod = \"edm\"\n[data]\ndataset = \"files\"\npath = \"fetch:" + name + "\"\n[model]\nattn_resolutions = []\n"
	_, err := trainer.Create("runs", config, "")
	if err == nil || !strings.Contains(err.Error(), "config.toml:5: data.path: fetch:"+name+": not here: innate fetch "+name+" brings it") {
		t.Errorf("an archive that is not here: %v", err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	check(t, w.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/data_batch_1.bin", Mode: 0o644, Size: 2 * 3073}))
	_, err = w.Write(make([]byte, 2*3073))
	check(t, errors.Join(err, w.Close(), z.Close()))
	check(t, os.WriteFile(filepath.Join(cache, name), b.Bytes(), 0o644))
	dir, err := trainer.Create("runs", config, "")
	check(t, err)
	c, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	if want := filepath.Join(cache, name); c.Data.Path != want {
		t.Errorf("data.path: got %s, want %s", c.Data.Path, want)
	}
}
