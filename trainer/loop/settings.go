package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/weights"
	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// settingsAt returns the settings that were in force at a checkpoint: the
// present ones where they are the same, where the checkpoint states none, and,
// which is an event, where what it states is no longer a config.
func (l *Loop) settingsAt(f *checkpoint.File) *configs.Config {
	text, stated := f.Metadata[run.MetaConfig]
	if !stated || text == l.text {
		return l.cfg
	}
	was, err := configs.Parse(filepath.Base(f.Path), text)
	if err == nil {
		was, err = l.followMoved(was, filepath.Base(f.Path), text)
	}
	if err != nil {
		l.event(runlog.Error, fmt.Sprintf("checkpoint: %s: its settings could not be compared with %s: %v", f.Path, run.ConfigFile, err), nil)
		return l.cfg
	}
	return was
}

// settingsBefore returns the settings that were in force when the run first
// began: the present ones, less what its events say has been changed since. A run
// without a checkpoint has no other record of them.
func (l *Loop) settingsBefore() (*configs.Config, error) {
	history, err := runlog.ReadAll(l.dir)
	if err != nil {
		return nil, err
	}
	text, seen := l.text, map[string]bool{}
	for _, e := range history.Events {
		for key, v := range e.Data {
			change, _ := v.(map[string]any)
			old, stated := change["old"].(string)
			if !stated || seen[key] {
				continue
			}
			seen[key] = true
			if before, err := configs.Set(text, key, old); err == nil { // not a setting of another version
				text = before
			}
		}
	}
	if was, err := configs.Parse(run.ConfigFile, text); err == nil && len(seen) > 0 {
		return was, nil
	}
	return l.cfg, nil
}

// followMoved returns the settings at a checkpoint with the present paths of
// files that have moved: runs from before a run had copies name files wherever
// they lay, which ends when a project moves. A file has moved if nothing is left
// at its old place and the new one has its name.
func (l *Loop) followMoved(was *configs.Config, name, text string) (*configs.Config, error) {
	files, err := l.cfg.Files(), error(nil)
	for key, old := range was.Files() {
		now := files[key]
		if now == old || strings.HasPrefix(old, weights.Prefix) || filepath.Base(now) != filepath.Base(old) {
			continue
		}
		if _, there := os.Stat(configs.Locate(l.dir, old)); !errors.Is(there, fs.ErrNotExist) {
			continue
		}
		if text, err = configs.Set(text, key, now); err != nil {
			return nil, err
		}
	}
	return configs.Parse(name, text)
}

// announceSince records the live settings that are not those from which the run
// resumes or begins again. Whether they were changed while no trainer ran, or
// by an event further on in the branch that is left, they are in force from here.
func (l *Loop) announceSince(was *configs.Config) {
	if was == l.cfg {
		return
	}
	if from, to := was.Run.Device, l.cfg.Run.Device; from != to {
		l.event(runlog.Config, fmt.Sprintf("run.device: %s → %s: what follows is not the bits that %s would have computed", from, to, from), nil)
	}
	changes := slices.DeleteFunc(configs.Diff(was, l.cfg), func(c configs.Change) bool { return !c.Live })
	froze, discs := true, []*optim.Freezing(nil)
	before, _ := was.Freeze.InForce(l.nimg)
	if freezing, err := l.resolveFreezing(was); err == nil {
		froze, discs = !slices.Equal(freezing.FrozenNames(), l.freezing.FrozenNames()), freezing.discs
		before = freezeTable(freezing.Rule)
	}
	l.announce(before, changes, froze)
	l.announceDiscs(discs)
}
