package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"innate/models/checkpoint"
	"innate/models/edm"
	"innate/models/published"
	"innate/models/torchfile"
	"innate/trainer/method"
	"innate/trainer/results"
)

func (c *cli) inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "inspect FILE|RUN", Short: "tensors and metadata of a file; executes nothing",
		Args: oneArg("FILE or RUN"), ValidArgsFunction: c.completeNetwork,
	}
	asJSON := jsonFlag(cmd.Flags())
	check := cmd.Flags().Bool("check", false, "read the values, too: compare checksums, count values that are not finite")
	key := cmd.Flags().String("key", "", "`part` of a PyTorch file or network pickle to look at; default: ema, or what else looks like a network")
	against := cmd.Flags().String("against", "", "compare the weights with those of another `FILE` or RUN, layer by layer: status 1 if they differ")
	complete(cmd, "against", c.completeNetwork)
	outputs := pathFlag(cmd.Flags(), "outputs", "", "npz `file` of what the modules of another implementation gave: compare them in the order in which they compute; status 1 if one differs")
	tolerance := cmd.Flags().Float64("tolerance", 1e-4, "with --outputs: `difference` that is none, of a module's largest value")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		switch {
		case *against != "" && *outputs != "":
			return usagef("inspect: got --against and --outputs, want one of them")
		case *against != "":
			return compareWeights(c, args[0], *key, *against, *asJSON)
		case *outputs != "":
			return compareOutputs(c, args[0], *key, *outputs, *tolerance, *asJSON)
		}
		return inspect(c, args[0], *key, *check, *asJSON)
	}
	return cmd
}

// compareWeights prints a line for each tensor of two networks that differs, in the
// order of the network or else of the first file, and fails with the first of them. key
// names the part of the first file, if it has several.
func compareWeights(c *cli, first, key, second string, asJSON bool) error {
	var files [2]*checkpoint.File
	for i, ref := range []string{first, second} {
		file, err := openKey(c, ref, key)
		if err != nil {
			return err
		}
		key = "" // of the first alone
		if files[i], err = method.Network(file); err != nil {
			return err
		}
	}
	differences, retyped, err := checkpoint.Compare(files[0], files[1])
	if err != nil {
		return err
	}
	sortByNetwork(differences, files[0])
	if asJSON {
		if err := printJSON(c.out, append([]checkpoint.Difference{}, differences...)); err != nil {
			return err
		}
	}
	if len(differences) == 0 {
		if !asJSON {
			types := ""
			if retyped > 0 {
				types = fmt.Sprintf("; %d of the tensors have another type", retyped)
			}
			fmt.Fprintf(c.out, "the same in all of %s%s\n", sizeOf(files[0]), types)
		}
		return nil
	}
	for _, d := range differences {
		if !asJSON {
			fmt.Fprintf(c.out, "%-48s %s\n", results.Printable(d.Name), d.What)
		}
	}
	return fmt.Errorf("%s and %s differ in %d tensors, first in %q", first, second, len(differences), differences[0].Name)
}

// sortByNetwork sorts tensors of a network pickle, or of what was imported from one, in
// the order in which they compute: a file may have them by type. What is no parameter
// of the network comes last.
func sortByNetwork(differences []checkpoint.Difference, f *checkpoint.File) {
	if !edm.In(f) {
		return
	}
	layers, err := edm.Layers(f)
	if err != nil {
		return // a network of others, whose order is that of the file
	}
	place := map[string]int{}
	for i, l := range layers {
		place[edm.Prefix+l.Name] = i - len(layers) // the rest is at 0
	}
	slices.SortStableFunc(differences, func(a, b checkpoint.Difference) int { return cmp.Compare(place[a.Name], place[b.Name]) })
}

// openKey opens the network that ref names, or that part of its file.
func openKey(c *cli, ref, key string) (*checkpoint.File, error) {
	if key != "" {
		return openPart(key)(c, c.runs, ref)
	}
	return useNetwork(c, c.runs, ref)
}

// openPart opens the part of that key of a PyTorch file or network pickle.
func openPart(key string) func(_ *cli, _, ref string) (*checkpoint.File, error) {
	return func(_ *cli, _, ref string) (*checkpoint.File, error) {
		path, err := published.Resolve(ref)
		if err != nil {
			return nil, err
		}
		return torchfile.Load(path, key)
	}
}

// inspect prints what the header of a file says, and reads no more unless check
// asks for the values.
func inspect(c *cli, ref, key string, check, asJSON bool) error {
	open := openHeader
	switch {
	case key != "":
		open = openPart(key)
	case check:
		open = openNetwork
	}
	file, err := open(c, c.runs, ref)
	if err != nil {
		return err
	}
	notFinite := make([]int, len(file.Tensors())) // values of each tensor
	for i, t := range file.Tensors() {
		if check {
			if notFinite[i], err = t.NotFinite(); err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
		}
	}
	print := printFile
	if asJSON {
		print = printFileJSON
	}
	if err := print(c, file, notFinite); err != nil {
		return err
	}
	return allFinite(ref, file, notFinite)
}

// printFileJSON is printFile for scripts.
func printFileJSON(c *cli, file *checkpoint.File, notFinite []int) error {
	type tensor struct {
		Name    string `json:"name"`
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Strides []int  `json:"strides,omitempty"`    // where values do not lie row by row
		Bad     int    `json:"not_finite,omitempty"` // values that are NaN or infinite
	}
	list := []tensor{}
	for i, t := range file.Tensors() {
		list = append(list, tensor{t.Name, string(t.DType), t.Shape, t.Strides, notFinite[i]})
	}
	said := map[string]any{"metadata": file.Metadata, "tensors": list}
	if file.Changed != "" {
		said["changed"] = file.Changed
	}
	return printJSON(c.out, said)
}

// printFile writes a line for each tensor, then what the file has in all and says
// of itself.
func printFile(c *cli, file *checkpoint.File, _ []int) error {
	width := len(checkpoint.BF16)
	for _, t := range file.Tensors() {
		width = max(width, len(t.DType))
	}
	for _, t := range file.Tensors() {
		strides := ""
		if t.Strides != nil {
			strides = fmt.Sprintf(" strides %v", t.Strides)
		}
		fmt.Fprintf(c.out, "%-48s %-*s %v%s\n", results.Printable(t.Name), width, t.DType, t.Shape, strides)
	}
	fmt.Fprintln(c.out, sizeOf(file))
	summary := file.Summary()
	for _, line := range []struct {
		name   string
		counts []string
	}{{"types", summary.Types}, {"layers", summary.Layers}} {
		if len(line.counts) > 0 {
			fmt.Fprintf(c.out, "%s: %s\n", line.name, strings.Join(line.counts, ", "))
		}
	}
	if file.Changed != "" {
		fmt.Fprintln(c.out, file.Changed)
	}
	for _, k := range sortedKeys(file.Metadata) {
		if v := file.Metadata[k]; len(v) <= 200 || strings.HasPrefix(k, "python.") && len(v) <= 4000 {
			fmt.Fprintf(c.out, "%s: %s\n", results.Printable(k), results.Printable(v))
		} else {
			fmt.Fprintf(c.out, "%s: %d characters\n", results.Printable(k), len(v))
		}
	}
	return nil
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
