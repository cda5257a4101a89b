package machine

import (
	"context"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// maxFiles bounds a walk: a run has some hundreds.
const maxFiles = 50_000

// Disk is the state of a directory and of the file system under it.
type Disk struct {
	Bytes int64  // in the directory's files
	More  bool   // at least so many: there was no time to count them all
	Free  uint64 // bytes for users other than root
	Total uint64 // bytes of the file system; 0 if unknown
}

// Disk measures a directory. Files that vanish while it looks count as nothing.
func (m *Machine) Disk(ctx context.Context, dir string) Disk {
	var d Disk
	files := 0
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if files++; files > maxFiles || ctx.Err() != nil {
			d.More = true
			return fs.SkipAll
		}
		if err != nil || !e.Type().IsRegular() {
			return nil
		}
		if info, err := e.Info(); err == nil {
			d.Bytes += info.Size()
		}
		return nil
	})
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err == nil && st.Bsize > 0 {
		d.Free, d.Total = inBytes(st.Bavail, st.Bsize), inBytes(st.Blocks, st.Bsize)
	}
	return d
}

// inBytes is some blocks in bytes. Systems differ in the types of both; where a count is
// signed, one below zero means that only root has room.
func inBytes[C, S int32 | int64 | uint32 | uint64](blocks C, size S) uint64 {
	return uint64(max(blocks, 0)) * uint64(size)
}
