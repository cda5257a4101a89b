package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/run"
	sweeps "innate/trainer/sweep"
	"innate/tui"
)

// workbench opens the screen on one run, or on the list of runs if dir is
// empty; runs is what --runs says.
func workbench(ctx context.Context, c *cli, dir, runs string) error {
	opts, err := workbenchOptions(c, dir, listedRuns(dir, runs))
	if err != nil {
		return err
	}
	return tui.Run(ctx, opts)
}

// listedRuns is the directory whose runs the workbench lists, and where it makes
// new ones. A run opened by its path lies among those that are listed, unless
// --runs says otherwise: back from it one should not find others that only have
// its name.
func listedRuns(dir, flag string) string {
	runs := run.RunsDir(flag)
	if dir == "" || flag != "" {
		return runs
	}
	parent := filepath.Dir(dir)
	listed, err := os.Stat(runs)
	if its, errIts := os.Stat(parent); err != nil || errIts != nil || !os.SameFile(listed, its) {
		return parent
	}
	return runs
}

// workbenchOptions wires the screen to what it must not link.
func workbenchOptions(c *cli, dir, runs string) (tui.Options, error) {
	quiet := &cli{out: io.Discard, err: io.Discard, getenv: c.getenv, runs: runs} // the screen is not ours to write on
	opts := tui.Options{
		RunDir: dir, RunsDir: runs, Getenv: c.getenv,
		Start: func(ctx context.Context, preset string, set []string) (dir, warning string, err error) {
			if dir, err = create(runs, "", preset, edits{set: set}); err != nil {
				return "", "", err
			}
			return dir, strings.Join(c.warnings(dir), "; "), trainer.Spawn(ctx, dir)
		},
		Ensemble: func(ctx context.Context, preset string, set []string, seeds string) (string, error) {
			return quiet.startEnsemble(ctx, preset, edits{set: set}, seeds, 0)
		},
		Sweep: func(ctx context.Context, ref string) (string, error) {
			s, err := quiet.planSweep(ref, 0)
			if err != nil {
				return "", err
			}
			if err := s.save(quiet); err != nil {
				return "", err
			}
			return s.dir, quiet.queue(ctx, s.dir, 0, false)
		},
		Fork:     forkInto(runs),
		Forkable: trainer.Forkable(),
		Delete:   func(_ context.Context, dir string) error { return run.Delete(dir, false) },
		Resume: func(ctx context.Context, dir string) error {
			return quiet.resume(ctx, dir, process{})
		},
		Queue:   orderQueue,
		Teacher: drawTeacher, TeacherSteps: loop.TeacherSteps,
		Frozen:  loop.Frozen,
		Analyze: analyzeApart,
	}
	for _, name := range presets() {
		text, err := configs.PresetText(name)
		if err != nil {
			return opts, err
		}
		opts.Presets = append(opts.Presets, tui.Preset{Name: name, About: configs.Summary(text)})
	}
	return opts, nil
}

// forkInto returns what forks a run into a runs directory, with settings that differ, and
// starts the fork.
func forkInto(runs string) func(ctx context.Context, dir string, set map[string]string) (string, error) {
	return func(ctx context.Context, dir string, set map[string]string) (string, error) {
		forked, err := trainer.Fork(trainer.ForkOptions{
			RunsDir: runs, Source: dir, Edit: func(text string) (string, error) { return setDiffering(text, set) },
		})
		if err != nil {
			return "", err
		}
		return forked.Dir, trainer.Spawn(ctx, forked.Dir)
	}
}

// orderQueue has the queue of the sweep in dir do something, by the command for that: it
// may wait for many trainers, which is no matter of the screen's process.
func orderQueue(ctx context.Context, dir, order string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	name := strings.TrimSuffix(filepath.Base(dir), sweeps.Ext)
	said, err := exec.CommandContext(ctx, exe, "sweep", order, "--runs="+filepath.Dir(dir), "--", name).CombinedOutput()
	if err == nil {
		return nil
	}
	if line := run.OneLine(strings.TrimPrefix(string(said), "innate: ")); line != "" {
		return errors.New(line)
	}
	return fmt.Errorf("sweep: %s %s: %w", order, name, err)
}

// setDiffering changes the settings of a config's text that have other values.
// The others keep the way they are written.
func setDiffering(text string, set map[string]string) (string, error) {
	c, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		return "", err
	}
	set = maps.Clone(set)
	for _, e := range c.Entries() {
		if set[e.Key] == e.Value {
			delete(set, e.Key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if text, err = configs.Set(text, key, set[key]); err != nil {
			return "", err
		}
	}
	return text, nil
}
