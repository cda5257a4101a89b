package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/sweep"
)

func (c *cli) startCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "start CONFIG", Short: "a run in the background; prints its directory",
		Args: oneArg(wantConfig()), ValidArgsFunction: completeConfig,
		Example: examples("start mnist-gdd-i --kimg 200", "a preset, trained for 200,000 images",
			"start mine.toml --set live.gen_lr=2e-4", "a file, with one setting changed",
			"start mnist-gdd-i --seeds 3", "three runs that differ in their seeds alone, queued",
			"start mnist-gdd --threads 4 --nice 10", "beside other work"),
	}
	out := pathFlag(cmd.Flags(), "out", "", "run `directory` to create instead of a numbered one")
	seeds := cmd.Flags().String("seeds", "", "an ensemble: a run for each of so many `seeds` from 1 on, or of a list as in 0-3,7; innate sweep steers it")
	jobs := jobsFlag(cmd)
	var edits edits
	edits.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *seeds != "" {
			if *out != "" || edits.process.listen != "" {
				return usagef("start: --out and --listen are for one run, want them without --seeds")
			}
			_, err := c.startEnsemble(cmd.Context(), args[0], edits, *seeds, *jobs)
			return err
		}
		if cmd.Flags().Changed("jobs") {
			return usagef("start: --jobs is for several runs, want it with --seeds")
		}
		dir, err := create(c.runs, *out, args[0], edits)
		if err != nil {
			return err
		}
		return spawn(cmd.Context(), c, dir, edits.process)
	}
	return cmd
}

// spawn starts a trainer for a new run and prints the run's directory.
func spawn(ctx context.Context, c *cli, dir string, p process) error {
	c.warn(dir)
	if err := trainer.Spawn(ctx, dir, p.args()...); err != nil {
		return err
	}
	fmt.Fprintln(c.out, dir)
	return nil
}

// startEnsemble queues runs of a configuration that differ in their seeds alone. The
// same again continues them; other settings under the same name get a number. It returns
// the directory of their sweep.
func (c *cli) startEnsemble(ctx context.Context, config string, e edits, seeds string, jobs int) (dir string, err error) {
	f := &sweep.File{}
	if f.Seeds, err = sweep.CountSeeds(seeds); err != nil {
		return "", usagef("start: --seeds: %w", err)
	}
	text, cfg, err := prepare(config, edits{set: slices.Concat(e.set, e.process.set)})
	if err != nil {
		return "", err
	}
	for _, s := range e.set {
		if key, _, _ := splitEdit(s); key == "run.seed" {
			return "", usagef("start: got --seeds and --set run.seed, want one of them")
		}
	}
	f.Name, f.Threads = cfg.Name, threadsIn(e, cfg)
	for n := 2; ; n++ {
		s, err := c.plan(f, text)
		if errors.Is(err, sweep.ErrOther) && n <= sweep.MaxRuns {
			f.Name = cfg.Name + "-" + strconv.Itoa(n)
			continue
		}
		if err != nil {
			return "", err
		}
		if err := s.save(c); err != nil {
			return "", err
		}
		return s.dir, c.queue(ctx, s.dir, jobs, false)
	}
}

// threadsIn is how many threads the command line or the configuration says that a run
// has; 0 where neither does.
func threadsIn(e edits, cfg *configs.Config) int {
	for _, s := range slices.Concat(e.set, e.process.set) {
		if key, _, _ := splitEdit(s); key == "run.threads" {
			return cfg.Run.Threads
		}
	}
	return 0
}
