package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/filetype"
	"innate/trainer"
	"innate/trainer/method"
	"innate/trainer/run"
)

// wantConfig says what a CONFIG may be.
func wantConfig() string {
	return "CONFIG: " + strings.Join(presets(), ", ") + " or a .toml file"
}

// openConfig reads the text of a preset or a file, whose relative paths count
// from where they lie, and the name by which errors call it.
func openConfig(config string) (name, text string, err error) {
	config = configs.ExpandHome(config)
	if text, _, err = configs.Open(config); err != nil {
		if kind, statErr := filetype.Of(config); statErr == nil && !kind.Text() {
			err = fmt.Errorf("%s: %w", config, kind.Refuse(wantConfig()))
		}
		return "", "", err
	}
	text, err = trainer.Rebase(text, config)
	return configs.FileName(config), text, err
}

// prepare reads a preset or a file, edits it and checks it as a new run's.
func prepare(config string, e edits) (text string, cfg *configs.Config, err error) {
	name, text, err := openConfig(config)
	if err != nil {
		return "", nil, err
	}
	if text, cfg, err = e.parse(name, text); err != nil {
		return "", nil, err
	}
	return text, cfg, method.Check(cfg)
}

// configOf reads the configuration of a preset or file, or else of a run, with
// edits, and the directory that its paths count from. A run is only read: its
// trainer, if it has one, continues.
func configOf(runs, ref string, e edits) (name, dir string, cfg *configs.Config, err error) {
	called, text, err := openConfig(ref)
	if err != nil {
		var noRun error
		if dir, noRun = find(runs, ref); noRun != nil {
			return "", "", nil, fmt.Errorf("%w; and %w", noRun, err)
		}
		ref = filepath.Join(dir, run.ConfigFile)
		if text, _, err = configs.Open(ref); err != nil {
			return "", "", nil, err
		}
		called = ref
	}
	_, cfg, err = e.parse(called, text)
	return ref, dir, cfg, err
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

// apply edits a config's text.
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

// parse edits the text of a config and validates the result; errors call it name.
func (e edits) parse(name, text string) (string, *configs.Config, error) {
	text, err := e.apply(text)
	if err != nil {
		return "", nil, err
	}
	cfg, err := configs.Parse(name, text)
	return text, cfg, err
}

// splitEdit splits key=value.
func splitEdit(s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if key = strings.TrimSpace(key); !ok || key == "" {
		return "", "", usagef("%q, want key=value", s)
	}
	return key, strings.TrimSpace(value), nil
}
