package control

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"innate/models/atomicfile"
	"innate/trainer/run"
)

const (
	backLink = "run" // beside a socket that lies elsewhere: to the run's directory

	// maxSocketPath is what every Unix takes: macOS has 104 bytes for the path
	// and its zero, Linux 108.
	maxSocketPath = 103
)

// placeSocket returns where the socket of absolute run directory dir belongs
// and leaves a pointer in dir if that is elsewhere.
func placeSocket(dir string) (string, error) {
	pointer := filepath.Join(dir, run.SocketPointer)
	if path := filepath.Join(dir, run.SocketFile); len(path) <= maxSocketPath {
		if err := os.Remove(pointer); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("control: %w", err)
		}
		return path, nil
	}
	base, err := privateBase()
	if err != nil {
		return "", err
	}
	// The run's own directory inside it, since binding needs one.
	own := socketDir(base, dir)
	if err := ensurePrivate(own); err != nil {
		return "", err
	}
	if err := linkBack(own, dir); err != nil {
		return "", err
	}
	path := filepath.Join(own, run.SocketFile)
	if err := atomicfile.WriteBytes(pointer, atomicfile.NoSync, []byte(path+"\n")); err != nil {
		return "", fmt.Errorf("control: %w", err)
	}
	return path, nil
}

// socketDir is the private directory of the run in dir below base.
func socketDir(base, dir string) string {
	return filepath.Join(base, fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:16])
}

// linkBack makes a socket's directory name the run that it is of.
func linkBack(own, dir string) error {
	link := filepath.Join(own, backLink)
	if to, err := os.Readlink(link); err == nil && to == dir {
		return nil
	}
	_ = os.Remove(link) // the next line tells
	if err := os.Symlink(dir, link); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	return nil
}

// belongs reports whether the socket at path is that of the run in dir. A pointer
// comes along when a run is copied or moved, and then names another run's socket,
// whose trainer must not get our commands.
func belongs(path, dir string) bool {
	own := filepath.Dir(path)
	if own == socketDir(filepath.Dir(own), dir) {
		return true
	}
	there, err := os.Stat(filepath.Join(own, backLink)) // dir under another name
	if err != nil {
		return false
	}
	here, err := os.Stat(dir)
	return err == nil && os.SameFile(here, there)
}

// findSocket returns where the socket of dir is, by its pointer if there is one
// and it is this run's.
func findSocket(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Join(dir, run.SocketFile)
	}
	if b, err := os.ReadFile(filepath.Join(dir, run.SocketPointer)); err == nil {
		if path := strings.TrimSpace(string(b)); filepath.IsAbs(path) && len(path) <= maxSocketPath && belongs(path, dir) {
			return path
		}
	}
	return filepath.Join(dir, run.SocketFile)
}

// privateBase returns a directory with a short path that only this user can
// enter. A trainer outlives the login that started it, so it lies in no
// directory of a login, which goes at logout.
func privateBase() (string, error) {
	var last error
	state := stateHome()
	for _, base := range []string{os.TempDir(), "/tmp", state} {
		// 1+16 bytes for the run's directory, then the name of the socket.
		dir := filepath.Join(base, fmt.Sprintf("innate-%d", os.Getuid()))
		if !filepath.IsAbs(base) || ofLogin(base) || len(dir)+1+16+1+len(run.SocketFile) > maxSocketPath {
			continue
		}
		if base == state {
			_ = os.MkdirAll(base, 0o700) // the next line tells
		}
		if last = ensurePrivate(dir); last == nil {
			return dir, nil
		}
	}
	if last == nil {
		last = errors.New("control: no directory with a path short enough for a socket: set TMPDIR")
	}
	return "", last
}

// ofLogin reports whether a directory lies in one that is made at login and
// removed at logout.
func ofLogin(dir string) bool {
	for _, login := range []string{os.Getenv("XDG_RUNTIME_DIR"), "/run/user"} {
		if rel, err := filepath.Rel(login, dir); login != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, "../") {
			return true
		}
	}
	return false
}

// stateHome is where this user's programs keep state; "" if there is none. It
// serves where another user has taken our name in the temporary directory.
func stateHome() string {
	if dir := os.Getenv("XDG_STATE_HOME"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "state")
}

// ensurePrivate makes a directory that is ours and closed to others, and
// refuses one that is not: anyone may create names in the temporary directory.
func ensurePrivate(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("control: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("control: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || info.Mode().Perm() != 0o700 || ok && int(owner.Uid) != os.Getuid() {
		return fmt.Errorf("control: %s: got %v, want a directory of ours with mode 0700", dir, info.Mode())
	}
	return nil
}
