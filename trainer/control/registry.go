package control

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The registry names the runs that this user trains on this machine, wherever
// their directories are: one symbolic link to each in a private directory of
// the machine. A link proves nothing. Whether a trainer lives is told by the
// lock in the run directory, so that a killed trainer leaves nothing to clean.
const registryDir = "runs"

// Register makes the run in dir known to the other runs of this user until
// forget is called. The caller holds the run's lock.
func Register(dir string) (forget func(), err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	registry, err := registryPath()
	if err != nil {
		return nil, err
	}
	link := filepath.Join(registry, fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:16])
	if err := os.Symlink(dir, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("control: %w", err)
	}
	return func() { _ = os.Remove(link) }, nil // one that stays says nothing
}

// Registered reads the runs in the registry that have a trainer, and forgets
// those whose directory is gone.
func Registered() ([]Info, error) {
	registry, err := registryPath()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(registry)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	var alive []Info
	for _, e := range entries {
		link := filepath.Join(registry, e.Name())
		dir, err := os.Readlink(link)
		if err != nil {
			continue // forgotten meanwhile
		}
		if !IsRun(dir) {
			_ = os.Remove(link)
			continue
		}
		if info, err := ReadInfo(dir); err == nil && info.Alive {
			alive = append(alive, info)
		}
	}
	return alive, nil
}

func registryPath() (string, error) {
	base, err := runtimeDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(base, registryDir)
	return path, ensurePrivate(path)
}
