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
)

const (
	pointerFile = SocketFile + ".path"
	privateDir  = ".ctl" // while binding; no longer than SocketFile

	// maxSocketPath is what every Unix takes: macOS has 104 bytes for the path
	// and its zero, Linux 108.
	maxSocketPath = 103
)

// placeSocket returns where the socket of absolute run directory dir belongs
// and leaves a pointer in dir if that is elsewhere.
func placeSocket(dir string) (string, error) {
	pointer := filepath.Join(dir, pointerFile)
	if path := filepath.Join(dir, SocketFile); len(path) <= maxSocketPath {
		if err := os.Remove(pointer); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("control: %w", err)
		}
		return path, nil
	}
	base, err := runtimeDir()
	if err != nil {
		return "", err
	}
	// The run's own directory inside it, since binding needs one.
	own := filepath.Join(base, fmt.Sprintf("%x", sha256.Sum256([]byte(dir)))[:16])
	if err := ensurePrivate(own); err != nil {
		return "", err
	}
	path := filepath.Join(own, SocketFile)
	if err := writeAtomic(pointer, []byte(path+"\n")); err != nil {
		return "", err
	}
	return path, nil
}

// findSocket returns where the socket of dir is, by its pointer if there is
// one.
func findSocket(dir string) string {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return filepath.Join(dir, SocketFile)
	}
	if b, err := os.ReadFile(filepath.Join(dir, pointerFile)); err == nil {
		if path := strings.TrimSpace(string(b)); filepath.IsAbs(path) && len(path) <= maxSocketPath {
			return path
		}
	}
	return filepath.Join(dir, SocketFile)
}

// runtimeDir returns a directory with a short path that only this user can
// enter.
func runtimeDir() (string, error) {
	var last error
	for _, base := range []string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp"} {
		// 1+16 bytes for the run's directory, then the name of the socket.
		dir := filepath.Join(base, fmt.Sprintf("innate-%d", os.Getuid()))
		if base == "" || !filepath.IsAbs(base) || len(dir)+1+16+1+len(SocketFile) > maxSocketPath {
			continue
		}
		if last = ensurePrivate(dir); last == nil {
			return dir, nil
		}
	}
	if last == nil {
		last = errors.New("control: no directory with a path short enough for a socket: set XDG_RUNTIME_DIR")
	}
	return "", last
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
