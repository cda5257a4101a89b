package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

var lsCommand = command{"ls", "", "what runs there are and how they do", runLs}

func runLs(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("ls")
	asJSON := f.Bool("json", false, "print JSON")
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("ls: got %q, want no arguments", rest[0])
	}
	infos, err := run.List(run.RunsDir(*runs))
	if err != nil {
		return err
	}
	askAll(ctx, infos)
	if *asJSON {
		list := []run.Status{}
		for _, i := range infos {
			list = append(list, i.Status)
		}
		return printJSON(c.out, list)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tSTATE\tKIMG\tIMG/S\tFROZEN\tFID\tBEST")
	for _, i := range infos {
		s := i.Status
		speed := "-"
		if run.Active(s.State) {
			speed = fmt.Sprintf("%.1f", s.ImagesPerSec)
		}
		fmt.Fprintf(w, "%s\t%s\t%.1f/%.0f\t%s\t%.1f %%\t%s\t%s\n", run.OneLine(i.Name), s.State,
			float64(s.Nimg)/1000, float64(s.TotalNimg)/1000, speed, 100*s.FrozenFraction, number(s.LastFID), number(s.BestFID))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, i := range infos {
		if said := epitaph(i); said != "" {
			fmt.Fprintln(c.out, said)
		}
		if why := held(i.Status); why != "" {
			fmt.Fprintf(c.out, "%s %s\n", run.OneLine(i.Name), why)
		}
	}
	return nil
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

func number(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *v)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

var statusCommand = command{"status", "RUN [--json|--watch]", "how one run does", runStatus}

func runStatus(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("status")
	asJSON := f.Bool("json", false, "print JSON")
	follow := f.Bool("watch", false, "print lines of plain text as the run goes on, and end with it: status 1 if it dies or fails")
	every := f.Duration("every", 5*time.Second, "least `time` between two lines of --watch; events come at once")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	if *every <= 0 {
		return usagef("status --every: got %v, want a time above 0", *every)
	}
	if *follow {
		if *asJSON {
			return usagef("status --watch: got --json, want one of them")
		}
		return watch(ctx, c.out, dir, *every)
	}
	info, err := control.Ask(ctx, dir)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.out, info.Status)
	}
	printStatus(c.out, info)
	return nil
}

// unsaved words what a run has trained since its newest checkpoint.
func unsaved(s run.Status) string {
	if s.CheckpointNimg == 0 {
		return fmt.Sprintf("%.1f kimg: there is no checkpoint yet", float64(s.Nimg)/1000)
	}
	return fmt.Sprintf("%.1f kimg since the checkpoint at %.1f kimg", float64(s.Nimg-s.CheckpointNimg)/1000, float64(s.CheckpointNimg)/1000)
}

func printStatus(out io.Writer, info run.Info) {
	s := info.Status
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("run", "%s", run.OneLine(s.Run))
	row("state", "%s", s.State)
	if held(s) != "" {
		if s.PauseReason != "" {
			row("paused", "%s", run.OneLine(s.PauseReason))
		}
		if s.CheckpointError != "" {
			row("checkpoint", "none is written: %s", run.OneLine(s.CheckpointError))
		}
		row("unsaved", "%s", unsaved(s))
	}
	if s.Job != "" {
		row("job", "%s", run.OneLine(s.Job))
	}
	row("method", "%s", s.Method)
	row("progress", "%.1f of %.0f kimg, %.1f images/s, %s left", float64(s.Nimg)/1000, float64(s.TotalNimg)/1000,
		s.ImagesPerSec, time.Duration(s.EtaSec*float64(time.Second)).Round(time.Second))
	row("frozen", "%.1f %% of %d parameters, preset %s", 100*s.FrozenFraction, s.Params, orNone(s.FreezePreset))
	if s.LastFID != nil {
		row("fid", "%s %.2f at %.1f kimg, best %s", s.FIDName, *s.LastFID, float64(s.FIDNimg)/1000, number(s.BestFID))
	}
	if s.TeacherFID != nil {
		row("teacher", "%s %.2f in many steps", s.FIDName, *s.TeacherFID)
	}
	row("kernels", "%s, %d threads", s.Kernels, s.Threads)
	if s.Listen != "" {
		row("listens", "%s, token in %s", s.Listen, filepath.Join(s.Dir, run.TokenFile))
	}
	if s.SampleFile != "" {
		row("samples", "%s", filepath.Join(s.Dir, s.SampleFile))
	}
	if s.ConfigError != "" {
		row("config", "%s", s.ConfigError)
	}
	if s.Error != "" {
		row("error", "%s", run.OneLine(s.Error))
	}
	switch s.State {
	case run.StateDead:
		row("log", "%s", lastWords(info.Dir))
		row("next", "%s; innate logs %s shows more", hint(info), reference(info.Dir))
	case run.StateFailed, run.StateStopped, run.StateNew:
		row("next", "%s", hint(info))
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

var logsCommand = command{"logs", "RUN", "the end of a trainer's own log", runLogs}

func runLogs(_ context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("logs")
	n := countFlag(f, "n", 20, 0, maxLines, "`lines` to print")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, run.LogFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: no %s: the run was not started in the background", dir, run.LogFile)
	}
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	for _, line := range lines[max(0, len(lines)-*n):] {
		fmt.Fprintln(c.out, line)
	}
	return nil
}
