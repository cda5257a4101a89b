package main

import (
	"github.com/spf13/cobra"

	"innate/trainer/control"
)

func (c *cli) setCommand() *cobra.Command {
	return &cobra.Command{
		Use: "set RUN key=value...", Short: "changes live settings, as an edit of config.toml does",
		Example:           examples("set 3 live.gen_lr=2e-4 live.fid_kimg=10", "all of them, or none on an error"),
		ValidArgsFunction: c.completeSet,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usagef("set: want a RUN and at least one key=value, such as live.gen_lr=2e-4")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := find(c.runs, args[0])
			if err != nil {
				return err
			}
			set := map[string]string{}
			for _, s := range args[1:] {
				key, value, err := splitEdit(s)
				if err != nil {
					return err
				}
				set[key] = value
			}
			ctx, cancel := waiting(cmd.Context(), commandTimeout)
			defer cancel()
			_, err = control.NewClient(dir).Set(ctx, set)
			return err
		},
	}
}
