package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/device/devices"
	"innate/trainer"
	"innate/trainer/alerts"
	"innate/trainer/evaluation"
	"innate/trainer/loop"
	"innate/trainer/run"
)

func (c *cli) trainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "train CONFIG", Short: "a run in the foreground, with plain progress lines",
		ValidArgsFunction: completeConfig,
		Example: examples("train mnist-gdd-i --kimg 20", "a preset, for 20,000 images",
			"train --run 3 --requeue", "resumes a run, as a job's last line",
			"train mnist-gdd-i --dry-run", "what memory and disk it would take"),
	}
	out := pathFlag(cmd.Flags(), "out", "", "run `directory` to create instead of a numbered one")
	resumed := pathFlag(cmd.Flags(), "run", "", "continue this `run`, by number, name or directory, instead of beginning one")
	requeue := cmd.Flags().Bool("requeue", false, "as a job that begins again: resume a run that --out has already; at USR1, and at TERM in a pod, stop and be queued again")
	dry := cmd.Flags().Bool("dry-run", false, "do not train, but say what memory and disk a run would take")
	asJSON := jsonFlag(cmd.Flags())
	watch := cmd.Flags().Bool("watch", false, "wait for the end of standard input, which is that of the run's trainer, and alert if it has died: a trainer starts this itself")
	if err := cmd.Flags().MarkHidden("watch"); err != nil {
		panic(err) // there is no such flag
	}
	var edits edits
	edits.register(cmd)
	complete(cmd, "run", c.completeRun(ended))
	cmd.Args = func(_ *cobra.Command, args []string) error {
		if *watch && *resumed == "" {
			return usagef("train --watch: want --run RUN, too")
		}
		if *resumed != "" && (len(args) > 0 || len(edits.set) > 0 || *out != "") {
			return usagef("train --run: continues a run as it is, want no CONFIG, --set, --kimg or --out")
		}
		if *dry && (*resumed != "" || *out != "") || *asJSON && !*dry {
			return usagef("train: --dry-run is for a run yet to begin, want it without --run and --out, and --json with it alone")
		}
		if *resumed == "" && len(args) != 1 {
			return usagef("train: got %d arguments, want one %s", len(args), wantConfig())
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *dry {
			return dryRun(c, args[0], edits, *asJSON)
		}
		if *watch {
			return alerts.Watch(cmd.Context(), *resumed, alerts.Path(c.getenv), os.Stdin)
		}
		place, err := c.place()
		if err != nil {
			return err
		}
		if place.Together() && *resumed == "" && *out == "" {
			return usagef("train: %v by %s: all need to know the run's directory, want --out DIR, or --run RUN", place, place.Launcher)
		}
		ctx, asks, release := catchSignals(cmd.Context(), c.err, *requeue)
		defer release()
		if !place.Leads() {
			return join(ctx, c, place, *out, *resumed, asks)
		}
		if *requeue && *resumed == "" && *out != "" && run.IsRun(*out) {
			*resumed, edits.process = *out, process{} // a job that begins again
		}
		var dir string
		if *resumed != "" {
			dir, err = again(ctx, c, *resumed, edits.process, *requeue)
		} else if dir, err = create(c.runs, *out, args[0], edits); err == nil {
			fmt.Fprintln(c.out, dir)
		}
		if err != nil {
			return err
		}
		before := newestCheckpoint(dir)
		if err := train(ctx, c, dir, edits.process.listen, asks); err != nil || !*requeue {
			return err
		}
		return c.requeue(ctx, dir, before)
	}
	return cmd
}

// again is the directory of a run that is to continue, with the settings of its new
// process. A job that was requeued waits for the trainer of its last life.
func again(ctx context.Context, c *cli, ref string, p process, requeued bool) (string, error) {
	dir, err := find(c.runs, ref)
	if err == nil && requeued {
		err = awaitFree(ctx, c, dir)
	}
	if err != nil {
		return "", err
	}
	return dir, p.adjust(dir)
}

// train runs a trainer in this process until its run or ctx ends. A signal on
// asks makes it write a checkpoint.
func train(ctx context.Context, c *cli, dir, listen string, asks <-chan os.Signal) error {
	place, err := c.place()
	if err != nil {
		return err
	}
	lock, err := run.Acquire(dir)
	if err != nil {
		return err
	}
	leave, warnings := trainer.Enter(dir, c.err, trainer.Hazards(c.getenv, false)...)
	defer leave()
	if err := run.KeepJob(dir, trainer.Job(c.getenv)); err != nil {
		fmt.Fprintf(c.err, "innate: %v\n", err)
	}
	loop.CollectOften(c.getenv)
	group, done, err := gather(ctx, c, place, dir)
	if err != nil {
		return errors.Join(err, lock.Release())
	}
	defer done()
	out := newPrinter(c.out)
	err = loop.Run(ctx, loop.Options{
		Dir: dir, Log: out, Listen: listen, Job: trainer.Job(c.getenv), Machine: warnings, Checkpoint: asks, Ranks: group, Final: evaluation.Final,
		Alerts: alerts.Path(c.getenv), Watch: func() (func(), error) { return watchEnd(dir) },
	})
	out.Close()
	return errors.Join(err, lock.Release())
}

// watchEnd starts a process that alerts when this one, the trainer of the run in dir,
// has died.
func watchEnd(dir string) (end func(), err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	w, err := alerts.StartWatch(filepath.Join(dir, run.LogFile), "train", "--watch", "--run="+dir)
	if err != nil {
		return nil, err
	}
	return w.End, nil
}

// create makes a run directory for a preset or a file, edited.
func create(runs, out, config string, e edits) (string, error) {
	text, cfg, err := prepare(config, e)
	if err != nil {
		return "", err
	}
	if err := devices.Check(cfg.Run.Device); err != nil {
		return "", cfg.At("run.device", err)
	}
	dir := out
	if dir != "" {
		err = trainer.CreateAt(dir, text, "")
	} else {
		dir, err = trainer.Create(run.RunsDir(runs), text, "")
	}
	return dir, configs.Named(configs.FileName(config), err)
}

// presets lists the shipped runs: the demo's first, then those that need nothing
// else, those that a processor trains, and the papers'.
func presets() []string {
	names := configs.Presets()
	rank := func(name string) int {
		switch {
		case name == demoPreset:
			return 0
		case strings.HasPrefix(name, "mnist-"):
			return 1
		case strings.Contains(name, "-small-"):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return names
}
