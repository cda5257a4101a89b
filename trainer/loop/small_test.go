package loop_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

// TestSmallPresets goes through the presets for a processor on a few images in
// CIFAR's format: features, teacher and student, of their full size, and an exact
// resume.
func TestSmallPresets(t *testing.T) {
	folder := t.TempDir()
	rng, batch := rand.New(rand.NewPCG(1, 2)), make([]byte, 64*3073)
	for i := range batch {
		batch[i] = byte(rng.IntN(256))
		if i%3073 == 0 {
			batch[i] = byte(i / 3073 % 10)
		}
	}
	check(t, os.WriteFile(filepath.Join(folder, "data_batch_1.bin"), batch, 0o644))
	preset := func(name string, set ...string) string {
		text, err := configs.PresetText(name)
		check(t, err)
		for _, s := range append(set, "data.path="+folder, "run.batch=4", "live.total_kimg=0.012", "live.checkpoint_kimg=0.004", "live.tick_kimg=0.004") {
			key, value, _ := strings.Cut(s, "=")
			text, err = configs.Set(text, key, value)
			check(t, err)
		}
		return text
	}
	// export trains, and writes the network where the next preset finds it.
	export := func(name string, set ...string) string {
		dir := newRun(t, preset(name, set...))
		train(t, dir)
		f, err := loop.NewestCheckpoint(dir, func(error) {})
		check(t, err)
		net, err := method.Network(f)
		check(t, err)
		path := filepath.Join(folder, name+".safetensors")
		check(t, checkpoint.Write(path, net))
		return path
	}
	cnn, teacher := export("cifar10-small-cnn"), export("cifar10-small-edm", "fid.steps=2", "live.sample_count=4")
	name := "cifar10-small-gdd-i"
	text := preset(name, "model.init="+teacher, "disc.features="+cnn, "live.r1_interval=2", "live.sample_count=4")
	whole, parts := newRun(t, text), newRun(t, text)
	train(t, whole)
	l, err := loop.Open(parts)
	check(t, err)
	check(t, l.Step())
	check(t, l.Checkpoint())
	check(t, l.Flush())
	l.Close()
	train(t, parts)
	newest := func(dir string) []byte {
		list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
		check(t, err)
		b, err := os.ReadFile(list[0].Path)
		check(t, err)
		return b
	}
	if !bytes.Equal(newest(whole), newest(parts)) {
		t.Errorf("%s: another checkpoint than that of a run without a break", name)
	}
	info, err := run.ReadInfo(whole)
	check(t, err)
	if info.Status.State != run.StateDone || info.Status.FrozenFraction < 0.5 {
		t.Errorf("%s: %s, %.0f %% frozen", name, info.Status.State, 100*info.Status.FrozenFraction)
	}
}
