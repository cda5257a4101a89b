package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"innate/trainer"
	"innate/trainer/cluster"
	"innate/trainer/run"
)

// freeWithin is how long a job that was requeued waits for the run's lock: after a
// node has failed, a file server keeps it for a minute or two, and a trainer that
// Slurm has lost sight of is killed when its node is back.
const freeWithin = 3 * time.Minute

// awaitFree waits until no trainer holds the run's lock.
func awaitFree(ctx context.Context, c *cli, dir string) error {
	pid, held, err := run.Holder(dir)
	if err != nil || !held {
		return err
	}
	fmt.Fprintf(c.err, "innate: %s: its lock is held, by pid %d when it was taken; waiting %v for its end\n", filepath.Base(dir), pid, freeWithin)
	ctx, cancel := context.WithTimeout(ctx, freeWithin)
	defer cancel()
	return run.AwaitExit(ctx, dir)
}

// newestCheckpoint is how many images the run's newest checkpoint has seen.
func newestCheckpoint(dir string) int64 {
	list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	if err != nil || len(list) == 0 {
		return 0
	}
	return list[0].Nimg
}

// requeue has the job of this process begin again if a signal ended ctx before the
// run was done. What TERM means depends on who sends it: Slurm cancels a job, or
// requeues one by itself; Kubernetes moves a pod, whose place another takes if its
// exit status says so. A job that came to no checkpoint beyond the one it began
// with ends there: it would begin again for ever.
func (c *cli) requeue(ctx context.Context, dir string, before int64) error {
	var by endedBy
	if !errors.As(context.Cause(ctx), &by) {
		return nil
	}
	s, known, err := run.ReadStatus(dir)
	if err != nil || !known || s.State != run.StateStopped {
		return err
	}
	job := trainer.Job(c.getenv)
	switch {
	case strings.HasPrefix(job, "Kubernetes "):
		seen, total := kimgOf(s)
		return againError{fmt.Errorf("%v: %s is at %s of %s kimg: another pod is to resume it", by, s.Run, seen, total)}
	case !strings.HasPrefix(job, run.Slurm+" ") || by.signal != syscall.SIGUSR1:
		return nil
	case s.CheckpointNimg <= before:
		return fmt.Errorf("%s: not queued again: it made no step before its signal: want a longer --time, or a shorter --grace", job)
	}
	if err := cluster.Requeue(context.WithoutCancel(ctx), c.getenv); err != nil {
		return fmt.Errorf("%s: not queued again: %w", job, err)
	}
	fmt.Fprintf(c.err, "%v: %s is queued again\n", by, job)
	return nil
}

// mustBeFree refuses a run that a job is to train, or trains on another machine.
// Where Slurm does not answer, it says so and lets the run's lock decide.
func (c *cli) mustBeFree(ctx context.Context, info run.Info) error {
	by, err := cluster.Held(ctx, info)
	if err != nil {
		fmt.Fprintf(c.err, "innate: %v\n", err)
	}
	if by == "" {
		return nil
	}
	return fmt.Errorf("%s: %s: want it ended first, by scancel %s", info.Name, by, info.Job.ID)
}
