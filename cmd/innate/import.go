package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"innate/models/checkpoint"
	"innate/models/weights"
)

func (c *cli) importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "makes safetensors of a PyTorch file or network pickle",
		Args: oneArg("FILE of PyTorch or network pickle"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, thatIsAll
			}
			return nil, cobra.ShellCompDirectiveDefault
		},
		Example: examples("import edm-cifar10-32x32-uncond-ve.pkl -o teacher.safetensors", "of EDM's network the averaged weights",
			"import last.pt -o model.safetensors --key model", "another part of a file"),
	}
	out := cmd.Flags().StringP("out", "o", "", "`file` to write: safetensors, or what its name ends in: .npz, .pt, .pth")
	key := cmd.Flags().String("key", "", "`part` of the file to read; default: ema, or what else looks like a network")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if *out == "" {
			return usagef("import: want --out FILE, or -o")
		}
		return importFile(c, args[0], *out, *key)
	}
	return cmd
}

// importFile writes the network in a file of PyTorch as safetensors, or as what to's
// name ends in.
func importFile(c *cli, from, to, key string) error {
	format := weights.FormatOf(to)
	write, err := weights.Formats.Get(format)
	if err != nil {
		return err
	}
	if err := mayWrite(to, written[format], from); err != nil {
		return err
	}
	file, err := openPart(key)(c, c.runs, from)
	if err != nil {
		return err
	}
	if err := write(to, file); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s\n", to, sizeOf(file))
	return nil
}

// sizeOf says in a few words how much a file holds.
func sizeOf(file *checkpoint.File) string {
	count := 0
	for _, t := range file.Tensors() {
		count += t.Count()
	}
	return fmt.Sprintf("%d tensors, %d values", len(file.Tensors()), count)
}
