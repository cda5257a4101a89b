package loop

import (
	"context"
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"innate/configs"
	"innate/models/device"
	"innate/models/precond"
	"innate/models/weights"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/sampleio"
)

// TeacherSteps are the Heun steps in which a teacher draws its samples: the
// 35 network calls of Karras et al. 2022.
const TeacherSteps = 18

// teacherBatch bounds how long DrawTeacher takes to notice that it is cancelled.
const teacherBatch = 8

// DrawTeacher draws what the network that a run starts from makes of the noise
// of the run's own grid, so that both show the same images, and returns the
// file. One that is there already and large enough stays as it is.
func DrawTeacher(ctx context.Context, dev device.Device, dir string, cfg *configs.Config) (string, error) {
	if cfg.Model.Init == "" {
		return "", fmt.Errorf("loop: teacher: model.init is empty, want the network that the run starts from")
	}
	file, err := weights.Open(configs.Locate(dir, cfg.Model.Init))
	if err != nil {
		return "", err
	}
	den, err := method.OpenDenoiser(file)
	if err != nil {
		return "", err
	}
	if den.Kind == precond.GDD {
		return "", fmt.Errorf("loop: teacher: %s: a one-step generator, want a diffusion model", cfg.Model.Init)
	}
	a := Arrange(den, cfg.Live.SampleCount)
	rows := (a.N + a.Cols - 1) / a.Cols
	a.N = rows * a.Cols // filled up, so that the grid's size tells how many it covers
	side := den.Net.Shape().Resolution
	path := filepath.Join(dir, run.TeacherFile)
	if w, h := sizeOfPNG(path); w == a.Cols*side && h == rows*side {
		return path, nil
	}
	s, err := precond.NewSampler(dev, den, min(a.N, teacherBatch))
	if err != nil {
		return "", err
	}
	latents := a.Latents(den, sampleSeed)
	images := make([]float32, a.N*s.Pixels())
	for at := 0; at < a.N; at += teacherBatch {
		if err := ctx.Err(); err != nil {
			return "", fmt.Errorf("loop: teacher: %w", err)
		}
		to := min(at+teacherBatch, a.N)
		if err := latents.Range(at, teacherBatch).Generate(s, TeacherSteps, images[at*s.Pixels():to*s.Pixels()]); err != nil {
			return "", err
		}
	}
	grid, err := a.Grid(den, images)
	if err != nil {
		return "", err
	}
	return path, sampleio.WritePNG(path, grid)
}

// sizeOfPNG reads a picture's size, 0 by 0 if there is none.
func sizeOfPNG(path string) (w, h int) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	cfg, err := png.DecodeConfig(f)
	if err != nil {
		return 0, 0
	}
	return cfg.Width, cfg.Height
}
