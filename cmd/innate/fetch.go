package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"innate/models/published"
	"innate/models/published/download"
)

func (c *cli) fetchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fetch NAME...", Short: "brings public networks, statistics and data (--list)",
		Args:              func(*cobra.Command, []string) error { return nil }, // which --list decides on
		ValidArgsFunction: completePublished,
		Example: examples("fetch --list", "what there is to fetch, and what is here",
			"fetch edm-cifar10-32x32-uncond-vp.pkl", "which settings then name as fetch:edm-cifar10-32x32-uncond-vp.pkl"),
	}
	list := cmd.Flags().Bool("list", false, "what there is to fetch, and what is here; downloads nothing")
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		switch {
		case *list && len(names) == 0:
			return listPublished(c, *asJSON)
		case *list || *asJSON:
			return usagef("fetch: got --list or --json with %d names, want --list alone", len(names))
		case len(names) == 0:
			return usagef("fetch: got no names, want some of those that innate fetch --list names")
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		for _, name := range names {
			if err := fetch(ctx, c, name); err != nil {
				return err
			}
		}
		return nil
	}
	return cmd
}

func completePublished(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var names []cobra.Completion
	for _, f := range published.Files {
		if strings.HasPrefix(f.Name, typed) {
			names = append(names, cobra.CompletionWithDesc(f.Name, f.What))
		}
	}
	return names, thatIsAll
}

// fetch brings one file, or checks the one that is here, and prints its path.
func fetch(ctx context.Context, c *cli, name string) error {
	f, err := published.Find(name)
	if err != nil {
		return err
	}
	path, err := f.Path()
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		if err := f.Check(path); err != nil {
			return fmt.Errorf("%w; remove it to have it fetched again", err)
		}
		fmt.Fprintf(c.out, "%s: here; %s\n", path, f.Agreement())
		return nil
	}
	fmt.Fprintf(c.err, "%s: %s\n  from %s\n  by %s\n", f.Name, f.What, f.URL, f.Origin)
	bar := newBar(c.err, c.errTerminal)
	d := download.Download{Progress: bar.progress, Retry: func(err error, pause time.Duration) {
		bar.end()
		fmt.Fprintf(c.err, "  %v; again in %v\n", err, pause.Round(time.Second))
	}}
	err = d.Get(ctx, f, path)
	bar.end()
	switch {
	case err == nil:
		fmt.Fprintf(c.out, "%s: %s\n", path, f.Agreement())
	case ctx.Err() != nil:
		return fmt.Errorf("fetch: %s: interrupted; what has come is kept, and innate fetch %s continues", f.Name, f.Name)
	case download.Offline(err):
		return fmt.Errorf("%w; without a network, bring %s by other means and put it there as %s", err, f.URL, path)
	}
	return err
}

// listPublished prints a line for each public file.
func listPublished(c *cli, asJSON bool) error {
	type row struct {
		Name   string `json:"name"`
		What   string `json:"what"`
		URL    string `json:"url"`
		Origin string `json:"origin"`
		Size   int64  `json:"size,omitempty"`
		SHA256 string `json:"sha256,omitempty"`
		MD5    string `json:"md5,omitempty"`
		Path   string `json:"path"`
		Here   int64  `json:"here"`           // bytes at path
		Part   int64  `json:"part,omitempty"` // bytes of an unfinished file
	}
	rows := []row{}
	for _, f := range published.Files {
		path, err := f.Path()
		if err != nil {
			return err
		}
		rows = append(rows, row{f.Name, f.What, f.URL, f.Origin, f.Size, f.SHA256, f.MD5, path, sizeAt(path), sizeAt(path + download.PartExt)})
	}
	if asJSON {
		return printJSON(c.out, rows)
	}
	dir, err := published.Dir()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tHERE\tWHAT IT IS")
	for _, r := range rows {
		here := "-"
		switch {
		case r.Here > 0:
			here = mebibytes(r.Here)
		case r.Part > 0:
			here = "part, " + mebibytes(r.Part)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Name, here, r.What)
	}
	w.Flush()
	fmt.Fprintf(c.out, "\nin %s ($%s); settings name them as %sNAME; --json has addresses, licences and digests\n", dir, published.Variable, published.Prefix)
	return nil
}

// sizeAt is the size of a file, 0 if there is none.
func sizeAt(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}
