package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

func (c *cli) sweepLsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ls", Short: "what sweeps and ensembles there are and how they do",
		Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		runs := run.RunsDir(c.runs)
		infos, err := run.List(runs)
		if err != nil {
			return err
		}
		askAll(cmd.Context(), infos)
		groups := sweep.Groups(runs, infos)
		if *asJSON {
			all := []groupJSON{}
			for _, g := range groups {
				all = append(all, groupOf(g))
			}
			return printJSON(c.out, all)
		}
		rows := [][]string{}
		for _, g := range groups {
			made, done := 0, 0
			for _, m := range g.Points {
				made += len(m.Runs)
				done += inState(m, run.StateDone)
			}
			rows = append(rows, []string{run.OneLine(g.Name), string(g.State), strconv.Itoa(len(g.Points)), strconv.Itoa(len(g.Seeds)), fmt.Sprintf("%d/%d", done, max(made, len(g.Points)*len(g.Seeds)))})
		}
		return results.WriteTable(c.out, "text", []string{"SWEEP", "STATE", "POINTS", "SEEDS", "DONE"}, rows)
	}
	return cmd
}

func inState(m sweep.Member, state string) (n int) {
	for _, s := range m.Runs {
		if s.Info.Status.State == state {
			n++
		}
	}
	return n
}

// groupJSON is a sweep as ls and status print it.
type groupJSON struct {
	Name   string      `json:"name"`
	State  sweep.State `json:"state"`
	PID    int         `json:"pid,omitempty"` // of its queue
	Ended  string      `json:"ended,omitempty"`
	Points []pointJSON `json:"points"`
}

type pointJSON struct {
	Name    string       `json:"name"`
	Dropped string       `json:"dropped,omitempty"`
	Runs    []run.Status `json:"runs"`
}

func groupOf(g sweep.Group) groupJSON {
	out := groupJSON{Name: g.Name, State: g.State, Ended: g.Ended, Points: []pointJSON{}}
	if pid, alive, err := sweep.Queue(g.Dir); g.Dir != "" && err == nil && alive {
		out.PID = pid
	}
	for _, m := range g.Points {
		p := pointJSON{Name: m.Name, Dropped: m.Dropped, Runs: []run.Status{}}
		for _, s := range m.Runs {
			p.Runs = append(p.Runs, s.Info.Status)
		}
		out.Points = append(out.Points, p)
	}
	return out
}

// group is the sweep of a name; the scheduler is asked about runs that are queued.
func (c *cli) group(cmd *cobra.Command, name string) (sweep.Group, error) {
	dir, p, err := c.openSweep(name)
	if err != nil {
		return sweep.Group{}, err
	}
	g := sweep.Of(dir, p)
	for i := range g.Points {
		for j := range g.Points[i].Runs {
			if info := &g.Points[i].Runs[j].Info; info.Status.State == run.StateQueued {
				c.askJobs(cmd.Context(), info)
			}
		}
	}
	return g, nil
}

// saidLines is how many of the last entries of its log status prints.
const saidLines = 5

func (c *cli) sweepStatusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status NAME", Short: "how its points do, and what has happened",
		Args: oneArg("NAME of a sweep"), ValidArgsFunction: c.completeSweepName,
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		g, err := c.group(cmd, args[0])
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.out, groupOf(g))
		}
		fmt.Fprintf(c.out, "%s is %s", g.Name, g.State)
		if g.Ended != "" {
			fmt.Fprintf(c.out, ": %s", g.Ended)
		}
		fmt.Fprintln(c.out)
		t, err := g.Compare(nil, "")
		if err != nil {
			return err
		}
		head, rows := t.Cells()
		if err := results.WriteTable(c.out, "text", head, rows); err != nil {
			return err
		}
		log, err := sweep.Log(g.Dir)
		if err != nil {
			return err
		}
		for _, e := range log[max(0, len(log)-saidLines):] {
			fmt.Fprintf(c.out, "%s %s: %s\n", e.Time.Format(time.DateTime), e.Kind, run.OneLine(e.Text))
		}
		return nil
	}
	return cmd
}

// comparison is how a sweep's table is to be.
type comparison struct {
	at      []float64
	against string
}

func (x *comparison) register(f *pflag.FlagSet) {
	f.Func("at", "of a sweep: values at so many thousands of `images`, as in 10,20,40; default: the last ones", func(s string) error {
		x.at = nil
		for part := range strings.SplitSeq(s, ",") {
			kimg, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
			if err != nil || !(kimg > 0) || kimg > 1e9 {
				return fmt.Errorf("got %q, want thousands of images, as in 10,20,40", part)
			}
			x.at = append(x.at, kimg)
		}
		return nil
	})
	f.StringVar(&x.against, "against", "", "of a sweep: compare every point with this `point`, by Welch's 95 % interval over seeds")
}

// write writes a sweep's table in one of results.Formats.
func (x comparison) write(w io.Writer, format string, g sweep.Group) error {
	t, err := g.Compare(x.at, x.against)
	if err != nil {
		return err
	}
	if format == "json" {
		return printJSON(w, t)
	}
	head, rows := t.Cells()
	err = results.WriteTable(w, format, head, rows)
	if errors.Is(err, results.ErrFormat) {
		err = usageError{err}
	}
	return err
}

func (c *cli) sweepResultsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "results NAME", Short: "its points as a table: mean and deviation over seeds, and what stands out",
		Args: oneArg("NAME of a sweep"), ValidArgsFunction: c.completeSweepName,
	}
	var x comparison
	x.register(cmd.Flags())
	format := formatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		g, err := c.group(cmd, args[0])
		if err != nil {
			return err
		}
		return x.write(c.out, *format, g)
	}
	return cmd
}

// formatFlag is the flag for the form of a table.
func formatFlag(cmd *cobra.Command) *string {
	format := cmd.Flags().String("format", "text", "`form` of the table: "+strings.Join(results.Formats(), " | "))
	complete(cmd, "format", cobra.FixedCompletions(results.Formats(), thatIsAll))
	return format
}
