package main

import (
	"context"
	"fmt"

	"innate/trainer"
	"innate/trainer/control"
)

var startCommand = command{"start", "CONFIG", "the same, detached; prints the run directory", runStart}

func runStart(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("start")
	out := f.String("out", "", "run `directory` to create instead of a numbered one")
	var edits edits
	edits.register(f)
	config, err := parseOne(f, args, wantConfig())
	if err != nil {
		return err
	}
	dir, err := create(*runs, *out, config, edits)
	if err != nil {
		return err
	}
	if err := trainer.Spawn(ctx, dir); err != nil {
		return err
	}
	fmt.Fprintln(c.out, dir)
	return nil
}

var resumeCommand = command{"resume", "RUN", "lets a paused run go on; restarts a stopped or dead one", runResume}

func runResume(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("resume")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	return resume(ctx, dir)
}

// resume lets a paused run go on and restarts one without a trainer from its
// last checkpoint.
func resume(ctx context.Context, dir string) error {
	info, err := control.ReadInfo(dir)
	if err != nil {
		return err
	}
	if !info.Alive {
		return trainer.Spawn(ctx, dir)
	}
	_, err = control.NewClient(dir).Resume(ctx)
	return err
}
