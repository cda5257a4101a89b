package loop_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"innate/configs"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/precond"
	"innate/models/weights"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

// TestDrawTeacher checks the images against the sampler's own, that a grid is
// kept, and that a larger one replaces it.
func TestDrawTeacher(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, run.SamplesDir), 0o755); err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(2)
	defer dev.Close()
	cfg := &configs.Config{}
	cfg.Model.Init, cfg.Live.SampleCount = "builtin:mnist-teacher", 2
	draw := func() (string, os.FileInfo) {
		t.Helper()
		path, err := loop.DrawTeacher(t.Context(), dev, dir, cfg)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return path, info
	}
	path, first := draw()
	if filepath.Base(path) != "teacher.png" {
		t.Errorf("drawn to %s, want teacher.png", path)
	}
	want := filepath.Join(t.TempDir(), "want.png")
	writeTeacher(t, dev, want, 2)
	if got, want := readAll(t, path), readAll(t, want); string(got) != string(want) {
		t.Error("the grid differs from 18 Heun steps on the noise of the run's grid")
	}
	if _, again := draw(); !os.SameFile(first, again) {
		t.Error("the grid was drawn twice")
	}
	cfg.Live.SampleCount = 3
	if _, larger := draw(); os.SameFile(first, larger) {
		t.Error("two images stand for three")
	}
}

// writeTeacher draws n images of the noise that every grid begins with.
func writeTeacher(t *testing.T, dev device.Device, path string, n int) {
	t.Helper()
	file, err := weights.Open("builtin:mnist-teacher")
	if err != nil {
		t.Fatal(err)
	}
	den, err := method.OpenDenoiser(file)
	if err != nil {
		t.Fatal(err)
	}
	s, err := precond.NewSampler(dev, den, n)
	if err != nil {
		t.Fatal(err)
	}
	z, images := make([]float32, n*s.Pixels()), make([]float32, n*s.Pixels())
	data.ImageNormals(1<<20, s.Pixels(), z)
	s.Heun(z, loop.TeacherSteps, nil, images)
	writeGrid(t, path, images, n)
}

func readAll(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestDrawTeacherRefused checks runs without a teacher, a cancelled drawing, and
// a directory that cannot be written.
func TestDrawTeacherRefused(t *testing.T) {
	t.Parallel()
	dev := cpu.New(1)
	defer dev.Close()
	cfg := &configs.Config{}
	cfg.Live.SampleCount = 1
	if _, err := loop.DrawTeacher(t.Context(), dev, t.TempDir(), cfg); err == nil {
		t.Error("a run without model.init has a teacher")
	}
	cfg.Model.Init = "builtin:mnist-teacher"
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := loop.DrawTeacher(ctx, dev, t.TempDir(), cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v", err)
	}
	if _, err := loop.DrawTeacher(t.Context(), dev, filepath.Join(t.TempDir(), "gone"), cfg); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: got %v", err)
	}
}
