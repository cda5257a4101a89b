package trainer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/published"
	"innate/models/weights"
	"innate/trainer/method"
	"innate/trainer/run"
)

// A run keeps copies of the files that its settings name, in inputs/KEY/ under
// their own names, and its config.toml names the copies: a relative path there
// counts from the run directory. So a run depends on nothing outside of its
// directory, which may move, and a later change of the files does not
// change it. Names stay because FID is called by that of its network.

// Training images stay where they lie, for they may be large: config.toml has their
// absolute path.
const dataPath = "data.path"

// input is a file to be copied into a run.
type input struct {
	key  string // of the setting that names it
	from string // absolute
	to   string // relative to the run directory, with slashes
}

// Rebase makes the relative paths in the text of a configuration file absolute:
// they count from the working directory, as a shell's do, and what is not there
// from the directory of the file.
func Rebase(text, file string) (string, error) {
	c, err := configs.Parse(file, text)
	if err != nil {
		return "", err
	}
	for key, ref := range c.Paths() {
		here, err := filepath.Abs(configs.Locate("", ref))
		if err != nil {
			return "", fmt.Errorf("trainer: %w", err)
		}
		beside := configs.Locate(filepath.Dir(file), ref)
		if beside == ref || exists(here) || !exists(beside) {
			continue
		}
		if beside, err = filepath.Abs(beside); err != nil {
			return "", fmt.Errorf("trainer: %w", err)
		}
		if text, err = configs.Set(text, key, beside); err != nil {
			return "", err
		}
	}
	return text, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// checkFiles refuses a configuration for a new run that names what cannot be
// opened, before anything is made for the run. Relative paths count from the
// working directory.
func checkFiles(c *configs.Config) error {
	files := c.Files()
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if err := checkFile(key, files[key]); err != nil {
			return c.At(key, fmt.Errorf("%s: %w", key, err))
		}
	}
	return nil
}

// isReference reports whether the setting of key names statistics, not a network.
func isReference(key string) bool { return strings.HasSuffix(key, ".reference") }

// checkFile opens what the setting of key names.
func checkFile(key, ref string) error {
	ref = configs.Locate("", ref)
	if isReference(key) {
		stats, err := weights.OpenStats(ref)
		if err != nil {
			return err
		}
		return stats.Close()
	}
	f, err := weights.Open(ref)
	if err == nil && key == "model.init" {
		err = method.CheckDenoiser(f)
	}
	return err
}

// gather lists the files that a configuration in base names and that are there,
// and returns the text that names their copies.
func gather(text string, c *configs.Config, base string) (string, []input, error) {
	var inputs []input
	files := c.Files()
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(files[key], weights.Prefix) {
			continue
		}
		from, err := published.Resolve(configs.Locate(base, files[key]))
		if errors.Is(err, fs.ErrNotExist) {
			continue // as below
		}
		if err == nil {
			from, err = filepath.Abs(from)
		}
		if err != nil {
			return "", nil, fmt.Errorf("trainer: %w", err)
		}
		if !exists(from) {
			continue // a fork needs not all of them: see package loop
		}
		in := input{key: key, from: from, to: strings.Join([]string{run.InputsDir, key, filepath.Base(from)}, "/")}
		if in.to != files[key] {
			if text, err = configs.Set(text, key, in.to); err != nil {
				return "", nil, err
			}
		}
		inputs = append(inputs, in)
	}
	text, err := locateData(text, c, base)
	return text, inputs, err
}

// locateData makes the path of the training images absolute, also of those that are
// named fetch:NAME.
func locateData(text string, c *configs.Config, base string) (string, error) {
	if c.Data.Path == "" {
		return text, nil
	}
	at, err := published.Resolve(c.Data.Path)
	if err != nil {
		return "", c.At(dataPath, fmt.Errorf("%s: %w", dataPath, err))
	}
	if at, err = filepath.Abs(configs.Locate(base, at)); err != nil {
		return "", fmt.Errorf("trainer: %w", err)
	}
	if at == c.Data.Path {
		return text, nil
	}
	return configs.Set(text, dataPath, at)
}

// copyInputs copies all files into run directory dir. Of one that several settings name
// the later copies are links to the first, where the file system has such: nobody writes
// into a copy.
func copyInputs(inputs []input, dir string) error {
	for i, in := range inputs {
		first := slices.IndexFunc(inputs[:i], in.same)
		if first >= 0 && in.link(inputs[first], dir) == nil {
			continue
		}
		if err := in.copyTo(dir); err != nil {
			return err
		}
	}
	return nil
}

// same reports whether other has the same file, of which the same is copied.
func (in input) same(other input) bool {
	return isReference(in.key) == isReference(other.key) && run.SameFile(in.from, other.from)
}

// link makes the copy of first that of in, too.
func (in input) link(first input, dir string) error {
	to := filepath.Join(dir, filepath.FromSlash(in.to))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.Link(filepath.Join(dir, filepath.FromSlash(first.to)), to)
}

// copyTo copies the file into run directory dir: of another run's checkpoint,
// which has a whole training in it, the network alone.
func (in input) copyTo(dir string) error {
	to := filepath.Join(dir, filepath.FromSlash(in.to))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	if !isReference(in.key) {
		whole, err := weights.Open(in.from)
		if err != nil {
			return err
		}
		net, err := method.Network(whole)
		if err != nil {
			return err
		}
		if net != whole {
			return checkpoint.Write(to, net)
		}
	}
	return copyWhole(in.from, to)
}

// copyWhole copies a file of any size.
func copyWhole(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	_, err = io.Copy(dst, src)
	if err = errors.Join(err, dst.Sync(), dst.Close()); err != nil {
		return fmt.Errorf("trainer: copy %s: %w", from, err)
	}
	return nil
}

// made lists what of a run's own is in dir, for a creation that fails to take
// back what it added.
func made(dir string) (there map[string]bool) {
	there = map[string]bool{}
	for _, f := range run.Files {
		if !f.Made {
			continue
		}
		if _, err := os.Lstat(filepath.Join(dir, f.Pattern)); err == nil || !errors.Is(err, fs.ErrNotExist) {
			there[f.Pattern] = true
		}
	}
	return there
}
