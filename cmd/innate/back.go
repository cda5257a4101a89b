package main

import (
	"encoding/json"
	"fmt"
	"math"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
)

func (c *cli) backCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "back RUN", Short: "returns a running run to before a live change",
		Args: oneRun, ValidArgsFunction: c.completeRun(alive),
		Example: examples("back 3", "to before the last change: weights and settings",
			"back 3 --list", "what there is to go back to", "back 3 --to 12.5", "to before the change at 12.5 kimg"),
	}
	f := cmd.Flags()
	to := kimgFlag(f, "to", "the change at that many `kimg`")
	list := f.Bool("list", false, "print what there is to go back to")
	asJSON := jsonFlag(f)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		if *list || *asJSON {
			return c.listWaysBack(dir, *asJSON)
		}
		var r control.BackRequest
		if *to != nil {
			nimg := int64(math.Round(**to * 1000))
			r.Nimg = &nimg
		}
		ctx, cancel := waiting(cmd.Context(), writeTimeout)
		defer cancel()
		st, err := control.NewClient(dir).Back(ctx, r)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: went back, now at %v kimg, %.1f %% of %d parameters frozen\n", st.Run, float64(st.Nimg)/1000, 100*st.FrozenFraction, st.Params)
		return nil
	}
	return cmd
}

// listWaysBack prints the checkpoints from before live changes, newest first.
func (c *cli) listWaysBack(dir string, asJSON bool) error {
	ways, err := loop.WaysBack(dir)
	if err != nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]run.WayBack{}, ways...))
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	for _, way := range ways {
		fmt.Fprintf(w, "%v kimg\t%.1f MB\tbefore %s\n", float64(way.Nimg)/1000, float64(way.Bytes)/1e6, run.OneLine(way.Before))
	}
	return nil
}
