package main

import (
	"context"
	"fmt"
	"path/filepath"

	"innate/models/checkpoint"
	"innate/trainer/loop"
	"innate/trainer/run"
)

var exportCommand = command{"export", "RUN FILE", "a run's averaged weights as one safetensors file", runExport}

func runExport(_ context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("export")
	var notes []string
	f.Func("note", "`key=value` for the file's metadata; may be repeated", func(s string) error {
		notes = append(notes, s)
		return nil
	})
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) != 2 {
		return usagef("export: got %d arguments, want a RUN or checkpoint, and a FILE", len(rest))
	}
	if err := outsideCheckpoints(rest[1]); err != nil {
		return err
	}
	src, err := useNetwork(c, *runs, rest[0])
	if err != nil {
		return err
	}
	dst, err := loop.Network(src)
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
	return checkpoint.Write(rest[1], dst)
}

// outsideCheckpoints refuses a file to be written among the checkpoints of a run,
// which would take it for one of them, or lose one to it.
func outsideCheckpoints(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		abs = filepath.Join(real, filepath.Base(abs))
	}
	folder := filepath.Dir(abs)
	if filepath.Base(folder) == run.CheckpointsDir && run.IsRun(filepath.Dir(folder)) {
		return fmt.Errorf("%s: lies among the checkpoints of %s, want a file elsewhere", path, filepath.Base(filepath.Dir(folder)))
	}
	return nil
}

var inspectCommand = command{"inspect", "FILE", "tensors and metadata of a file; executes nothing", runInspect}

func runInspect(_ context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("inspect")
	asJSON := f.Bool("json", false, "print JSON")
	ref, err := parseOne(f, args, "FILE or RUN")
	if err != nil {
		return err
	}
	file, err := openNetwork(c, *runs, ref)
	if err != nil {
		return err
	}
	notFinite := make([]int, len(file.Tensors())) // values of each tensor
	for i, t := range file.Tensors() {
		notFinite[i] = t.NotFinite()
	}
	if *asJSON {
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
