package main

import "github.com/spf13/cobra"

func (c *cli) openCommand() *cobra.Command {
	return &cobra.Command{
		Use: "open RUN", Short: "the workbench on one run",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := find(c.runs, args[0])
			if err != nil {
				return err
			}
			return workbench(cmd.Context(), c, dir, c.runs)
		},
	}
}
