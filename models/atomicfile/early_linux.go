package atomicfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// beginWriting asks the disk for n bytes at a place of f, without waiting for it.
func beginWriting(f *os.File, at, n int64) {
	// A file system that cannot leaves all to the sync at the end.
	_ = unix.SyncFileRange(int(f.Fd()), at, n, unix.SYNC_FILE_RANGE_WRITE)
}
