package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/nvml"
	"innate/trainer/control"
	"innate/trainer/run"
)

func (c *cli) statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status RUN", Short: "how one run does, now or while it trains (--watch)",
		Args: oneRun, ValidArgsFunction: c.completeRun(anyRun),
		Example: examples("status 3 --watch", "lines of plain text until the run ends",
			"status 3 --json | jq .state", "for scripts"),
	}
	f := cmd.Flags()
	asJSON := jsonFlag(f)
	follow := f.Bool("watch", false, "print lines of plain text while the run trains, and end with it: status 1 if it dies or fails")
	every := f.Duration("every", 5*time.Second, "least `time` between two lines of --watch; events come at once")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		dir, err := find(c.runs, args[0])
		switch {
		case err != nil:
			return err
		case *every <= 0:
			return usagef("status --every: got %v, want a time above 0", *every)
		case *follow && *asJSON:
			return usagef("status --watch: got --json, want one of them")
		case *follow:
			return watch(cmd.Context(), c.out, dir, *every)
		}
		info, err := control.Ask(cmd.Context(), dir)
		if err != nil {
			return err
		}
		c.askJobs(cmd.Context(), &info)
		if *asJSON {
			return printJSON(c.out, withAbout(info))
		}
		printStatus(c.out, info)
		return nil
	}
	return cmd
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
		row("job", "%s", strings.TrimSuffix(run.OneLine(s.Job)+", "+s.JobState, ", "))
	}
	if len(info.About.Tags) > 0 {
		row("tags", "%s", strings.Join(info.About.Tags, " "))
	}
	if info.About.Note != "" {
		row("note", "%s", run.OneLine(info.About.Note))
	}
	known := func(name, value string) {
		if value != "" {
			row(name, "%s", value)
		}
	}
	known("method", s.Method)
	known("progress", pace(s))
	if s.Params > 0 {
		row("frozen", "%.1f %% of %d parameters, preset %s", 100*s.FrozenFraction, s.Params, orNone(s.FreezePreset))
	}
	for k, share := range s.DiscFrozen {
		row("", "%.1f %% of %s", 100*share, configs.DiscName(k))
	}
	if s.LastFID != nil {
		row("fid", "%s %.2f at %.1f kimg, best %s", s.FIDName, *s.LastFID, float64(s.FIDNimg)/1000, number(s.BestFID))
	}
	for _, m := range s.Also {
		if m.Last != nil && m.Best != nil {
			row("", "%s %.4g, best %.4g", m.Name, *m.Last, *m.Best)
		}
	}
	if s.Final != nil {
		row("final", "evaluation of %s", s.Final)
	}
	if s.TeacherFID != nil {
		row("teacher", "%s %.2f in many steps", s.FIDName, *s.TeacherFID)
	}
	if s.Kernels != "" {
		row("kernels", "%s, %d threads", s.Kernels, s.Threads)
	}
	if n := len(s.Ranks); n > 0 {
		names := make([]string, n)
		for i, r := range s.Ranks {
			names[i] = fmt.Sprintf("pid %d on %s", r.PID, run.OneLine(r.Host))
		}
		row("ranks", "%s", strings.Join(names, ", "))
	}
	if g := s.GPU; g != nil && info.Alive {
		row("gpu", "%d, %s: %s", g.Index, run.OneLine(g.Name), gpuFacts(g))
	}
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

// pace words how far a run is, and of one that trains, as far as that is known, how
// fast it is and for how long it will; "" if nothing is known.
func pace(s run.Status) string {
	text := imagesSeen(s)
	if v, ok := speed(s); ok {
		text += fmt.Sprintf(", %.1f images/s", v)
		if s.EtaSec > 0 {
			text += ", " + time.Duration(s.EtaSec*float64(time.Second)).Round(time.Second).String() + " left"
		}
	}
	return text
}

// imagesSeen words how far a run is, and how far it goes if that is known; "" of one that
// has not begun to train.
func imagesSeen(s run.Status) string {
	switch seen, total := kimgOf(s); {
	case s.TotalNimg > 0:
		return seen + " of " + total + " kimg"
	case s.Nimg > 0:
		return seen + " kimg"
	}
	return ""
}

// speed is how many images a second a run trains on: known of one that does, once it has
// been measured. The heartbeat of others has their last one.
func speed(s run.Status) (float64, bool) {
	return s.ImagesPerSec, s.State == run.StateRunning && s.ImagesPerSec > 0
}

// gpuFacts are what a GPU reports.
func gpuFacts(g *nvml.GPU) string {
	var facts []string
	add := func(v nvml.Number, format string, args ...any) {
		if v.Known() {
			facts = append(facts, fmt.Sprintf(format, args...))
		}
	}
	add(g.Use, "%.0f %% busy", 100*g.Use)
	add(g.MemUsed+g.MemTotal, "%.1f of %.1f GB", g.MemUsed/1e9, g.MemTotal/1e9)
	add(g.Celsius, "%.0f °C", g.Celsius)
	add(g.Watts, "%.0f W", g.Watts)
	add(g.MHz, "%.0f MHz", g.MHz)
	return strings.Join(facts, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}
