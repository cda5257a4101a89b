package trainer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/run"
)

// TestFaultForkOddEntries forks a run among whose checkpoints and pictures are
// entries that cannot be read: it takes the others.
func TestFaultForkOddEntries(t *testing.T) {
	runs, dir := trained(t)
	folder := filepath.Join(dir, run.CheckpointsDir)
	check(t, os.Symlink("nowhere", filepath.Join(folder, run.CheckpointFile(80))))
	check(t, os.Mkdir(filepath.Join(folder, run.CheckpointFile(96)), 0o755))
	samples := filepath.Join(dir, run.SamplesDir)
	check(t, os.Mkdir(filepath.Join(samples, "000000001.png"), 0o755))
	check(t, os.Symlink("nowhere", filepath.Join(samples, "000000002.png")))
	f, err := trainer.Fork(trainer.ForkOptions{RunsDir: runs, Source: dir, Edit: set("live.total_kimg", "0.1")})
	if err != nil {
		t.Fatal(err)
	}
	if f.Nimg != 64 || !strings.Contains(f.Note, run.CheckpointFile(80)) || !strings.Contains(f.Note, "took the one before") {
		t.Errorf("forked at %d images, noting %q, want 64, and that the one at 80 cannot be read", f.Nimg, f.Note)
	}
	if _, err := os.Stat(filepath.Join(f.Dir, run.SamplesDir, "000000032.png")); err != nil {
		t.Error(err)
	}
}
