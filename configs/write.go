package configs

import (
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces a file atomically: a reader sees the old text or the new
// one, also after a crash. Permissions stay, and a symbolic link keeps pointing
// to the file that is replaced.
func WriteFile(path, text string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*.tmp")
	if err != nil {
		return fmt.Errorf("configs: %w", err)
	}
	defer os.Remove(f.Name()) // gone after the rename
	_, err = f.WriteString(text)
	for _, step := range []func() error{
		func() error { return f.Chmod(mode) },
		f.Sync,
	} {
		if err == nil {
			err = step()
		}
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("configs: write %s: %w", path, err)
	}
	return nil
}
