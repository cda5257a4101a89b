package main

import (
	"context"
	"fmt"

	"innate/trainer"
	"innate/trainer/control"
)

var startCommand = command{"start", "CONFIG", "the same, detached; prints the run directory", runStart}

func runStart(ctx context.Context, c *cli, args []string) error {
	f := c.flags("start")
	runs := f.String("runs", "", "`directory` of all runs")
	out := f.String("out", "", "run `directory` to create instead of a numbered one")
	var edits edits
	edits.register(f)
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usagef("start: got %d arguments, want one CONFIG", len(rest))
	}
	dir, err := create(c, *runs, *out, rest[0], edits)
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
	dir, err := oneRun(c, "resume", args)
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

// oneRun parses a command line that names one run and nothing else.
func oneRun(c *cli, cmd string, args []string) (string, error) {
	f := c.flags(cmd)
	runs := f.String("runs", "", "`directory` of all runs")
	rest, err := parse(f, args)
	if err != nil {
		return "", err
	}
	if len(rest) != 1 {
		return "", usagef("%s: got %d arguments, want one RUN: a number, a name or a directory", cmd, len(rest))
	}
	return control.Find(control.RunsDir(*runs), rest[0])
}
