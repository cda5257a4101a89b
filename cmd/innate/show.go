package main

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"innate/trainer/remote"
	"innate/tui"
)

func (c *cli) showCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show RUN|ADDRESS", Short: "one frame of the workbench, as text",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
		Example: examples("show 3", "the dashboard, as large as the terminal",
			"show 3 --view curves --width 160 --height 50", "for a report; through a pipe without colours",
			"show ssh://HOST/3", "a run elsewhere: see innate open --help"),
	}
	f := cmd.Flags()
	view := f.String("view", "dashboard", "`name` of the view: dashboard, curves, layers, samples, config, machine or events")
	width := f.Int("width", 0, "`cells` a line; default: the terminal's, or 120")
	height := f.Int("height", 0, "`lines`; default: the terminal's, or 40")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w, h, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			w, h = 120, 41
		}
		h-- // the prompt's line
		for _, size := range []struct {
			name string
			want int
			to   *int
		}{{"width", *width, &w}, {"height", *height, &h}} {
			switch {
			case !f.Changed(size.name):
			case size.want < 20 || size.want > 500:
				return usagef("show --%s: got %d, want 20 to 500", size.name, size.want)
			default:
				*size.to = size.want
			}
		}
		if remote.IsAddress(args[0]) {
			return c.showRemote(cmd.Context(), args[0], *view, w, h)
		}
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		opts, err := workbenchOptions(c, dir, listedRuns(dir, c.runs))
		if err != nil {
			return err
		}
		return tui.Show(cmd.Context(), c.out, opts, *view, w, h)
	}
	return cmd
}

// showRemote shows a run of another machine, once all of it is here.
func (c *cli) showRemote(ctx context.Context, address, view string, w, h int) (err error) {
	if a, err := remote.ParseAddress(address); err == nil && a.Run == "" {
		return usagef("show %s: got no run, want one in the address, such as ssh://HOST/3", address)
	}
	m, dir, err := c.mirror(ctx, address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	for more := true; more; {
		if more, err = m.Look(ctx); err != nil {
			return err
		}
	}
	return tui.Show(ctx, c.out, c.remoteOptions(m, dir), view, w, h)
}
