package configs

import (
	"fmt"
	"path/filepath"

	"innate/models/atomicfile"
)

// WriteFile replaces a file atomically: a reader sees the old text or the new
// one, also after a crash. Permissions stay, and a symbolic link keeps pointing
// to the file that is replaced.
func WriteFile(path, text string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := atomicfile.WriteBytes(path, atomicfile.SyncFile, []byte(text)); err != nil {
		return fmt.Errorf("configs: %w", err)
	}
	return nil
}
