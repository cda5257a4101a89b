package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// pollEvery is how often a command that follows a run looks at its files.
const pollEvery = 500 * time.Millisecond

var eventsCommand = command{"events", "RUN [--follow]", "what happened in a run, oldest first", runEvents}

func runEvents(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("events")
	follow := f.Bool("follow", false, "go on with what happens, until the run ends")
	asJSON := f.Bool("json", false, "print JSON, one object a line, as events.jsonl has it")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	show := printEvent
	if *asJSON {
		show = printEventJSON
	}
	for reader := runlog.NewReader(dir); ; {
		info, err := run.ReadInfo(dir) // before the log, to read all of a run that has ended
		if err != nil {
			return err
		}
		err = reader.Each(func(u runlog.Update) error {
			for _, e := range u.Events {
				if err := show(c.out, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if !*follow || !info.Alive || !sleep(ctx, pollEvery) {
			return nil
		}
	}
}

// sleep waits and reports whether ctx goes on.
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
	return json.NewEncoder(w).Encode(struct {
		Time json.Number    `json:"time"`
		Nimg int64          `json:"nimg"`
		Kind string         `json:"kind"`
		Text string         `json:"text"`
		Data map[string]any `json:"data,omitempty"`
	}{json.Number(strconv.FormatFloat(float64(e.Time.UnixMilli())/1e3, 'f', 3, 64)), e.Nimg, e.Kind, e.Text, e.Data})
}
