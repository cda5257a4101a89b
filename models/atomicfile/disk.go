package atomicfile

import (
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Disk describes the file system on which path lies, or would lie: that of path, or
// of the first directory above it that can be asked.
func Disk(path string) (unix.Statfs_t, error) {
	var s unix.Statfs_t
	at, err := filepath.Abs(path)
	if err != nil {
		return s, err
	}
	for {
		err = unix.Statfs(at, &s)
		if err == nil || at == filepath.Dir(at) {
			return s, err
		}
		at = filepath.Dir(at)
	}
}

// Free is how many bytes there is room for at path, which need not be there yet.
func Free(path string) (int64, error) {
	s, err := Disk(path)
	return int64(s.Bavail) * int64(s.Bsize), err
}
