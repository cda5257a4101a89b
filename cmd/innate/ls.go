package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"innate/trainer/cluster"
	"innate/trainer/control"
	"innate/trainer/remote"
	"innate/trainer/run"
	"innate/tui/widget"
)

func (c *cli) lsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "ls [ADDRESS]", Short: "what runs there are and how they do",
		Args: atMostOneAddress, ValidArgsFunction: cobra.NoFileCompletions,
		Example: examples("ls --tag good", "those with a tag",
			"ls ssh://HOST?runs=/data/runs", "those of another machine: see innate serve --help"),
	}
	asJSON := jsonFlag(cmd.Flags())
	tags := cmd.Flags().StringArray("tag", nil, "only runs with this `tag`, or '!tag' without; may be repeated")
	complete(cmd, "tag", c.completeTag)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 1 {
			return lsRemote(cmd.Context(), c, args[0], *tags, *asJSON)
		}
		return ls(cmd.Context(), c, *tags, *asJSON)
	}
	return cmd
}

// atMostOneAddress is for a command about the runs of this machine or of another.
func atMostOneAddress(cmd *cobra.Command, args []string) error {
	if len(args) == 0 || len(args) == 1 && remote.IsAddress(args[0]) {
		return nil
	}
	return usagef("%s: got %q, want no arguments, or one ADDRESS such as ssh://HOST", nameOf(cmd), args[0])
}

func ls(ctx context.Context, c *cli, tags []string, asJSON bool) error {
	infos, err := run.List(run.RunsDir(c.runs))
	if err != nil {
		return err
	}
	infos = slices.DeleteFunc(infos, func(i run.Info) bool { return !i.About.Tagged(tags) })
	askAll(ctx, infos)
	list := make([]*run.Info, len(infos))
	for i := range infos {
		list[i] = &infos[i]
	}
	c.askJobs(ctx, list...)
	return printRuns(c, infos, asJSON)
}

// lsRemote lists the runs of another machine, or the one that the address names.
func lsRemote(ctx context.Context, c *cli, address string, tags []string, asJSON bool) error {
	client, only, err := c.dialRuns(ctx, address)
	if err != nil {
		return err
	}
	defer client.Close()
	infos, err := client.Infos(ctx, only)
	if err != nil {
		return err
	}
	infos = slices.DeleteFunc(infos, func(i run.Info) bool { return !i.About.Tagged(tags) })
	return printRuns(c, infos, asJSON)
}

func printRuns(c *cli, infos []run.Info, asJSON bool) error {
	if asJSON {
		all := []run.Status{}
		for _, i := range infos {
			all = append(all, withAbout(i))
		}
		return printJSON(c.out, all)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	heads := "RUN\tSTATE\tKIMG\tIMG/S\tFROZEN\tFID\tBEST"
	tagged := len(run.TagsOf(infos)) > 0
	if tagged {
		heads += "\tTAGS"
	}
	fmt.Fprintln(w, heads)
	for _, i := range infos {
		s := i.Status
		kimg, rate, frozen := "-", "-", "-"
		switch seen, total := kimgOf(s); {
		case s.TotalNimg > 0:
			kimg = seen + "/" + total
		case s.Nimg > 0:
			kimg = seen
		}
		if v, ok := speed(s); ok {
			rate = fmt.Sprintf("%.1f", v)
		}
		if s.Params > 0 {
			frozen = fmt.Sprintf("%.1f %%", 100*s.FrozenFraction)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s", clip(run.OneLine(i.Name)), s.State,
			kimg, rate, frozen, number(s.LastFID), number(s.BestFID))
		if tagged {
			fmt.Fprint(w, "\t", strings.Join(i.About.Tags, " "))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, i := range infos {
		if said := epitaph(i); said != "" {
			fmt.Fprintln(c.out, said)
		}
		if said := atScheduler(i); said != "" {
			fmt.Fprintln(c.out, said)
		}
		if why := held(i.Status); why != "" {
			fmt.Fprintf(c.out, "%s %s\n", run.OneLine(i.Name), why)
		}
		if i.About.Note != "" {
			fmt.Fprintf(c.out, "%s: %s\n", run.OneLine(i.Name), run.OneLine(i.About.Note))
		}
	}
	return nil
}

// withAbout is the status of a run with what is noted of it, for JSON.
func withAbout(i run.Info) run.Status {
	s := i.Status
	if a := i.About; a.Note != "" || a.Group != "" || len(a.Tags) > 0 {
		s.About = &a
	}
	return s
}

// askAll asks the trainers of all runs at once.
func askAll(ctx context.Context, infos []run.Info) {
	var asking sync.WaitGroup
	for i := range infos {
		if !infos[i].Alive {
			continue
		}
		asking.Go(func() {
			if now, err := control.Ask(ctx, infos[i].Dir); err == nil {
				infos[i] = now
			}
		})
	}
	asking.Wait()
}

// askJobs asks the scheduler about runs that were submitted; the heartbeats count
// where it does not answer.
func (c *cli) askJobs(ctx context.Context, infos ...*run.Info) {
	if err := cluster.Ask(ctx, infos...); err != nil {
		fmt.Fprintf(c.err, "innate: %v; jobs are shown as their runs last said\n", err)
	}
}

// atScheduler words what the scheduler says of a run's job; "" where that is in the
// run's epitaph, or nothing.
func atScheduler(i run.Info) string {
	s := i.Status
	if s.State == run.StateQueued && s.JobState == "" {
		return fmt.Sprintf("%s is queued: %s", run.OneLine(i.Name), run.OneLine(s.Job))
	}
	if s.JobState == "" || s.State == run.StateDead || s.State == run.StateFailed {
		return ""
	}
	return fmt.Sprintf("%s is %s: %s %s", run.OneLine(i.Name), s.State, run.OneLine(s.Job), s.JobState)
}

// held words what holds a live run up that nobody has asked for; "" if nothing
// does.
func held(s run.Status) string {
	switch {
	case !run.Active(s.State):
		return ""
	case s.PauseReason != "":
		return "is paused: " + run.OneLine(s.PauseReason)
	case s.CheckpointError != "":
		return "writes no checkpoint: " + run.OneLine(s.CheckpointError)
	}
	return ""
}

// kimgOf writes how far a run is, with decimals that suit how far it goes, and how
// far that is, with what decimals it has.
func kimgOf(s run.Status) (seen, total string) {
	seen, _ = widget.KimgOf(s.Nimg, s.TotalNimg)
	return seen, strconv.FormatFloat(float64(s.TotalNimg)/1000, 'f', -1, 64)
}

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *v)
}

func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeJSON(w, append(text, '\n'))
}

// nameColumns is the width that ls gives a name; --json has all of it.
const nameColumns = 48

// clip shortens a long name in its middle: its number and its end tell it apart.
func clip(name string) string {
	if r := []rune(name); len(r) > nameColumns {
		return string(r[:nameColumns/2]) + "..." + string(r[len(r)-nameColumns/2+3:])
	}
	return name
}
