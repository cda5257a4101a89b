package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/features"
)

// TestE2EFullSize makes two iterations of GDD-I on CIFAR-10 as the paper launches it,
// with networks of full size, discriminators over VGG16-BN and EfficientNet-Lite0 at 224
// pixels, and random weights: in the memory that is foretold, and with the bits of the
// same run resumed after the first.
func TestE2EFullSize(t *testing.T) {
	binary, runs := e2e(t), t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	batch := make([]byte, 64*3073) // in CIFAR's format
	for i := range batch {
		batch[i] = byte(rng.IntN(10))
	}
	images := filepath.Join(runs, "images")
	check(t, os.Mkdir(images, 0o755))
	check(t, os.WriteFile(filepath.Join(images, "data_batch_1.bin"), batch, 0o644))
	write := func(name string, weights *models.ParamSet) string {
		f, path := checkpoint.New(), filepath.Join(runs, name+".safetensors")
		check(t, f.AddParams("", weights))
		check(t, checkpoint.Write(path, f))
		return path
	}
	vgg, lite := write("vgg", features.VGGWeights(rng)), write("lite", features.LiteWeights(rng))
	teacher := filepath.Join(runs, "teacher.safetensors")
	must(t, binary, runs, "train", "cifar10-small-edm", "--out", filepath.Join(runs, "teacher"), "--kimg", "0.001", "--set", "data.path="+images,
		"--set", "model.network=cifar10-32x32-uncond-ve", "--set", "run.batch=1", "--set", "live.sample_count=1", "--set", "fid.steps=1")
	must(t, binary, runs, "export", filepath.Join(runs, "teacher"), teacher)
	check(t, os.RemoveAll(filepath.Join(runs, "teacher")))

	edits := []string{"cifar10-gdd-i", "--kimg", "0.004"}
	for _, s := range []string{
		"run.device=cpu", "run.procs=1", "run.precision=float32", "run.batch=2", "data.path=" + images, "model.init=" + teacher,
		"disc.features=" + vgg, "disc1.features=" + lite, "live.r1_interval=2", "live.sample_kimg=0.002", "live.sample_count=4",
		"live.checkpoint_kimg=0.002", "live.tick_kimg=0.002",
	} {
		edits = append(edits, "--set", s)
	}
	dir := filepath.Join(runs, "run")
	m := foretold(t, binary, runs, edits...)
	within(t, "two iterations", m.Peak, peakOf(t, binary, runs, append([]string{"train", "--out", dir}, edits...)...))

	last := filepath.Join(dir, "checkpoints", "000000004.safetensors")
	whole := sumOf(t, last)
	check(t, os.Remove(last))
	most := peakOf(t, binary, runs, "train", "--run", dir)
	t.Logf("resumed: %s", mebibytes(int64(most)))
	if sumOf(t, last) != whole {
		t.Error("another checkpoint after a resume")
	}
}

// sumOf is the hash of a file too large to hold twice.
func sumOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	check(t, err)
	return fmt.Sprintf("%x", h.Sum(nil))
}
