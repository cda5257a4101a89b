package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"innate/tui"
)

func (c *cli) keysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keys", Short: "every key and command of the workbench, as Markdown",
		Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(c.out, tui.Keys())
			return err
		},
	}
}
