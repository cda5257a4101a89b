package tui

import (
	"os"
	"time"

	"innate/tui/host"
	"innate/tui/sixel"
)

// Options tell the workbench where runs are and how to do what it must not link.
type Options = host.Options

// Preset is a run that can be started from the list of runs.
type Preset = host.Preset

// withDefaults fills in what was left out and reads the environment.
func withDefaults(o Options) (Options, sixel.Mode, bool, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	switch o.StateFile {
	case "":
		o.StateFile = statePath(o.Getenv)
	case "-":
		o.StateFile = ""
	}
	o.ASCII = o.ASCII || !unicodeTerminal(o.Getenv)
	name := o.Images
	if name == "" {
		name = o.Getenv("INNATE_IMAGES")
	}
	if name == "" {
		return o, sixel.Blocks, false, nil
	}
	mode, err := sixel.ParseMode(name)
	return o, mode, true, err
}
