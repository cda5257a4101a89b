package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"innate/trainer/results"
	"innate/trainer/run"
)

func (c *cli) resultsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "results [RUN|FILE]", Short: "numbers that fid has measured; or of a sweep, by name",
		Args: upToOne, ValidArgsFunction: c.completeRun(anyRun),
		Long: "Numbers that differ by their seeds alone are one line: their mean, the standard\n" +
			"deviation over the ranges, and the best of them, shown as such.",
		Example: examples("results", "of all runs",
			"results 3 --format md --filter statistic=fid", "a table for a paper"),
	}
	f := cmd.Flags()
	format := formatFlag(cmd, recordsFormat)
	var x comparison
	x.register(cmd)
	filters := f.StringArray("filter", nil, "only where a `column` is so: KEY=VALUE, as JSON has them; may be repeated")
	each := f.Bool("each", false, "every number by itself")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		g, err := c.group(cmd, strings.Join(args, ""), *x.with)
		switch {
		case len(args) == 1 && err == nil:
			return x.write(c.out, *format, g)
		case len(args) == 1 && (len(*x.with) > 0 || strings.HasSuffix(args[0], sweepExt) || c.isSweep(args[0])):
			return err
		case len(x.at) > 0 || x.against != "" || len(*x.with) > 0 || *format == recordsFormat:
			return usagef("results: --at, --against, --with and --format %s are for a sweep, want its name: %s", recordsFormat, wantSweepNames(c))
		}
		tables, err := c.resultTables(strings.Join(args, ""))
		if err != nil {
			return err
		}
		var all []results.Result
		for _, path := range tables {
			list, bad, err := results.Read(path)
			if err != nil {
				return err
			}
			if bad > 0 {
				fmt.Fprintf(c.err, "innate: %s: %d lines that are no results left out\n", path, bad)
			}
			all = append(all, list...)
		}
		for _, text := range *filters {
			key, want, ok := strings.Cut(text, "=")
			if !ok {
				return usagef("results --filter: got %q, want KEY=VALUE", text)
			}
			if all, err = results.Filter(all, key, want); err != nil {
				return usageError{err}
			}
		}
		err = results.Write(c.out, *format, all, *each)
		if errors.Is(err, results.ErrFormat) {
			err = usageError{err}
		}
		return err
	}
	return cmd
}

// resultTables are the tables of a run or a file, or of all there are.
func (c *cli) resultTables(ref string) ([]string, error) {
	if ref != "" {
		dir, file, err := runOrFile(c.runs, ref)
		if dir != "" {
			file = filepath.Join(dir, run.ResultsFile)
		}
		return []string{file}, err
	}
	runs := run.RunsDir(c.runs)
	list, err := run.List(runs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	tables := []string{filepath.Join(runs, run.ResultsFile)}
	for _, info := range list {
		tables = append(tables, filepath.Join(info.Dir, run.ResultsFile))
	}
	return tables, nil
}

// upToOne is oneArg for commands that are about everything without one.
func upToOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usagef("%s: got %d arguments, want at most one RUN or FILE", nameOf(cmd), len(args))
	}
	return nil
}
