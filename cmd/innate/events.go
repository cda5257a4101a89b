package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// pollEvery is how often a command that follows a run looks at its files.
const pollEvery = 500 * time.Millisecond

func (c *cli) eventsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "events RUN", Short: "what happened in a run, oldest first, and on (--follow)",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
	}
	follow := cmd.Flags().Bool("follow", false, "continue with what happens, until the run ends")
	asJSON := cmd.Flags().Bool("json", false, "print JSON, one object a line, as events.jsonl has it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		if err != nil {
			return err
		}
		show := printEvent
		if *asJSON {
			show = printEventJSON
		}
		return events(cmd.Context(), c.out, dir, *follow, show)
	}
	return cmd
}

// events shows what happened in the run in dir, and continues with follow.
func events(ctx context.Context, out io.Writer, dir string, follow bool, show func(io.Writer, runlog.Event) error) error {
	for reader := runlog.NewReader(dir); ; {
		info, err := run.ReadInfo(dir) // before the log, to read all of a run that has ended
		if err != nil {
			return err
		}
		err = reader.Each(func(u runlog.Update) error {
			for _, e := range u.Events {
				if err := show(out, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !follow || !info.Alive || !sleep(ctx, pollEvery) {
			return nil
		}
	}
}

// sleep waits and reports whether ctx lives.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// printEvent prints an event for people: local time, thousands of images, kind
// and text.
func printEvent(w io.Writer, e runlog.Event) error {
	_, err := fmt.Fprintf(w, "%s %8.1f kimg  %-10s %s\n", e.Time.Format(time.DateTime), float64(e.Nimg)/1000,
		run.OneLine(e.Kind), run.OneLine(e.Text))
	return err
}

func printEventJSON(w io.Writer, e runlog.Event) error {
	line, err := e.Line()
	if err != nil {
		return err
	}
	return writeJSON(w, line.Text)
}
