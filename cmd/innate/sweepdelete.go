package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"innate/trainer/sweep"
)

func (c *cli) sweepDeleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete NAME", Aliases: []string{"rm"}, Short: "removes a sweep with its runs; or: rm NAME",
		Args: oneArg("NAME of a sweep"), ValidArgsFunction: c.completeSweepName,
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	keep := cmd.Flags().Bool("keep-runs", false, "remove what makes a sweep of the runs, and leave them")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, p, err := c.openSweep(args[0])
		if err != nil {
			return err
		}
		runs, what := 0, "with its runs"
		for _, m := range sweep.Of(dir, p).Points {
			for _, s := range m.Runs {
				if s.Record != nil {
					continue
				}
				runs++
				if *keep {
					continue
				}
				if err := c.mustBeFree(cmd.Context(), s.Info); err != nil {
					return err
				}
			}
		}
		if *keep {
			what = "and keep its runs"
		}
		if !*yes {
			if c.ask == nil {
				return usagef("sweep delete: nobody can be asked here, want --yes")
			}
			if !c.ask(fmt.Sprintf("delete %s (%d points, %d runs) %s?", dir, len(p.Points), runs, what)) {
				return errors.New("sweep delete: nothing was deleted")
			}
		}
		return sweep.Delete(dir, !*keep)
	}
	return cmd
}
