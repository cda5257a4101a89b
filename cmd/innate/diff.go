package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"innate/configs"
)

// setting is one that differs, as --json prints it; values are TOML.
type setting struct {
	Key  string `json:"key"`
	A    string `json:"a"`
	B    string `json:"b"`
	Live bool   `json:"live"`
}

func (c *cli) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "diff A B", Short: "settings in which two runs or configs differ",
		Args: twoConfigs, ValidArgsFunction: c.completeDiff,
		Example: examples("diff 3 5", "as both are set now",
			"diff mnist-gdd mnist-gdd-i", "two presets",
			"diff mnist-gdd-i 5 --json", "for scripts"),
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		var both [2]*configs.Config
		for i, ref := range args {
			var err error
			if _, _, both[i], err = configOf(c.runs, ref, edits{}); err != nil {
				return err
			}
		}
		list := []setting{} // which JSON writes as a list, though it be empty
		for _, ch := range configs.Diff(both[0], both[1]) {
			list = append(list, setting{ch.Key, ch.Old, ch.New, ch.Live})
		}
		if *asJSON {
			return printJSON(c.out, list)
		}
		if len(list) == 0 {
			fmt.Fprintln(c.out, "no setting differs")
			return nil
		}
		w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(w, "setting\t%s\t%s\n", args[0], args[1])
		for _, s := range list {
			fmt.Fprintf(w, "%s\t%s\t%s\n", s.Key, s.A, s.B)
		}
		return w.Flush()
	}
	return cmd
}

func twoConfigs(_ *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usagef("diff: got %d arguments, want two: runs, presets or .toml files", len(args))
	}
	return nil
}

// completeDiff completes either argument.
func (c *cli) completeDiff(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 1 {
		args = nil
	}
	return c.completeRunOrConfig(cmd, args, typed)
}
