package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/configs"
	"innate/trainer/control"
)

func (c *cli) freezeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "freeze RUN", Short: "changes which layers train",
		Args: oneRun, ValidArgsFunction: c.completeRun(alive),
		Example: examples("freeze 3 --preset gdd-i", "as the paper freezes",
			"freeze 3 --freeze 'dec.28x28_*'", "a block beside the preset's",
			"freeze 3 --preset none --freeze '' --train ''", "all layers train"),
	}
	f := cmd.Flags()
	preset := f.String("preset", "", "`name`: "+strings.Join(configs.FreezePresets(), " | "))
	freeze := globs(f, "freeze", "`glob` of parameters to freeze beside the preset's, such as 'dec.28x28_*'; may be repeated, '' for none")
	train := globs(f, "train", "`glob` of parameters to train all the same; may be repeated, '' for none")
	complete(cmd, "preset", completeFreezePreset)
	complete(cmd, "freeze", c.completeLayer)
	complete(cmd, "train", c.completeLayer)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		r := control.FreezeRequest{Freeze: *freeze, Train: *train}
		if *preset != "" {
			r.Preset = preset
		}
		if err := r.Validate(); err != nil {
			return usagef("freeze: want --preset, --freeze or --train")
		}
		ctx, cancel := waiting(cmd.Context(), commandTimeout)
		defer cancel()
		st, err := control.NewClient(dir).Freeze(ctx, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: %.1f %% of %d parameters frozen\n", st.Run, 100*st.FrozenFraction, st.Params)
		return nil
	}
	return cmd
}

// globs is a flag that collects globs; nil if it was not given, and empty if it
// was given as ”.
func globs(f *pflag.FlagSet, name, usage string) **[]string {
	var list *[]string
	f.Func(name, usage, func(s string) error {
		if list == nil {
			list = &[]string{}
		}
		if s = strings.TrimSpace(s); s != "" {
			*list = append(*list, s)
		}
		return nil
	})
	return &list
}
