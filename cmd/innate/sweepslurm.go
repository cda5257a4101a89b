package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"innate/trainer/cluster"
	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/trainer/sweep/queue"
)

// checkSweep refuses flags of a job without one, and those of a queue with one.
func (s *submission) checkSweep(cmd *cobra.Command) error {
	if s.slurm {
		for _, name := range []string{"jobs", "foreground"} {
			if cmd.Flags().Changed(name) {
				return usagef("sweep: --%s is for a queue here, want it without --slurm", name)
			}
		}
		return s.checkGrace("sweep")
	}
	for _, name := range jobFlags {
		if cmd.Flags().Changed(name) {
			return usagef("sweep: --%s is for --slurm", name)
		}
	}
	return nil
}

// submitSweep makes the runs of a sweep and hands those that are neither done nor under
// way to sbatch, as one job. If that refuses, nothing is left of those that it made.
func (s *submission) submitSweep(ctx context.Context, c *cli, p *planned) error {
	if len(p.Stop.AtKimg) > 0 || p.Greedy.Group != "" {
		return usagef("sweep: %s: its points depend on what comes of others, which a queue decides: want it without --slurm, or without stop and greedy", p.Name)
	}
	cfg, err := p.Config(p.Points[0], p.Seeds[0])
	if err == nil {
		err = s.checkRun(cfg)
	}
	if err != nil {
		return err
	}
	s.job.Name = p.Name
	if !s.dryRun {
		if err := cluster.CanSubmit(); err != nil {
			return err
		}
		if err := p.save(c); err != nil {
			return err
		}
	}
	made, err := s.sweepRuns(ctx, c, p)
	switch {
	case err != nil:
	case len(s.job.Dirs) == 0:
		return fmt.Errorf("sweep: %s: every run is done or under way", p.Name)
	case s.dryRun:
		return s.printJob(c)
	default:
		err = s.send(ctx, c)
	}
	if err != nil && !errors.Is(err, cluster.ErrUncertain) {
		s.job.Dirs = made
		return errors.Join(err, s.takeBack())
	}
	p.Job, p.Ended = run.ReadJob(s.job.Dirs[0]).ID, ""
	if len(s.job.Dirs) > 1 {
		p.Job = p.Job[:max(len(p.Job)-2, 0)] // less the _0 of the first task
	}
	said := sweep.Entry{Time: time.Now(), Kind: "begin", Text: fmt.Sprintf("%d runs as Slurm job %s", len(s.job.Dirs), p.Job)}
	return errors.Join(err, p.Plan.Write(p.dir), sweep.Append(p.dir, said))
}

// sweepRuns fills in the directories of the runs that are to be trained, and makes those
// that are not there; made are these.
func (s *submission) sweepRuns(ctx context.Context, c *cli, p *planned) (made []string, err error) {
	for _, seed := range p.Seeds {
		for _, point := range p.Points {
			dir, err := filepath.Abs(filepath.Join(filepath.Dir(p.dir), p.RunName(point, seed)))
			if err != nil {
				return made, err
			}
			there := run.IsRun(dir)
			if r := p.records.Find(point.Name, seed); !there && r != nil && r.Done {
				continue
			}
			if there {
				info, err := run.ReadInfo(dir)
				if err != nil {
					return made, err
				}
				c.askJobs(ctx, &info) // one whose job is over is queued no more
				if st := info.Status.State; info.Alive || st == run.StateDone || st == run.StateQueued {
					continue
				}
			}
			s.job.Dirs = append(s.job.Dirs, dir)
			if s.dryRun {
				continue
			}
			if err := queue.Create(p.Plan, dir, point, seed); err != nil {
				return made, err
			}
			if !there {
				made = append(made, dir)
			}
		}
	}
	return made, nil
}
