package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"innate/configs"
	"innate/models/weights"
	"innate/trainer/run"
)

// What TAB offers. A shell asks at every key, so this reads small files alone and
// starts nothing; what cannot be read is not offered.

const (
	thatIsAll  = cobra.ShellCompDirectiveNoFileComp
	orFiles    = cobra.ShellCompDirectiveDefault
	unfinished = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // a value follows
)

// Which runs a command is about.
func anyRun(run.Info) bool  { return true }
func alive(i run.Info) bool { return i.Alive }
func ended(i run.Info) bool { return !i.Alive }
func resumable(i run.Info) bool {
	return !i.Alive || i.Status.State == run.StatePaused
}

// complete has f complete the values of a flag.
func complete(cmd *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err) // the command has no such flag
	}
}

// completeRun completes the first argument by names of runs that which accepts.
func (c *cli) completeRun(which func(run.Info) bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		switch {
		case len(args) > 0:
			return nil, thatIsAll
		case strings.ContainsRune(typed, filepath.Separator):
			return nil, cobra.ShellCompDirectiveFilterDirs
		}
		return c.runNames(which, typed), thatIsAll
	}
}

// runNames lists the runs whose name, or name less its number, begins as typed.
func (c *cli) runNames(which func(run.Info) bool, typed string) []cobra.Completion {
	infos, err := run.List(run.RunsDir(c.runs))
	if err != nil {
		return nil
	}
	var names []cobra.Completion
	for _, i := range infos {
		if which(i) && strings.HasPrefix(i.Name, typed) {
			does := fmt.Sprintf("%s, %.1f kimg", i.Status.State, float64(i.Status.Nimg)/1000)
			names = append(names, cobra.CompletionWithDesc(i.Name, does))
		}
	}
	return names
}

// completeRunOrFile completes runs, and files of one extension where no run
// begins as typed.
func (c *cli) completeRunOrFile(ext string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, thatIsAll
		}
		if names := c.runNames(anyRun, typed); len(names) > 0 && !strings.ContainsRune(typed, filepath.Separator) {
			return append(names, files(typed, ext)...), thatIsAll
		}
		return []string{strings.TrimPrefix(ext, ".")}, cobra.ShellCompDirectiveFilterFileExt
	}
}

// completeNetwork completes what openNetwork takes.
func (c *cli) completeNetwork(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, directive := c.completeRunOrFile(run.CheckpointExt)(cmd, args, typed)
	if len(args) > 0 {
		return names, directive
	}
	builtin := withPrefix(weights.Networks(), typed)
	if directive == thatIsAll || len(builtin) == 0 {
		return append(names, builtin...), directive
	}
	return builtin, thatIsAll
}

// completeConfig completes presets, and files where none begins as typed.
func completeConfig(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, thatIsAll
	}
	var names []cobra.Completion
	for _, name := range presets() {
		if text, err := configs.PresetText(name); err == nil && strings.HasPrefix(name, typed) {
			about, _, _ := strings.Cut(configs.Summary(text), ". ")
			names = append(names, cobra.CompletionWithDesc(name, about))
		}
	}
	if len(names) > 0 {
		return append(names, files(typed, ".toml")...), thatIsAll
	}
	return []string{"toml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeRunOrConfig completes what configOf takes.
func (c *cli) completeRunOrConfig(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names, directive := completeConfig(cmd, args, typed)
	if len(args) > 0 {
		return names, directive
	}
	if runs := c.runNames(anyRun, typed); len(runs) > 0 {
		if directive != thatIsAll {
			names = nil
		}
		return append(names, runs...), thatIsAll
	}
	return names, directive
}

// completeCheckpoint completes --at by the checkpoints of the run that is named.
func (c *cli) completeCheckpoint(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, orFiles
	}
	dir, err := find(c.runs, args[0])
	if err != nil {
		return nil, orFiles
	}
	names := []string{cobra.CompletionWithDesc("best", "by FID")}
	list, _ := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	for _, at := range list {
		names = append(names, strconv.FormatFloat(float64(at.Nimg)/1000, 'f', -1, 64))
	}
	names = withPrefix(names, typed)
	if len(names) == 0 {
		return nil, orFiles
	}
	return names, thatIsAll
}

// completeSet completes a run, then live settings of its method.
func (c *cli) completeSet(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return c.completeRun(alive)(cmd, args, typed)
	}
	dir, err := find(c.runs, args[0])
	if err != nil {
		return nil, thatIsAll
	}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil {
		return nil, thatIsAll
	}
	live := slices.DeleteFunc(cfg.Entries(), func(e configs.Entry) bool { return !e.Live })
	return settings(live, typed)
}

// completeEdit completes --set by the settings of the preset or file that is
// named, or of the demo's.
func completeEdit(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	name := demoPreset
	if len(args) > 0 {
		name = args[0]
	}
	_, cfg, err := configs.Open(configs.ExpandHome(name))
	if err != nil {
		if cfg, err = configs.Preset(demoPreset); err != nil {
			return nil, thatIsAll
		}
	}
	return settings(cfg.Entries(), typed)
}

// settings completes key= with what the key means, and then values that are
// names, and the present one.
func settings(list []configs.Entry, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var words []cobra.Completion
	directive := unfinished
	for _, e := range list {
		switch key := e.Key + "="; {
		case strings.HasPrefix(typed, key):
			directive = thatIsAll
			values := e.Choices
			if len(values) == 0 {
				values = []string{strings.Trim(e.Value, `"`)}
			}
			for _, v := range values {
				words = append(words, key+v)
			}
		case strings.HasPrefix(key, typed):
			words = append(words, cobra.CompletionWithDesc(key, fmt.Sprintf("%s; now %s", e.Doc, e.Value)))
		}
	}
	return withPrefix(words, typed), directive
}

func completeFreezePreset(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return withPrefix(configs.FreezePresets(), typed), thatIsAll
}

// completeLayer completes the name of a parameter of the run, part by part: a glob
// continues from there.
func (c *cli) completeLayer(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) != 1 {
		return nil, thatIsAll
	}
	dir, err := find(c.runs, args[0])
	if err != nil {
		return nil, thatIsAll
	}
	layers, _ := run.ReadLayers(dir) // none before a run's first start
	var words []string
	for _, l := range layers {
		rest, ok := strings.CutPrefix(l.Name, typed)
		if !ok {
			continue
		}
		part, _, more := strings.Cut(rest, ".")
		if more {
			part += "."
		}
		if word := typed + part; !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words, unfinished
}

// files lists files of one extension, and folders, whose path begins as typed.
func files(typed, ext string) []cobra.Completion {
	folder, _ := filepath.Split(typed)
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil
	}
	var names []cobra.Completion
	for _, e := range entries {
		if path := folder + e.Name(); strings.HasPrefix(path, typed) && strings.HasSuffix(e.Name(), ext) {
			names = append(names, path)
		}
	}
	return names
}

func withPrefix(words []string, typed string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, typed) })
}
