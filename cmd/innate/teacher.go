package main

import (
	"context"
	"path/filepath"
	"runtime"

	"innate/configs"
	"innate/models/cpu"
	"innate/trainer/loop"
	"innate/trainer/run"
)

// drawTeacher draws the teacher's grid of a run for the workbench, on half of
// the cores: the run may be training on all of them.
func drawTeacher(ctx context.Context, dir string) (string, error) {
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return "", err
	}
	dev := cpu.New(max(1, runtime.GOMAXPROCS(0)/2))
	defer dev.Close()
	return loop.DrawTeacher(ctx, dev, dir, cfg)
}
