package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"innate/models/published"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/remote"
	"innate/trainer/run"
	"innate/tui"
)

func (c *cli) openCommand() *cobra.Command {
	return &cobra.Command{
		Use: "open RUN|ADDRESS", Short: "the workbench on one run, or on another machine's",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
		Long: `An ADDRESS is ssh://[USER@]HOST[:PORT][/RUN][?runs=DIRECTORY&innate=PROGRAM], where
innate serve is run by ssh, or tcp://HOST:PORT[/RUN], where it listens; the token
is then in $` + remote.TokenVariable + `, or in the file that $` + remote.TokenFileVariable + ` names. Runs are followed
by copies in the folder of fetched files: what was added travels, samples when they
are shown. Live settings, freezing, pause, stop and resume act there, and so do edits
of config.toml, tags and notes, forks and analyses; new runs, deleting and the queues
of sweeps are for that machine's own workbench. A lost connection is made again by itself.
$` + remote.SSHVariable + ` names another program than ssh.`,
		Example: examples("open 3", "a run here",
			"open ssh://HOST/3", "run 3 of the default runs directory there",
			"open ssh://me@HOST?runs=/data/runs", "all runs of a directory there"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if remote.IsAddress(args[0]) {
				return c.openRemote(cmd.Context(), args[0])
			}
			dir, err := find(c.runs, args[0])
			if err != nil {
				return err
			}
			return workbench(cmd.Context(), c, dir, c.runs)
		},
	}
}

// openRemote opens the workbench on the runs at an address.
func (c *cli) openRemote(ctx context.Context, address string) (err error) {
	m, dir, err := c.mirror(ctx, address)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var following sync.WaitGroup
	following.Go(func() { m.Run(ctx) })
	defer func() {
		stop()
		following.Wait()
		err = errors.Join(err, m.Close())
	}()
	return tui.Run(ctx, c.remoteOptions(m, dir))
}

// mirror copies the runs at an address, as far as a first look goes. dir is the copy
// of the run that the address names; "" if it names none.
func (c *cli) mirror(ctx context.Context, address string) (m *remote.Mirror, dir string, err error) {
	cache, err := published.Dir()
	if err != nil {
		return nil, "", err
	}
	client, name, err := c.dialRuns(ctx, address)
	if err != nil {
		return nil, "", err
	}
	if m, err = remote.NewMirror(ctx, client, cache, address, name); err != nil {
		client.Close()
		return nil, "", err
	}
	if name != "" {
		dir = m.Dir(name)
	}
	return m, dir, nil
}

// remoteOptions wires the screen to the runs of another machine. Forks and analyses are
// offered where that machine does; new runs, deleting and sweeps are not.
func (c *cli) remoteOptions(m *remote.Mirror, dir string) tui.Options {
	o := tui.Options{
		RunDir: dir, RunsDir: m.Runs(), Remote: m, Getenv: c.getenv,
		Resume: m.Resume,
		Teacher: func(ctx context.Context, dir string) (string, error) {
			if err := m.Bring(ctx, dir, run.TeacherFile); err != nil {
				return "", fmt.Errorf("teacher: drawn by the workbench of the run's own machine, or not yet: %w", err)
			}
			return filepath.Join(dir, run.TeacherFile), nil
		},
		TeacherSteps: loop.TeacherSteps,
		Frozen:       loop.Frozen,
	}
	if m.Offers(remote.OfferFork) {
		o.Fork, o.Forkable = m.Fork, trainer.Forkable()
	}
	if m.Offers(remote.OfferAnalyze) {
		o.Analyze, o.Dismiss = m.Analyze, m.Dismiss
	}
	return o
}
