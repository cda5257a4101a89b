package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"innate/trainer"
)

func (c *cli) startCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "start CONFIG", Short: "a run in the background; prints its directory",
		Args: oneArg(wantConfig()), ValidArgsFunction: completeConfig,
		Example: examples("start mnist-gdd-i --kimg 200", "a preset, trained for 200,000 images",
			"start mine.toml --set live.gen_lr=2e-4", "a file, with one setting changed",
			"start mnist-gdd --threads 4 --nice 10", "beside other work"),
	}
	out := pathFlag(cmd.Flags(), "out", "", "run `directory` to create instead of a numbered one")
	var edits edits
	edits.register(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
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
