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
	out := pathFlag(f, "out", "", "run `directory` to create instead of a numbered one")
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
	return spawn(ctx, c, dir, edits.process)
}

// spawn starts a trainer for a new run and prints the run's directory.
func spawn(ctx context.Context, c *cli, dir string, p process) error {
	c.warnOccupied(dir)
	if err := trainer.Spawn(ctx, dir, p.args()...); err != nil {
		return err
	}
	fmt.Fprintln(c.out, dir)
	return nil
}

var resumeCommand = command{"resume", "RUN", "lets a paused run go on; restarts a stopped or dead one", runResume}

func runResume(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("resume")
	var p process
	p.register(f)
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	return c.resume(ctx, dir, p)
}

// resume lets a paused run go on and restarts one without a trainer from its
// last checkpoint. A trainer that has just been killed holds the run's lock for
// as long as the kernel takes to end it.
func (c *cli) resume(ctx context.Context, dir string, p process) error {
	info, err := control.ReadInfo(dir)
	if err != nil {
		return err
	}
	if info.Alive {
		if p.given() {
			err = fmt.Errorf("%s: has a trainer: --threads, --nice and --listen count when one starts, so stop it first", info.Name)
		} else {
			_, err = control.NewClient(dir).Resume(ctx)
		}
		if err == nil || !trainer.AwaitGone(ctx, dir) {
			return err
		}
	}
	if err := p.adjust(dir); err != nil {
		return err
	}
	c.warnOccupied(dir)
	return trainer.Spawn(ctx, dir, p.args()...)
}
