package main

import (
	"fmt"
	"os"
	"path/filepath"

	"innate/models/filetype"
	"innate/models/weights"
	"innate/trainer/run"
)

// written is what files of weights are, by their format.
var written = map[string]filetype.Kind{weights.Safetensors: filetype.Safetensors, weights.NPZ: filetype.NPZ, weights.Torch: filetype.TorchZip}

// mayWrite refuses an output of some kind that would lie over a file of a run, over one
// that is of another kind, or over what it is made from, if that is a file: a name that was
// mistyped, or completed, is soon that of a data set.
func mayWrite(path string, kind filetype.Kind, from string) error {
	if err := outsideRun(path); err != nil {
		return err
	}
	if run.SameFile(path, from) {
		return fmt.Errorf("%s: is what is read, want a new name", path)
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return nil // there is nothing to lose, or who writes says what is wrong
	}
	there, err := filetype.Of(path)
	if err != nil || there == kind {
		return err
	}
	if there == "" {
		there = "a file of no kind that is known here"
	}
	return fmt.Errorf("%s: %s is there, want a new name, or %s to write over", path, there, kind)
}

// outsideRun refuses to write over a file of a run, or among its checkpoints, where
// it would be taken for one.
func outsideRun(path string) error {
	dir, rel := run.Owner(path)
	switch {
	case dir == "":
		return nil
	case filepath.Dir(rel) == run.CheckpointsDir:
		return fmt.Errorf("%s: lies among the checkpoints of %s, want a file elsewhere", path, filepath.Base(dir))
	}
	return fmt.Errorf("%s: the run %s keeps its own %s there, want a file elsewhere", path, filepath.Base(dir), rel)
}
