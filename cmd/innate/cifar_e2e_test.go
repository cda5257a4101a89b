package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestE2ECIFAR goes through the presets for a processor as a user does, on random images
// in CIFAR's format: features, teacher, reference statistics, and a student of which
// layers are frozen while it trains and which is killed and resumed; then its images and
// their FID.
func TestE2ECIFAR(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	path := func(name string) string { return filepath.Join(runs, name) }
	images := cifarImages(t, path("cifar"), 200)
	trained := func(preset string, edits ...string) (weights string) {
		dir := path(preset)
		must(t, binary, runs, append([]string{"train", preset, "--out", dir, "--kimg", "0.016", "--set", "run.batch=8", "--set", "data.path=" + images}, edits...)...)
		must(t, binary, runs, "export", dir, dir+".safetensors")
		return dir + ".safetensors"
	}
	cnn := trained("cifar10-small-cnn")
	teacher := trained("cifar10-small-edm", "--set", "fid.steps=2", "--set", "live.sample_count=4")
	ref := path("ref.npz")
	must(t, binary, runs, "fid", "ref", ref, "--features", cnn, "--dataset", images, "--no-cache")

	student := path("student")
	edits := []string{"start", "cifar10-small-gdd-i", "--out", student, "--kimg", "1000"}
	for _, s := range []string{
		"run.batch=4", "data.path=" + images, "model.init=" + teacher, "disc.features=" + cnn, "fid.features=" + cnn, "fid.reference=" + ref,
		"fid.samples=50", "live.fid_kimg=0.02", "live.tick_kimg=0.004", "live.sample_kimg=0.02", "live.sample_count=4",
		"live.checkpoint_kimg=0.008", "live.keep_checkpoints=100", "live.r1_interval=2",
	} {
		edits = append(edits, "--set", s)
	}
	must(t, binary, runs, edits...)
	t.Cleanup(func() { _, _ = innate(t, binary, runs, "stop", student) })
	waitFor(t, "an evaluation", func() bool { return status(t, binary, runs, student).LastFID != nil })
	before := status(t, binary, runs, student).FrozenParams
	must(t, binary, runs, "freeze", student, "--freeze", "enc.*")
	frozen := status(t, binary, runs, student)
	if frozen.FrozenParams <= before {
		t.Errorf("%d parameters are frozen, want more than the %d of the preset", frozen.FrozenParams, before)
	}
	waitFor(t, "a checkpoint of that", func() bool {
		s := status(t, binary, runs, student)
		return s.CheckpointNimg > frozen.Nimg && s.Nimg > s.CheckpointNimg
	})
	killed := status(t, binary, runs, student)
	if err := syscall.Kill(killed.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the run to be seen dead", func() bool { return status(t, binary, runs, student).State == run.StateDead })

	must(t, binary, runs, "resume", student)
	waitFor(t, "the resumed run to pass where it was killed", func() bool {
		s := status(t, binary, runs, student)
		return s.State == run.StateRunning && s.Nimg > killed.Nimg && s.CheckpointNimg > killed.Nimg
	})
	if s := status(t, binary, runs, student); s.FrozenParams != frozen.FrozenParams {
		t.Errorf("resumed: %d parameters are frozen, want %d", s.FrozenParams, frozen.FrozenParams)
	}
	must(t, binary, runs, "stop", student)

	history, err := runlog.ReadAll(student)
	check(t, err)
	values := 0
	for i, row := range history.Rows {
		if _, ok := row.Value("fid"); ok {
			values++
		}
		if i > 0 && row.Nimg < history.Rows[i-1].Nimg && row.Type == history.Rows[i-1].Type {
			t.Errorf("a line of %d images after one of %d", row.Nimg, history.Rows[i-1].Nimg)
		}
	}
	if values == 0 {
		t.Error("the log has no FID")
	}
	grid, array := path("grid.png"), path("x.npy")
	must(t, binary, runs, "sample", student, "--n", "4", "--out", grid)
	must(t, binary, runs, "sample", student, "--n", "4", "--out", array)
	if b, err := os.ReadFile(array); err != nil || !bytes.Contains(b[:128], []byte("(4, 3, 32, 32)")) {
		t.Errorf("samples: %v, %q", err, b[:min(128, len(b))])
	}
	fid := func() string {
		out := must(t, binary, runs, "fid", student, "--n", "50", "--features", cnn, "--ref", images, "--statistic", "fid,recall")
		if !strings.Contains(out, "FID(") || !strings.Contains(out, "recall(") || !strings.Contains(out, "50 images") {
			t.Errorf("fid says %q", out)
		}
		return out
	}
	if first, second := fid(), fid(); first != second {
		t.Errorf("fid says %q, and then %q", first, second)
	}
}

// cifarImages writes n random images in CIFAR's format.
func cifarImages(t *testing.T, dir string, n int) string {
	t.Helper()
	const record = 1 + 3*32*32
	rng, batch := rand.New(rand.NewPCG(1, 2)), make([]byte, n*record)
	for i := range batch {
		batch[i] = byte(rng.IntN(256))
		if i%record == 0 {
			batch[i] = byte(i / record % 10)
		}
	}
	check(t, os.Mkdir(dir, 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "data_batch_1.bin"), batch, 0o644))
	return dir
}
