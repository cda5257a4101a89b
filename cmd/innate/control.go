package main

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

// How long a command waits for its answer: for the step under way, for a file
// to be on disk, and for a measurement.
const (
	commandTimeout  = 2 * time.Minute
	writeTimeout    = 10 * time.Minute
	evaluateTimeout = time.Hour
)

var pauseCommand = command{"pause", "RUN", "holds a run between two steps", func(ctx context.Context, c *cli, args []string) error {
	return send(ctx, c, "pause", args, commandTimeout, (*control.Client).Pause)
}}

var stopCommand = command{"stop", "RUN", "ends a run after a checkpoint; resume continues it", func(ctx context.Context, c *cli, args []string) error {
	return send(ctx, c, "stop", args, writeTimeout, func(client *control.Client, ctx context.Context) (run.Status, error) {
		st, err := client.Stop(ctx)
		if err != nil {
			return st, err
		}
		return st, run.AwaitExit(ctx, st.Dir)
	})
}}

var checkpointCommand = command{"checkpoint", "RUN", "writes a checkpoint of a running run now", func(ctx context.Context, c *cli, args []string) error {
	return send(ctx, c, "checkpoint", args, writeTimeout, (*control.Client).Checkpoint)
}}

var evaluateCommand = command{"evaluate", "RUN", "makes a running run measure its FID now", func(ctx context.Context, c *cli, args []string) error {
	return send(ctx, c, "evaluate", args, evaluateTimeout, (*control.Client).Evaluate)
}}

// send sends a command without arguments to one run, and prints what it has
// come to.
func send(ctx context.Context, c *cli, name string, args []string, wait time.Duration, call func(*control.Client, context.Context) (run.Status, error)) error {
	f, runs := c.runFlags(name)
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	st, err := call(control.NewClient(dir), ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %s\n", st.Run, outcome(name, st))
	return nil
}

// outcome words what a command has come to, by the status after it.
func outcome(name string, st run.Status) string {
	kimg := func(nimg int64) string { return fmt.Sprintf("%.1f kimg", float64(nimg)/1000) }
	switch {
	case name == "checkpoint":
		return "checkpoint at " + kimg(st.CheckpointNimg)
	case name == "evaluate" && st.State == run.StatePaused:
		return withReason("measures when it goes on: paused at "+kimg(st.Nimg), st)
	case name == "evaluate" && st.LastFID != nil:
		return fmt.Sprintf("%s %.2f at %s", st.FIDName, *st.LastFID, kimg(st.FIDNimg))
	}
	return withReason(st.State+" at "+kimg(st.Nimg), st)
}

// withReason adds why a run is paused, when nobody asked for it.
func withReason(text string, st run.Status) string {
	if st.PauseReason == "" {
		return text
	}
	return text + ": " + run.OneLine(st.PauseReason)
}

var setCommand = command{"set", "RUN key=value …", "changes live settings, as an edit of config.toml does", runSet}

func runSet(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("set")
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) < 2 {
		return usagef("set: want a RUN and at least one key=value, such as live.gen_lr=2e-4")
	}
	dir, err := find(*runs, rest[0])
	if err != nil {
		return err
	}
	set := map[string]string{}
	for _, s := range rest[1:] {
		key, value, err := splitEdit(s)
		if err != nil {
			return err
		}
		set[key] = value
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	_, err = control.NewClient(dir).Set(ctx, set)
	return err
}

var freezeCommand = command{"freeze", "RUN [flags]", "changes which layers train", runFreeze}

func runFreeze(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("freeze")
	preset := f.String("preset", "", "`name`: none, gdd-i, gdd-i+qkv or gdd-i+qkv+skip")
	freeze := globs(f, "freeze", "`glob` of parameters to freeze beside the preset's, such as 'dec.28x28_*'; may be repeated, '' for none")
	train := globs(f, "train", "`glob` of parameters to train all the same; may be repeated, '' for none")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	r := control.FreezeRequest{Freeze: *freeze, Train: *train}
	if *preset != "" {
		r.Preset = preset
	}
	if err := r.Validate(); err != nil {
		return usagef("freeze: want --preset, --freeze or --train")
	}
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	st, err := control.NewClient(dir).Freeze(ctx, r)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "%s: %.1f %% of %d parameters frozen\n", st.Run, 100*st.FrozenFraction, st.Params)
	return nil
}

// globs is a flag that collects globs; nil if it was not given, and empty if it
// was given as ”.
func globs(f *flag.FlagSet, name, usage string) **[]string {
	var list *[]string
	f.Func(name, usage, func(s string) error {
		if list == nil {
			list = &[]string{}
		}
		if s = strings.TrimSpace(s); s != "" {
			*list = append(*list, s)
		}
		return nil
	})
	return &list
}
