package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/configs"
)

// RunsDir returns where runs live: the flag if given, else $INNATE_RUNS, else
// runs in the working directory. A shell expands ~ in neither --runs=~/runs nor a
// service's environment.
func RunsDir(flag string) string {
	if flag != "" {
		return configs.ExpandHome(flag)
	}
	if env := os.Getenv("INNATE_RUNS"); env != "" {
		return configs.ExpandHome(env)
	}
	return "runs"
}

// IsRun reports whether dir looks like a run directory: it has a config.toml, or
// a trainer holds its lock, or has held it and left a heartbeat. Somebody may have
// removed config.toml, and such a run can be listed, watched, stopped, forked and
// deleted all the same. A name that begins with a dot is that of a run being
// deleted.
func IsRun(dir string) bool {
	if HasConfig(dir) {
		return true
	}
	if strings.HasPrefix(filepath.Base(dir), ".") {
		return false
	}
	_, held, err := Holder(dir)
	return err == nil && (held || isFile(dir, LockFile) && isFile(dir, StatusFile))
}

func isFile(dir, name string) bool {
	info, err := os.Stat(filepath.Join(dir, name))
	return err == nil && info.Mode().IsRegular()
}

// HasConfig reports whether dir has a config.toml.
func HasConfig(dir string) bool { return isFile(dir, ConfigFile) }

// List returns the runs under runsDir by number, and then those without one by name. A directory that
// does not exist holds none. A run that cannot be read is listed with the reason,
// so that it takes none of the others away.
func List(runsDir string) ([]Info, error) {
	entries, err := os.ReadDir(runsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	var list []Info
	for _, e := range entries {
		dir := filepath.Join(runsDir, e.Name())
		if !IsRun(dir) {
			continue
		}
		info, err := ReadInfo(dir)
		if err != nil {
			info.Err = err
			info.Status = Status{Version: Version, Run: info.Name, Dir: info.Dir, State: StateUnreadable, Error: err.Error()}
		}
		list = append(list, info)
	}
	slices.SortStableFunc(list, func(a, b Info) int {
		return cmp.Or(cmp.Compare(place(a.Name), place(b.Name)), strings.Compare(a.Name, b.Name))
	})
	return list, nil
}

// place is where a run stands in a list: by its number, and after those that have one if
// it has none.
func place(name string) int {
	if n, ok := Number(name); ok {
		return n
	}
	return math.MaxInt
}

// Number returns the number in front of a run's name: 3 for 00003-mnist-gdd-i.
func Number(name string) (n int, ok bool) {
	digits, _, _ := strings.Cut(name, "-")
	u, err := strconv.ParseUint(digits, 10, 31) // which takes no sign
	return int(u), err == nil
}

// ErrAmbiguous is the error of Find for what more than one run is called.
var ErrAmbiguous = errors.New("ambiguous")

// Find returns the run directory that ref names: a path, a number, a full name,
// or an end of a name that only one run has (mnist-gdd-i). Links to one directory
// are one run.
func Find(runsDir, ref string) (string, error) {
	if ref == "" {
		return "", errors.New("run: got an empty name, want a run")
	}
	if strings.ContainsRune(ref, filepath.Separator) || ref == "." || ref == ".." {
		if !IsRun(ref) {
			return "", fmt.Errorf("run: %s: no run here: it has no %s", ref, ConfigFile)
		}
		return filepath.Abs(ref)
	}
	entries, err := os.ReadDir(runsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("run: %w", err)
	}
	var names []string
	for _, e := range entries {
		if IsRun(filepath.Join(runsDir, e.Name())) {
			names = append(names, e.Name())
		}
	}
	name, err := Named(names, ref, func(hits []string) []string { return distinct(runsDir, hits) })
	switch {
	case err != nil:
		return "", err
	case name != "":
		return filepath.Abs(filepath.Join(runsDir, name))
	case IsRun(ref):
		return filepath.Abs(ref)
	}
	return "", fmt.Errorf("run %q: none in %s", ref, runsDir)
}

// Named returns the one of the names that ref names: by all of it, by its number, without
// its number, or by its end, in that order; "" if none is. distinct leaves one name of each
// run; nil: every name is another run's.
func Named(names []string, ref string, distinct func(names []string) []string) (string, error) {
	for _, match := range []func(name string) bool{
		func(name string) bool { return name == ref },
		func(name string) bool {
			n, ok := Number(name)
			want, err := strconv.Atoi(ref)
			return ok && err == nil && n == want
		},
		func(name string) bool {
			_, rest, _ := strings.Cut(name, "-")
			return rest == ref
		},
		func(name string) bool { return strings.HasSuffix(name, ref) },
	} {
		var hits []string
		for _, name := range names {
			if match(name) {
				hits = append(hits, name)
			}
		}
		if distinct != nil {
			hits = distinct(hits)
		}
		if len(hits) == 1 {
			return hits[0], nil
		}
		if len(hits) > 1 {
			return "", fmt.Errorf("run %q: %w, want one of %s", ref, ErrAmbiguous, strings.Join(hits, " "))
		}
	}
	return "", nil
}

// distinct drops names that lead to a directory which an earlier one leads to,
// and puts the directories themselves before links to them.
func distinct(runsDir string, names []string) []string {
	var kept []string
	var infos []fs.FileInfo
	for _, links := range []bool{false, true} {
		for _, name := range names {
			path := filepath.Join(runsDir, name)
			entry, err := os.Lstat(path)
			if err != nil || links != (entry.Mode().Type() == fs.ModeSymlink) {
				continue
			}
			info, err := os.Stat(path)
			if err != nil || slices.ContainsFunc(infos, func(o fs.FileInfo) bool { return os.SameFile(o, info) }) {
				continue
			}
			kept, infos = append(kept, name), append(infos, info)
		}
	}
	return kept
}
