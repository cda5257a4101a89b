package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/device/devices"
	"innate/models/filetype"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
)

func (c *cli) trainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "train CONFIG", Short: "a run in the foreground, with plain progress lines",
		ValidArgsFunction: completeConfig,
		Example: examples("train mnist-gdd-i --kimg 20", "a preset, for 20,000 images",
			"train --run 3", "goes on with a run, as a job's last line",
			"train mnist-gdd-i --dry-run", "what memory and disk it would take"),
	}
	out := pathFlag(cmd.Flags(), "out", "", "run `directory` to create instead of a numbered one")
	resumed := pathFlag(cmd.Flags(), "run", "", "continue this `run`, by number, name or directory, instead of beginning one")
	dry := cmd.Flags().Bool("dry-run", false, "do not train, but say what memory and disk a run would take")
	asJSON := jsonFlag(cmd.Flags())
	var edits edits
	edits.register(cmd)
	complete(cmd, "run", c.completeRun(ended))
	cmd.Args = func(_ *cobra.Command, args []string) error {
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
		ctx, asks, release := catchSignals(cmd.Context(), c.err)
		defer release()
		if *resumed != "" {
			dir, err := find(c.runs, *resumed)
			if err != nil {
				return err
			}
			if err := edits.process.adjust(dir); err != nil {
				return err
			}
			return train(ctx, c, dir, edits.process.listen, asks)
		}
		dir, err := create(c.runs, *out, args[0], edits)
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, dir)
		return train(ctx, c, dir, edits.process.listen, asks)
	}
	return cmd
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
	loop.CollectOften(c.getenv)
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
	text, cfg, err := prepare(config, e)
	if err != nil {
		return "", err
	}
	if err := devices.Check(cfg.Run.Device); err != nil {
		return "", cfg.At("run.device", err)
	}
	if out != "" {
		return out, trainer.CreateAt(out, text, "")
	}
	return trainer.Create(run.RunsDir(runs), text, "")
}

// prepare reads a preset or a file, edits it and checks it as a new run's.
func prepare(config string, e edits) (text string, cfg *configs.Config, err error) {
	config = configs.ExpandHome(config)
	if text, _, err = configs.Open(config); err != nil {
		if kind, statErr := filetype.Of(config); statErr == nil && !kind.Text() {
			err = fmt.Errorf("%s: %w", config, kind.Refuse(wantConfig()))
		}
		return "", nil, err
	}
	if text, err = trainer.Rebase(text, config); err != nil {
		return "", nil, err
	}
	if text, err = e.apply(text); err != nil {
		return "", nil, err
	}
	if cfg, err = configs.Parse(run.ConfigFile, text); err != nil {
		return "", nil, err
	}
	return text, cfg, method.Check(cfg)
}

// edits are changes to a config given on the command line.
type edits struct {
	set     []string // key=value
	process process
}

func (e *edits) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Func("set", "`key=value` to change in the config, such as live.gen_lr=2e-4; may be repeated", func(s string) error {
		e.set = append(e.set, s)
		return nil
	})
	f.Func("kimg", "thousands of `images` to train on", func(s string) error {
		e.set = append(e.set, "live.total_kimg="+s)
		return nil
	})
	e.process.register(cmd)
	complete(cmd, "set", completeEdit)
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
