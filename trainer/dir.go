package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/trainer/control"
)

// Create makes the next run directory under runsDir, such as
// runs/00003-mnist-gdd-i, with cfgText as its config.toml, and returns its
// absolute path. A name other than "" replaces the one in the text. Paths to
// weights in the text are made absolute, so that the run can be resumed from
// elsewhere.
func Create(runsDir, cfgText, name string) (dir string, err error) {
	text, c, err := prepare(cfgText, name)
	if err != nil {
		return "", err
	}
	if dir, err = claimNext(runsDir, c.Name); err != nil {
		return "", err
	}
	return dir, fill(dir, text)
}

// CreateAt makes dir a run directory with cfgText as its config.toml. The
// directory may exist, but not be a run already.
func CreateAt(dir, cfgText, name string) error {
	text, _, err := prepare(cfgText, name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	lock, err := Acquire(dir) // of two that make it a run at once, one does
	if err != nil {
		return err
	}
	defer lock.Release()
	if control.IsRun(dir) {
		return fmt.Errorf("trainer: %s: a run already: it has a %s", dir, control.ConfigFile)
	}
	return fill(dir, text)
}

// Adjust edits config.toml of a run without a trainer by key, all or nothing.
// Unlike an edit of a live run it may change what is fixed while a trainer
// lives.
func Adjust(dir string, set map[string]string) error {
	lock, err := Acquire(dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	path := filepath.Join(dir, control.ConfigFile)
	text, err := configs.ReadFile(path)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if text, err = configs.Set(text, key, set[key]); err != nil {
			return err
		}
	}
	if _, err := configs.Parse(control.ConfigFile, text); err != nil {
		return err
	}
	return configs.WriteFile(path, text)
}

// prepare checks a configuration and makes it independent of where it lay.
func prepare(text, name string) (string, *configs.Config, error) {
	var err error
	if name != "" {
		if text, err = configs.Set(text, "name", name); err != nil {
			return "", nil, err
		}
	}
	c, err := configs.Parse(control.ConfigFile, text)
	if err != nil {
		return "", nil, err
	}
	for key, path := range map[string]string{
		"model.init":    c.Model.Init,
		"disc.features": c.Disc.Features,
		"fid.features":  c.FID.Features,
		"fid.reference": c.FID.Reference,
	} {
		if path == "" || strings.HasPrefix(path, "builtin:") || filepath.IsAbs(path) {
			continue
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return "", nil, fmt.Errorf("trainer: %w", err)
		}
		if text, err = configs.Set(text, key, abs); err != nil {
			return "", nil, err
		}
	}
	return text, c, nil
}

// claimNext makes the directory of the next run under runsDir and returns its
// absolute path.
func claimNext(runsDir, name string) (dir string, err error) {
	runsDir, err = filepath.Abs(runsDir)
	if err != nil {
		return "", fmt.Errorf("trainer: %w", err)
	}
	if err := os.MkdirAll(runsDir, 0o755); err != nil {
		return "", fmt.Errorf("trainer: %w", err)
	}
	n, err := nextNumber(runsDir)
	if err != nil {
		return "", err
	}
	for ; ; n++ { // someone else may take the number first
		dir = filepath.Join(runsDir, fmt.Sprintf("%05d-%s", n, name))
		taken, err := claim(runsDir, n, dir)
		if err != nil {
			return "", err
		}
		if !taken {
			return dir, nil
		}
	}
}

// nextNumber is one more than the largest number in front of a name.
func nextNumber(runsDir string) (int, error) {
	entries, err := os.ReadDir(runsDir)
	if err != nil {
		return 0, fmt.Errorf("trainer: %w", err)
	}
	next := 0
	for _, e := range entries {
		if n, ok := control.Number(e.Name()); ok && n >= next {
			next = n + 1
		}
	}
	return next, nil
}

// claim makes dir for run n unless another run has that number. Two creators
// may make directories of the same number and different names at once; both
// then see the other, and both go on to a larger number.
func claim(runsDir string, n int, dir string) (taken bool, err error) {
	if err := os.Mkdir(dir, 0o755); errors.Is(err, fs.ErrExist) {
		return true, nil
	} else if err != nil {
		return false, fmt.Errorf("trainer: %w", err)
	}
	same, err := filepath.Glob(filepath.Join(globQuote(runsDir), fmt.Sprintf("%05d-*", n)))
	if err == nil && len(same) <= 1 {
		return false, nil
	}
	if removeErr := os.Remove(dir); err == nil {
		err = removeErr
	}
	if err != nil {
		return false, fmt.Errorf("trainer: %w", err)
	}
	return true, nil
}

// globQuote escapes what filepath.Glob would take for a pattern.
func globQuote(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// fill makes the folders and, last, config.toml, which makes it a run.
func fill(dir, text string) error {
	if err := makeFolders(dir); err != nil {
		return err
	}
	return configs.WriteFile(filepath.Join(dir, control.ConfigFile), text)
}

func makeFolders(dir string) error {
	for _, sub := range []string{control.SamplesDir, control.CheckpointsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("trainer: %w", err)
		}
	}
	return nil
}
