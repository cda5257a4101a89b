// Package atomicfile replaces files in one step: a reader sees the old
// contents or the new, whole, also when the writer is killed. All programs of
// innate write through it what others read meanwhile; it knows none of them and
// stands below all.
package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Sync says what a write waits for, and so what a power failure may take.
type Sync int

const (
	// NoSync waits for no disk: after a power failure the file may be empty.
	NoSync Sync = iota
	// SyncFile waits for the contents: after a power failure the file is the old
	// one or the new, whole.
	SyncFile
	// SyncDir waits for the name, too: once Write returns the new file stays.
	SyncDir
)

// TempPattern matches the names of unfinished files, which a killed writer leaves
// in the folder of the file. They say nothing of its name: TensorBoard reads every
// file that has its own kind of name in it.
const TempPattern = ".innate-*.tmp"

// Write makes what write writes the contents of the file at path, which keeps its
// permissions; a new one gets those of the umask. What it writes to is an
// io.WriterAt, too. On an error path keeps what it had, nothing else stays behind,
// and the error names path.
func Write(path string, sync Sync, write func(io.Writer) error) (err error) {
	tmp, err := create(filepath.Dir(path))
	if err != nil {
		return about(path, "", err)
	}
	defer func() {
		if err != nil {
			tmp.Close() // a second close only errors
			os.Remove(tmp.Name())
			err = about(path, tmp.Name(), err)
		}
	}()
	var to io.Writer = tmp
	if sync >= SyncFile {
		to = &early{File: tmp}
	}
	if err := write(to); err != nil {
		return err
	}
	if old, err := os.Stat(path); err == nil && old.Mode().IsRegular() {
		if err := tmp.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if sync >= SyncFile {
		if err := tmp.Sync(); err != nil {
			return err
		}
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	if sync >= SyncDir {
		return syncDir(filepath.Dir(path))
	}
	return nil
}

// WriteBytes is Write of what is at hand.
func WriteBytes(path string, sync Sync, b []byte) error {
	return Write(path, sync, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

// create makes a file of an unused name that matches TempPattern, with the
// permissions that the umask leaves, unlike os.CreateTemp.
func create(dir string) (*os.File, error) {
	for {
		name := filepath.Join(dir, fmt.Sprintf(".innate-%d.tmp", rand.Uint32()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// about makes an error of the temporary file, tmp or one that could not be made,
// one of the file that was meant.
func about(path, tmp string, err error) error {
	var of *fs.PathError
	var rename *os.LinkError
	switch {
	case errors.As(err, &rename):
		return &fs.PathError{Op: rename.Op, Path: path, Err: rename.Err}
	case errors.As(err, &of) && (tmp == "" || of.Path == tmp):
		return &fs.PathError{Op: of.Op, Path: path, Err: of.Err}
	}
	return fmt.Errorf("%s: %w", path, err)
}

// syncDir makes a rename inside dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
