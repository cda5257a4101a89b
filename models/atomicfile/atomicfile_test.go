package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/models/atomicfile"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, sync := range []atomicfile.Sync{atomicfile.NoSync, atomicfile.SyncFile, atomicfile.SyncDir} {
		if err := atomicfile.WriteBytes(path, sync, []byte{'x', byte('0' + sync)}); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != "x"+string(rune('0'+sync)) {
			t.Errorf("sync %d: got %q, %v", sync, b, err)
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := atomicfile.WriteBytes(path, atomicfile.NoSync, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v, want the permissions that it had", info.Mode(), err)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("got %s, want the file alone", got)
	}
}

// TestWriteUmask gives a new file what the umask leaves.
func TestWriteUmask(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	path := filepath.Join(t.TempDir(), "a")
	if err := atomicfile.WriteBytes(path, atomicfile.NoSync, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got %v, %v, want 0640", info.Mode(), err)
	}
}

// TestWriteFails leaves the old file, nothing beside it, and an error that names
// it and says why.
func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := atomicfile.WriteBytes(path, atomicfile.SyncFile, []byte("old")); err != nil {
		t.Fatal(err)
	}
	full := func(w io.Writer) error {
		if tmp := names(t, dir); !strings.HasPrefix(tmp, ".innate-") {
			t.Errorf("while writing: got %s, want an unfinished file", tmp)
		}
		_, err := w.Write([]byte("half"))
		return errors.Join(err, &os.PathError{Op: "write", Path: w.(interface{ Name() string }).Name(), Err: syscall.ENOSPC})
	}
	if err := atomicfile.Write(path, atomicfile.SyncDir, full); !errors.Is(err, syscall.ENOSPC) || err.Error() != "write "+path+": no space left on device" {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "old" || names(t, dir) != "a" {
		t.Errorf("got %q beside %s, want the old file alone", b, names(t, dir))
	}
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "b"), atomicfile.NoSync, nil); err == nil || !strings.HasPrefix(err.Error(), "rename "+filepath.Join(dir, "b")+": ") {
		t.Errorf("onto a folder: got %v", err)
	}
	none := filepath.Join(dir, "none", "a")
	if err := atomicfile.WriteBytes(none, atomicfile.NoSync, nil); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), none) {
		t.Errorf("without a folder: got %v", err)
	}
	if got := names(t, dir); got != "a b" {
		t.Errorf("got %s, want nothing left", got)
	}
}
