package loop_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// unnamed fails for what the table of a run's files does not name, and for what
// is missing of what it should hold.
func unnamed(t *testing.T, dir string, holds ...string) {
	t.Helper()
	found := map[string]bool{}
	check(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || path == dir {
			return nil // gone meanwhile
		}
		rel, _ := filepath.Rel(dir, path)
		f, ours := run.FileOf(rel)
		if !ours {
			t.Errorf("the run has written %s, which the table does not name", rel)
		}
		found[f.Pattern] = true
		return err
	}))
	for _, pattern := range holds {
		if !found[pattern] {
			t.Errorf("the run has not written %s", pattern)
		}
	}
}

// TestTableNamesAll lets a run write all that a trainer writes, and looks at what
// it has while it lives, when it has ended and after a divergence.
func TestTableNamesAll(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(config("gdd", networks(t)), "total_kimg = 0.064", "total_kimg = 1000", 1))
	client, stop := background(t, dir)
	seed := uint64(7)
	_, err := client.Sample(context.Background(), control.SampleRequest{Seed: &seed})
	check(t, err)
	unnamed(t, dir, run.SocketFile, run.StatusFile, run.LayersFile, run.SamplesDir+"/[0-9]*-seed[0-9]*.png")
	stop()
	unnamed(t, dir, run.ConfigFile, runlog.MetricsFile, runlog.EventsFile, runlog.LayersFile, run.TensorBoardDir+"/events.out.tfevents.*",
		run.SamplesDir+"/[0-9]*.png", run.CheckpointsDir+"/[0-9]*.safetensors")

	back, _, _ := rolledBack(t, "edm")
	unnamed(t, back, run.CheckpointsDir+"/best.safetensors")
}
