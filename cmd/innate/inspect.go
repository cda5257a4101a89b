package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"innate/models/checkpoint"
)

func (c *cli) inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "inspect FILE|RUN", Short: "tensors and metadata of a file; executes nothing",
		Args: oneArg("FILE or RUN"), ValidArgsFunction: c.completeNetwork,
	}
	asJSON := jsonFlag(cmd.Flags())
	check := cmd.Flags().Bool("check", false, "read the values, too: compare checksums, count values that are not finite")
	cmd.RunE = func(_ *cobra.Command, args []string) error { return inspect(c, args[0], *check, *asJSON) }
	return cmd
}

// inspect prints what the header of a file says, and reads no more unless check
// asks for the values.
func inspect(c *cli, ref string, check, asJSON bool) error {
	open := openHeader
	if check {
		open = openNetwork
	}
	file, err := open(c, c.runs, ref)
	if err != nil {
		return err
	}
	notFinite := make([]int, len(file.Tensors())) // values of each tensor
	for i, t := range file.Tensors() {
		if check {
			notFinite[i] = t.NotFinite()
		}
	}
	if asJSON {
		type tensor struct {
			Name  string `json:"name"`
			DType string `json:"dtype"`
			Shape []int  `json:"shape"`
			Bad   int    `json:"not_finite,omitempty"` // values that are NaN or infinite
		}
		list := []tensor{}
		for i, t := range file.Tensors() {
			list = append(list, tensor{t.Name, string(t.DType), t.Shape, notFinite[i]})
		}
		said := map[string]any{"metadata": file.Metadata, "tensors": list}
		if file.Changed != "" {
			said["changed"] = file.Changed
		}
		if err := printJSON(c.out, said); err != nil {
			return err
		}
		return allFinite(ref, file, notFinite)
	}
	count, width := 0, len(checkpoint.BF16)
	for _, t := range file.Tensors() {
		width = max(width, len(t.DType))
	}
	for _, t := range file.Tensors() {
		fmt.Fprintf(c.out, "%-48s %-*s %v\n", t.Name, width, t.DType, t.Shape)
		count += t.Count()
	}
	fmt.Fprintf(c.out, "%d tensors, %d values\n", len(file.Tensors()), count)
	if file.Changed != "" {
		fmt.Fprintln(c.out, file.Changed)
	}
	for _, k := range sortedKeys(file.Metadata) {
		if v := file.Metadata[k]; len(v) <= 200 {
			fmt.Fprintf(c.out, "%s: %s\n", k, v)
		} else {
			fmt.Fprintf(c.out, "%s: %d characters\n", k, len(v))
		}
	}
	return allFinite(ref, file, notFinite)
}

// allFinite names the first tensor of which no picture and no number can come.
func allFinite(ref string, file *checkpoint.File, notFinite []int) error {
	for i, t := range file.Tensors() {
		if notFinite[i] > 0 {
			return fmt.Errorf("%s: tensor %q: %d of %d values are not finite", ref, t.Name, notFinite[i], t.Count())
		}
	}
	return nil
}
