package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"innate/trainer/control"
)

// home is the run directory as it was when the trainer began.
type home struct {
	dir   string
	began []place // what must stay the same: the directory and its lock
}

type place struct {
	path string
	info fs.FileInfo
}

// leftovers are the temporary names of files that a killed trainer was writing,
// by folder of the run directory. The config's may belong to a command at work
// just now, and are left alone while they are young.
var leftovers = []struct {
	pattern string
	young   time.Duration
}{
	{filepath.Join(control.CheckpointsDir, ".*"+control.CheckpointExt+".tmp*"), 0},
	{filepath.Join(control.SamplesDir, ".sample-*.png"), 0},
	{probePattern, 0},
	{".config-*.tmp", time.Minute},
}

const probePattern = ".probe-*"

// openHome refuses a directory that cannot be written, before anything is built
// for it, and removes what killed trainers left. The caller holds its lock.
func openHome(dir string) (home, error) {
	h := home{dir: dir}
	probe, err := os.CreateTemp(dir, probePattern)
	if err != nil {
		return h, fmt.Errorf("loop: %s: cannot be written, want a directory where the run can go on: %w", dir, errors.Unwrap(err))
	}
	probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return h, fmt.Errorf("loop: %w", err)
	}
	for _, path := range []string{dir, filepath.Join(dir, control.LockFile)} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // without a lock file nobody can take the lock either
		}
		if err != nil {
			return h, fmt.Errorf("loop: %w", err)
		}
		h.began = append(h.began, place{path, info})
	}
	return h, h.sweep()
}

// sweep removes leftovers.
func (h home) sweep() error {
	for _, l := range leftovers {
		folder, pattern := filepath.Split(l.pattern)
		entries, err := os.ReadDir(filepath.Join(h.dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("loop: %w", err)
		}
		for _, e := range entries {
			ours, err := filepath.Match(pattern, e.Name())
			info, gone := e.Info()
			if err != nil || !ours || gone != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < l.young {
				continue
			}
			if err := os.Remove(filepath.Join(h.dir, folder, e.Name())); err != nil {
				return fmt.Errorf("loop: %w", err)
			}
		}
	}
	return nil
}

// check returns an error once the directory, or the lock in it, is no longer
// the one that the trainer began with: another trainer may be at work there, or
// nobody wants the run any more. Other errors may pass.
func (h home) check() error {
	for _, p := range h.began {
		now, err := os.Stat(p.path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, p.info) {
			return fmt.Errorf("loop: %s: removed or replaced during the run, which ends here", p.path)
		}
	}
	return nil
}
