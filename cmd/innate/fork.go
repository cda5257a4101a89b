package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"innate/trainer"
	"innate/trainer/run"
)

func (c *cli) forkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fork RUN|CHECKPOINT", Short: "a new run that continues from a checkpoint of another",
		Args: oneArg("RUN or checkpoint FILE"), ValidArgsFunction: c.completeRunOrFile(run.CheckpointExt),
		Example: examples("fork 3 --at best --start", "from the checkpoint of the best FID",
			"fork 3 --at 40 --set live.gen_lr=1e-4", "from 40 kimg, with another rate"),
	}
	f := cmd.Flags()
	at := pathFlag(f, "at", "", "`checkpoint`: thousands of images such as 40, best (by FID) or a file; default: the newest")
	name := f.String("name", "", "`name` of the new run; default: the old one's")
	start := f.Bool("start", false, "start the new run at once")
	var edits edits
	edits.register(cmd)
	complete(cmd, "at", c.completeCheckpoint)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if edits.process.listen != "" && !*start {
			return usagef("fork: --listen counts when a trainer starts, want --start beside it")
		}
		return fork(cmd.Context(), c, args[0], *at, *name, *start, edits)
	}
	return cmd
}

// fork makes a run from a checkpoint, and starts it if asked to.
func fork(ctx context.Context, c *cli, ref, at, name string, start bool, edits edits) error {
	if !strings.HasSuffix(ref, run.CheckpointExt) {
		dir, file, err := runOrFile(c.runs, ref)
		if err != nil {
			return err
		}
		ref = dir + file // one of them
	}
	forked, err := trainer.Fork(trainer.ForkOptions{
		RunsDir: run.RunsDir(c.runs), Source: ref, At: at, Name: name, Edit: edits.apply,
	})
	if err != nil {
		return err
	}
	if forked.Note != "" {
		fmt.Fprintf(c.err, "innate: %s\n", forked.Note)
	}
	fmt.Fprintln(c.err, forked.Text)
	if start {
		return spawn(ctx, c, forked.Dir, edits.process)
	}
	fmt.Fprintln(c.out, forked.Dir)
	return nil
}
