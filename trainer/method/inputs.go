package method

import (
	"errors"
	"fmt"
	"io/fs"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/weights"
)

// Runs have copies of the files that their settings name, and find them by paths
// relative to the run directory. Runs made before there were copies name files by
// absolute paths, which end when a project moves. What is then missing is said
// with the line of the setting; model.init is not needed any more once there is a
// checkpoint, which holds the network and all that has become of it.

// open reads the network that the setting of key names as ref.
func (e Env) open(key, ref string) (*checkpoint.File, error) {
	f, err := weights.Open(configs.Locate(e.Dir, ref))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, Gone(e.Config, key, err)
	}
	return f, err
}

// Gone says with the line of its setting that a file is missing.
func Gone(cfg *configs.Config, key string, err error) error {
	return missing{cfg.At(key, fmt.Errorf("%s: %w; the run has no copy of it, want the file at that place", key, err))}
}

// missing is an error about a file that is not there.
type missing struct{ error }

func (missing) Is(target error) bool { return target == fs.ErrNotExist }

// openInit reads model.init. Where its file is missing, and the run has come to a
// checkpoint, saved is that instead.
func (e Env) openInit() (init, saved *checkpoint.File, err error) {
	init, err = e.open("model.init", e.Config.Model.Init)
	if !errors.Is(err, fs.ErrNotExist) {
		return init, nil, err
	}
	saved, broken := e.Saved()
	if broken != nil || saved == nil {
		return nil, nil, err
	}
	e.Warn(fmt.Sprintf("%v: continuing from the checkpoint, without the layers' distances from it", err))
	return nil, saved, nil
}
