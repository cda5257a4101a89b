package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
			if g.Err != nil {
				fmt.Fprintf(c.err, "innate: %v\n", g.Err)
			}
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
	if g.Dir != "" {
		out.PID, _, _ = sweep.Queue(g.Dir) // 0 of none, and of one that is not known
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

// sweepExt ends the name of a sweep's file.
const sweepExt = ".toml"

// group is the sweep of a name, or of a file that says what it would be, with records
// from files; the scheduler is asked about runs that are queued.
func (c *cli) group(cmd *cobra.Command, ref string, with []string) (sweep.Group, error) {
	dir, p, err := c.openSweep(ref)
	if err != nil && (len(with) > 0 || strings.HasSuffix(ref, sweepExt)) {
		s, planErr := c.planSweep(ref, 0, with...)
		if planErr != nil {
			return sweep.Group{}, planErr
		}
		return sweep.Of(s.dir, s.Plan).With(s.Plan, s.records), nil
	}
	if err != nil {
		return sweep.Group{}, err
	}
	g := sweep.Of(dir, p)
	if g.Err != nil {
		return g, g.Err
	}
	if len(with) > 0 {
		records, err := c.records(dir, p, with)
		if err != nil {
			return g, err
		}
		g = g.With(p, records)
	}
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
		g, err := c.group(cmd, args[0], nil)
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
		if g.Dir == "" { // a file alone, of which nothing has happened
			return nil
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
	with    *[]string // files of records
}

func (x *comparison) register(cmd *cobra.Command) {
	x.with = withFlag(cmd)
	f := cmd.Flags()
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

// recordsFormat is the form in which a sweep's results go from machine to machine.
const recordsFormat = "records"

// write writes a sweep's table in one of results.Formats, or its runs as records.
func (x comparison) write(w io.Writer, format string, g sweep.Group) error {
	if format == recordsFormat {
		if len(x.at) > 0 || x.against != "" {
			return usagef("results: --at and --against are for a table, want them without --format %s", recordsFormat)
		}
		list, err := g.Records(thisBuild().short())
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("sweep: %s: no run has been evaluated or is done", g.Name)
		}
		if err != nil {
			return err
		}
		return list.Write(w)
	}
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
		Args: oneArg("NAME of a sweep, or its file"), ValidArgsFunction: c.completeSweepName,
		Long: "With --format records a line of JSON for each run, for a sweep that is done on\n" +
			"several machines or at several times: --with FILE reads them beside the runs that\n" +
			"are there, which count before them.",
		Example: examples("sweep results freeze-mnist --format records > here.jsonl", "what has been done here",
			"sweep results freeze-mnist --with there.jsonl --at 10,20,40", "and there, in one table"),
	}
	var x comparison
	x.register(cmd)
	format := formatFlag(cmd, recordsFormat)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		g, err := c.group(cmd, args[0], *x.with)
		if err != nil {
			return err
		}
		return x.write(c.out, *format, g)
	}
	return cmd
}

// formatFlag is the flag for the form of a table, or of what else there is.
func formatFlag(cmd *cobra.Command, more ...string) *string {
	forms := slices.Concat(results.Formats(), more)
	format := cmd.Flags().String("format", "text", "`form` of the table: "+strings.Join(forms, " | "))
	complete(cmd, "format", cobra.FixedCompletions(forms, thatIsAll))
	return format
}
