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
	"innate/trainer/run"
)

// Create makes the next run directory under runsDir, such as
// runs/00003-mnist-gdd-i, with cfgText as its config.toml, and returns its
// absolute path. A name other than "" replaces the one in the text. The files
// that the text names, relative to the working directory, are copied into the
// run. On an error nothing is left.
func Create(runsDir, cfgText, name string) (dir string, err error) {
	text, c, inputs, err := prepareNew(cfgText, name)
	if err != nil {
		return "", err
	}
	if dir, err = claimNext(runsDir, c.Name); err != nil {
		return "", err
	}
	if err := fill(dir, text, inputs); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir)) // ours, and no run yet
	}
	return dir, nil
}

// Next is where Create would make runs of a name, in order, if nobody else makes
// one meanwhile.
func Next(runsDir, name string, count int) ([]string, error) {
	runsDir, err := filepath.Abs(runsDir)
	if err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	n, err := nextNumber(runsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	dirs := make([]string, count)
	for i := range dirs {
		dirs[i] = numbered(runsDir, n+i, name)
	}
	return dirs, nil
}

func numbered(runsDir string, n int, name string) string {
	return filepath.Join(runsDir, fmt.Sprintf("%05d-%s", n, name))
}

// CreateAt is Create in a directory of the caller's choice. It may exist, but not
// be a run already.
func CreateAt(dir, cfgText, name string) error {
	text, _, inputs, err := prepareNew(cfgText, name)
	if err != nil {
		return err
	}
	if inside, err := run.List(dir); err == nil && len(inside) > 0 {
		return fmt.Errorf("trainer: %s: holds runs, such as %s, want a directory for one", dir, inside[0].Name)
	}
	before, existed := made(dir), exists(dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	lock, err := run.Acquire(dir) // of two that make it a run at once, one does
	if err != nil {
		return err
	}
	defer lock.Release()
	if run.HasConfig(dir) { // we hold the lock, as the trainer of a run does
		return fmt.Errorf("trainer: %s: a run already: it has a %s", dir, run.ConfigFile)
	}
	err = fill(dir, text, inputs)
	switch {
	case err == nil:
	case !existed:
		err = errors.Join(err, os.RemoveAll(dir))
	default:
		for name := range made(dir) {
			if !before[name] {
				err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
			}
		}
	}
	return err
}

// Adjust edits config.toml of a run without a trainer by key, all or nothing.
// Unlike an edit of a live run it may change what is fixed while a trainer
// lives.
func Adjust(dir string, set map[string]string) error {
	lock, err := run.Acquire(dir)
	if err != nil {
		return err
	}
	defer lock.Release()
	path := filepath.Join(dir, run.ConfigFile)
	text, err := configs.ReadFile(path)
	if err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if text, err = configs.Set(text, key, set[key]); err != nil {
			return err
		}
	}
	if _, err := configs.Parse(run.ConfigFile, text); err != nil {
		return err
	}
	return configs.WriteFile(path, text)
}

// prepareNew checks a configuration for a new run, and the files that it names.
func prepareNew(text, name string) (string, *configs.Config, []input, error) {
	text, c, err := prepare(text, name)
	if err != nil {
		return "", nil, nil, err
	}
	if err := checkFiles(c); err != nil {
		return "", nil, nil, err
	}
	text, inputs, err := gather(text, c, "")
	return text, c, inputs, err
}

// prepare checks a configuration that is to have a name, if that is not "".
func prepare(text, name string) (string, *configs.Config, error) {
	var err error
	if name != "" {
		if text, err = configs.Set(text, "name", name); err != nil {
			return "", nil, err
		}
	}
	c, err := configs.Parse(run.ConfigFile, text)
	return text, c, err
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
		dir = numbered(runsDir, n, name)
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
		if n, ok := run.Number(e.Name()); ok && n >= next {
			next = n + 1
		}
	}
	return next, nil
}

// claim makes dir for run n unless another run has that number. Two creators
// may make directories of the same number and different names at once; both
// then see the other, and both move to a larger number.
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

// fill makes the folders, copies the inputs and, last, writes config.toml, which
// makes it a run.
func fill(dir, text string, inputs []input) error {
	if err := makeFolders(dir); err != nil {
		return err
	}
	if err := copyInputs(inputs, dir); err != nil {
		return err
	}
	return configs.WriteFile(filepath.Join(dir, run.ConfigFile), text)
}

func makeFolders(dir string) error {
	for _, sub := range []string{run.SamplesDir, run.CheckpointsDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return fmt.Errorf("trainer: %w", err)
		}
	}
	return nil
}
