package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/filetype"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/run"
)

var trainCommand = command{"train", "CONFIG", "one run in the foreground, with plain progress lines", runTrain}

func runTrain(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("train")
	out := pathFlag(f, "out", "", "run `directory` to create instead of a numbered one")
	run := pathFlag(f, "run", "", "continue this `run`, by number, name or directory, instead of beginning one")
	var edits edits
	edits.register(f)
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if *run != "" && (len(rest) > 0 || len(edits.set) > 0 || *out != "") {
		return usagef("train --run: continues a run as it is, want no CONFIG, --set, --kimg or --out")
	}
	if *run == "" && len(rest) != 1 {
		return usagef("train: got %d arguments, want one %s", len(rest), wantConfig())
	}
	ctx, asks, release := catchSignals(ctx, c.err)
	defer release()
	if *run != "" {
		dir, err := find(*runs, *run)
		if err != nil {
			return err
		}
		if err := edits.process.adjust(dir); err != nil {
			return err
		}
		return train(ctx, c, dir, edits.process.listen, asks)
	}
	d, err := create(*runs, *out, rest[0], edits)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.out, d)
	return train(ctx, c, d, edits.process.listen, asks)
}

// train runs a trainer in this process until its run or ctx ends. A signal on
// asks makes it write a checkpoint.
func train(ctx context.Context, c *cli, dir, listen string, asks <-chan os.Signal) error {
	lock, err := run.Acquire(dir)
	if err != nil {
		return err
	}
	leave, warnings := trainer.Settle(dir, c.err, trainer.Hazards(c.getenv, false)...)
	defer leave()
	out := newPrinter(c.out)
	err = loop.Run(ctx, loop.Options{
		Dir: dir, Log: out, Listen: listen, Job: trainer.Job(c.getenv), Machine: warnings, Checkpoint: asks,
	})
	out.Close()
	return errors.Join(err, lock.Release())
}

// wantConfig says what a CONFIG may be.
func wantConfig() string {
	return "CONFIG: " + strings.Join(configs.Presets(), ", ") + " or a .toml file"
}

// create makes a run directory for a preset or a file, edited.
func create(runs, out, config string, e edits) (string, error) {
	config = configs.ExpandHome(config)
	text, _, err := configs.Open(config)
	if err != nil {
		if kind, statErr := filetype.Of(config); statErr == nil && !kind.Text() {
			err = fmt.Errorf("%s: %w", config, kind.Refuse(wantConfig()))
		}
		return "", err
	}
	if text, err = trainer.Rebase(text, config); err != nil {
		return "", err
	}
	if text, err = e.apply(text); err != nil {
		return "", err
	}
	edited, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		return "", err
	}
	if err := loop.Check(edited); err != nil {
		return "", err
	}
	if out != "" {
		return out, trainer.CreateAt(out, text, "")
	}
	return trainer.Create(run.RunsDir(runs), text, "")
}

// edits are changes to a config given on the command line.
type edits struct {
	set     []string // key=value
	process process
}

func (e *edits) register(f *flag.FlagSet) {
	f.Func("set", "`key=value` to change in the config, such as live.gen_lr=2e-4; may be repeated", func(s string) error {
		e.set = append(e.set, s)
		return nil
	})
	f.Func("kimg", "thousands of `images` to train on", func(s string) error {
		e.set = append(e.set, "live.total_kimg="+s)
		return nil
	})
	e.process.register(f)
}

// apply edits a config's text and validates the result.
func (e edits) apply(text string) (string, error) {
	for _, s := range slices.Concat(e.set, e.process.set) {
		key, value, err := splitEdit(s)
		if err != nil {
			return "", err
		}
		if text, err = configs.Set(text, key, value); err != nil {
			return "", err
		}
	}
	return text, nil
}

// splitEdit splits key=value.
func splitEdit(s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if key = strings.TrimSpace(key); !ok || key == "" {
		return "", "", usagef("%q, want key=value", s)
	}
	return key, strings.TrimSpace(value), nil
}

// presets lists the shipped runs, the demo's first.
func presets() []string {
	names := configs.Presets()
	slices.SortStableFunc(names, func(a, b string) int {
		if a == demoPreset {
			return -1
		}
		if b == demoPreset {
			return 1
		}
		return 0
	})
	return names
}
