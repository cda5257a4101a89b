package main

import (
	"github.com/spf13/cobra"

	"innate/models/weights"
	"innate/trainer/method"
)

func (c *cli) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "export RUN FILE", Short: "a run's averaged weights as one file",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault // the file to write
			}
			return c.completeNetwork(cmd, args, typed)
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("export: got %d arguments, want a RUN or checkpoint, and a FILE", len(args))
			}
			return nil
		},
	}
	var notes []string
	cmd.Flags().Func("note", "`key=value` for the file's metadata; may be repeated", func(s string) error {
		notes = append(notes, s)
		return nil
	})
	format := cmd.Flags().String("format", "", "`safetensors`, npz or torch; default: what FILE's name ends in, or else safetensors")
	cmd.RunE = func(_ *cobra.Command, args []string) error { return export(c, args[0], args[1], *format, notes) }
	return cmd
}

// export writes the network that ref names to a file of its own.
func export(c *cli, ref, path, format string, notes []string) error {
	if format == "" {
		format = weights.FormatOf(path)
	}
	write, err := weights.Formats.Get(format)
	if err != nil {
		return usagef("export --%w", err)
	}
	if err := mayWrite(path, written[format], ref); err != nil {
		return err
	}
	src, err := useNetwork(c, c.runs, ref)
	if err != nil {
		return err
	}
	dst, err := method.Network(src)
	if err != nil {
		return err
	}
	for _, n := range notes {
		key, value, err := splitEdit(n)
		if err != nil {
			return err
		}
		dst.Metadata[key] = value
	}
	if format == weights.Torch {
		if dst, err = method.ForEDM(dst); err != nil {
			return err
		}
	}
	return write(path, dst)
}
