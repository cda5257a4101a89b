package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"innate/trainer/analysis"
	"innate/trainer/figures"
)

func (c *cli) probeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "probe RUN|FILE", Short: "what undoing a layer costs: the teacher's weights", Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
		Example: examples("probe 3 --by role", "conv0, conv1, norm0, … each for itself", "probe 3 --by block --budget 10m", "as many as ten minutes allow; again: the others"),
	}
	a := newAnalyzeFlags(cmd)
	a.running(cmd, 2000)
	by := cmd.Flags().String("by", "role", "`groups` of layers: "+strings.Join(analysis.Groupings, " | "))
	complete(cmd, "by", cobra.FixedCompletions(analysis.Groupings, cobra.ShellCompDirectiveNoFileComp))
	modes := cmd.Flags().StringSlice("modes", analysis.ProbeModes, "`what` to put back: "+strings.Join(analysis.ProbeModes, ","))
	budget := cmd.Flags().Duration("budget", 0, "`time` after which no further group is begun, such as 10m; the same command continues")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(analysis.Groupings, *by) {
			return usagef("probe --by: got %q, want %s", *by, strings.Join(analysis.Groupings, " | "))
		}
		if len(*modes) == 0 {
			return usagef("probe --modes: got none, want some of %s", strings.Join(analysis.ProbeModes, ","))
		}
		for _, mode := range *modes {
			if !slices.Contains(analysis.ProbeModes, mode) {
				return usagef("probe --modes: got %q, want some of %s", mode, strings.Join(analysis.ProbeModes, ","))
			}
		}
		s, err := c.subject(args[0])
		if err != nil {
			return err
		}
		teacher, err := c.teacher(s, *a.against)
		if err != nil {
			return err
		}
		folder, err := a.folder(s)
		if err != nil {
			return err
		}
		how := analysis.Probing{By: *by, Modes: *modes, Judge: s.judge(), Folder: folder, Budget: *budget, Now: time.Now}
		return c.networks(cmd.Context(), a, s, "probe", func(ctx context.Context, setup analysis.Setup) (*figures.Report, error) {
			return analysis.Probe(ctx, setup, s.Network, teacher, how)
		})
	}
	return cmd
}
