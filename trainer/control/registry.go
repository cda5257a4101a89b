package control

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"innate/trainer/run"
)

// The registry names the runs that this user trains on this machine, wherever
// their directories are: one symbolic link to each in a private directory of
// the machine. A link proves nothing. Whether a trainer lives is known by the
// lock in the run directory, so that a killed trainer leaves nothing to clean.
const registryDir = "runs"

// registerEvery is how often a trainer looks whether it is still known: what
// cleans a temporary directory removes links that nobody has used for days.
const registerEvery = 10 * time.Second

// Register makes the run in dir known to the other runs of this user until
// forget is called. The caller holds the run's lock.
func Register(dir string) (forget func(), err error) { return register(dir, registerEvery) }

func register(dir string, every time.Duration) (forget func(), err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	link, err := makeLink(dir)
	if err != nil {
		return nil, err
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		again := time.NewTicker(every)
		defer again.Stop()
		for {
			select {
			case <-stop:
				_ = os.Remove(link) // one that stays says nothing
				return
			case <-again.C:
				if made, err := makeLink(dir); err == nil {
					link = made
				}
			}
		}
	}()
	return func() {
		close(stop)
		<-ended
	}, nil
}

// makeLink makes the link to a run unless it is there.
func makeLink(dir string) (link string, err error) {
	registry, err := registryPath()
	if err != nil {
		return "", err
	}
	link = filepath.Join(registry, fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:16])
	if err := os.Symlink(dir, link); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", fmt.Errorf("control: %w", err)
	}
	return link, nil
}

// Registered reads the runs in the registry that have a trainer, and forgets
// those whose directory is gone.
func Registered() ([]run.Info, error) {
	registry, err := registryPath()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(registry)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	var alive []run.Info
	for _, e := range entries {
		link := filepath.Join(registry, e.Name())
		dir, err := os.Readlink(link)
		if err != nil {
			continue // forgotten meanwhile
		}
		if !run.IsRun(dir) {
			_ = os.Remove(link)
			continue
		}
		if info, err := run.ReadInfo(dir); err == nil && info.Alive {
			alive = append(alive, info)
		}
	}
	return alive, nil
}

func registryPath() (string, error) {
	base, err := privateBase()
	if err != nil {
		return "", err
	}
	path := filepath.Join(base, registryDir)
	return path, ensurePrivate(path)
}
