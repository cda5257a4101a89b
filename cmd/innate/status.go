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
	"text/tabwriter"
	"time"

	"innate/trainer/control"
)

var lsCommand = command{"ls", "", "what runs there are and how they do", runLs}

func runLs(_ context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("ls")
	asJSON := f.Bool("json", false, "print JSON")
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("ls: got %q, want no arguments", rest[0])
	}
	infos, err := control.List(control.RunsDir(*runs))
	if err != nil {
		return err
	}
	if *asJSON {
		list := []control.Status{}
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
		if control.Active(s.State) {
			speed = fmt.Sprintf("%.1f", s.ImagesPerSec)
		}
		fmt.Fprintf(w, "%s\t%s\t%.1f/%.0f\t%s\t%.1f %%\t%s\t%s\n", i.Name, s.State,
			float64(s.Nimg)/1000, float64(s.TotalNimg)/1000, speed, 100*s.FrozenFraction, number(s.LastFID), number(s.BestFID))
	}
	return w.Flush()
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

var statusCommand = command{"status", "RUN [--json]", "how one run does", runStatus}

func runStatus(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("status")
	asJSON := f.Bool("json", false, "print JSON")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	s, err := currentStatus(ctx, dir)
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(c.out, s)
	}
	printStatus(c.out, s)
	return nil
}

// currentStatus asks the trainer, and reads the run directory if none answers.
func currentStatus(ctx context.Context, dir string) (control.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if s, err := control.NewClient(dir).Status(ctx); err == nil {
		return s, nil
	}
	info, err := control.ReadInfo(dir)
	return info.Status, err
}

func printStatus(out io.Writer, s control.Status) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("run", "%s", s.Run)
	row("state", "%s", s.State)
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
	if s.SampleFile != "" {
		row("samples", "%s", filepath.Join(s.Dir, s.SampleFile))
	}
	if s.ConfigError != "" {
		row("config", "%s", s.ConfigError)
	}
	if s.Error != "" {
		row("error", "%s", s.Error)
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
	n := f.Int("n", 20, "`lines` to print")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, control.LogFile))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: no %s: the run was not started in the background", dir, control.LogFile)
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
