package main

import (
	"context"

	"innate/configs"
	"innate/models/unet"
	"innate/trainer"
	"innate/trainer/control"
	"innate/tui"
)

// workbench opens the screen on one run, or on the list of runs if dir is
// empty.
func workbench(ctx context.Context, c *cli, dir string) error {
	runs := control.RunsDir("")
	opts := tui.Options{
		RunDir: dir, RunsDir: runs, Getenv: c.getenv,
		Start: func(ctx context.Context, preset string) (string, error) {
			d, err := create(runs, "", preset, edits{})
			if err != nil {
				return "", err
			}
			return d, trainer.Spawn(ctx, d)
		},
		Resume:       resume,
		FreezePreset: unet.FreezePreset,
	}
	for _, name := range presets() {
		text, err := configs.PresetText(name)
		if err != nil {
			return err
		}
		opts.Presets = append(opts.Presets, tui.Preset{Name: name, About: configs.Summary(text)})
	}
	return tui.Run(ctx, opts)
}

var openCommand = command{"open", "RUN", "the workbench on one run", func(ctx context.Context, c *cli, args []string) error {
	f, runs := c.runFlags("open")
	dir, err := findRun(f, runs, args)
	if err != nil {
		return err
	}
	return workbench(ctx, c, dir)
}}
