package main

import (
	"context"
	"path/filepath"
	"runtime"

	"innate/configs"
	"innate/models/kernels"
	"innate/trainer/control"
	"innate/trainer/loop"
)

// drawTeacher draws the teacher's grid of a run for the workbench, on half of
// the cores: the run may be training on all of them.
func drawTeacher(ctx context.Context, dir string) (string, error) {
	cfg, err := configs.Load(filepath.Join(dir, control.ConfigFile))
	if err != nil {
		return "", err
	}
	pool := kernels.NewPool(max(1, runtime.GOMAXPROCS(0)/2))
	defer pool.Close()
	return loop.DrawTeacher(ctx, pool, dir, cfg)
}
