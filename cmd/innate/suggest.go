package main

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"innate/trainer/analysis"
	"innate/trainer/figures"
	"innate/trainer/run"
)

func (c *cli) analyzeSuggest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "suggest RUN|FILE", Short: "a [freeze] table by a simple rule, from weights, layers and probe", Args: oneArg(wantNetwork), ValidArgsFunction: c.completeNetwork,
		Long: "a [freeze] table by a simple rule of innate's own. The rule: " + analysis.Rule + ". It is a guess, made of a run that trained everything.",
	}
	a := newAnalyzeFlags(cmd)
	by := cmd.Flags().String("by", "role", "`groups` of layers: "+strings.Join(analysis.Groupings, " | "))
	complete(cmd, "by", cobra.FixedCompletions(analysis.Groupings, cobra.ShellCompDirectiveNoFileComp))
	share := cmd.Flags().Float64("frozen", 0.85, "largest `share` of all values that is frozen, near GDD-I's")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(analysis.Groupings, *by) {
			return usagef("analyze suggest --by: got %q, want %s", *by, strings.Join(analysis.Groupings, " | "))
		}
		if !(*share >= 0 && *share <= 1) {
			return usagef("analyze suggest --frozen: got %v, want in [0, 1]", *share)
		}
		s, err := c.subject(args[0])
		if err != nil {
			return err
		}
		before, err := c.teacher(s, *a.against)
		if err != nil {
			return err
		}
		var found []*figures.Report
		if s.dir != "" {
			found, _ = figures.List(filepath.Join(s.dir, run.AnalysisDir)) // what is damaged says nothing
		}
		return c.perform(cmd.Context(), a, s, "suggest", func(context.Context, func(done, total int)) (*figures.Report, error) {
			made, err := analysis.Suggest(s.Network, before, found, *by, *share)
			if err != nil {
				return nil, err
			}
			return made.Report, nil
		})
	}
	return cmd
}
