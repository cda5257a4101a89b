package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"innate/trainer/run"
)

// home is the run directory as it was when the trainer began. What others remove
// of it is made again; the directory itself must stay the same, and its lock
// ours.
type home struct {
	dir   string
	began fs.FileInfo // of the directory
	lock  fs.FileInfo // nil in a run that nobody has locked
	again *os.File    // holds the lock, where its file had to be made again

	configGone int // looks in a row that have found no config.toml
}

// openHome refuses a directory that cannot be written, before anything is built
// for it, and removes what killed trainers left. The caller holds its lock.
func openHome(dir string) (home, error) {
	h := home{dir: dir}
	probe, err := os.CreateTemp(dir, run.ProbePattern)
	if err != nil {
		return h, fmt.Errorf("loop: %s: cannot be written, want a directory that the run can write to: %w", dir, errors.Unwrap(err))
	}
	probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return h, fmt.Errorf("loop: %w", err)
	}
	if h.began, err = os.Stat(dir); err != nil {
		return h, fmt.Errorf("loop: %w", err)
	}
	if h.lock, err = os.Stat(h.lockPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return h, fmt.Errorf("loop: %w", err)
	}
	return h, h.sweep()
}

// sweep removes what killed writers left unfinished, but for what is so young that
// a command may be at work on it.
func (h *home) sweep() error {
	for _, f := range run.Files {
		if f.Life != run.Unfinished {
			continue
		}
		folder, pattern := filepath.Split(f.Pattern)
		entries, err := os.ReadDir(filepath.Join(h.dir, folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return fmt.Errorf("loop: %w", err)
		}
		for _, e := range entries {
			ours, err := filepath.Match(pattern, e.Name())
			info, gone := e.Info()
			if err != nil || !ours || gone != nil || !info.Mode().IsRegular() || time.Since(info.ModTime()) < f.Young {
				continue
			}
			if err := os.Remove(filepath.Join(h.dir, folder, e.Name())); err != nil {
				return fmt.Errorf("loop: %w", err)
			}
		}
	}
	return nil
}

func (h *home) lockPath() string { return filepath.Join(h.dir, run.LockFile) }

// check returns an error once the directory is no longer the one that the
// trainer began with, or another trainer holds the lock in it. A lock file that
// was removed is made and locked again, which note says: until then nobody else
// could see that the run is at work. Other errors may pass.
func (h *home) check() (note string, err error) {
	now, err := os.Stat(h.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, h.began) {
		return "", fmt.Errorf("loop: %s: removed or replaced during the run, which ends here", h.dir)
	}
	if h.lock == nil {
		return "", nil
	}
	now, err = os.Stat(h.lockPath())
	switch {
	case err == nil && os.SameFile(now, h.lock):
		return "", nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return "", nil
	}
	return h.relock()
}

// relockTries are short of what a person notices, and enough to outlast readers,
// who hold the lock for a moment.
const relockTries = 20

// relock takes the lock on a file that has come in the place of ours, or makes
// one.
func (h *home) relock() (note string, err error) {
	f, err := os.OpenFile(h.lockPath(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", nil // a full disk, say: the next look tries again
	}
	for range relockTries {
		if err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	ours, bad := f.Stat()
	now, gone := os.Stat(h.lockPath())
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		f.Close()
		return "", fmt.Errorf("loop: %s: replaced during the run, and held by another trainer: this one ends here", h.lockPath())
	case err != nil || bad != nil || gone != nil || !os.SameFile(now, ours):
		f.Close()
		return "", nil
	}
	if err = f.Truncate(0); err == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0) // the pid is for people; the lock is held without it
	}
	h.unlock()
	h.lock, h.again = ours, f
	return "the file lock was removed during the run; made again", nil
}

// unlock gives a lock back that was taken again. The one that the run began with
// is its owner's.
func (h *home) unlock() {
	if h.again != nil {
		h.again.Close()
	}
}

// configPatience is how many looks in a row must miss config.toml before it
// counts as removed: an editor may be about to write it.
const configPatience = 3

// keepConfig writes config.toml again, as it is in force, when it has been
// missing for some looks or the run is over: it always states what the run is
// doing, and without it there is nothing to resume. It never replaces a file.
func (h *home) keepConfig(text string, over bool) (note string) {
	path := filepath.Join(h.dir, run.ConfigFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		h.configGone = 0
		return ""
	}
	if h.configGone++; h.configGone < configPatience && !over {
		return ""
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "" // the next look tries again
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(path)
		return ""
	}
	h.configGone = 0
	return run.ConfigFile + " was removed during the run; written again as it is in force"
}
