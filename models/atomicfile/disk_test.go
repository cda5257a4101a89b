package atomicfile_test

import (
	"os"
	"path/filepath"
	"testing"

	"innate/models/atomicfile"
)

// TestDisk asks for directories that are not there yet, one of them below a file: they
// would lie where the first that is there does.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	want, err := atomicfile.Disk(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(dir, "a", "b"), filepath.Join(file, "below")} {
		got, err := atomicfile.Disk(path)
		if err != nil || got.Fsid != want.Fsid || got.Blocks != want.Blocks {
			t.Errorf("%s: file system %v of %d blocks, %v; want %v of %d", path, got.Fsid, got.Blocks, err, want.Fsid, want.Blocks)
		}
		if free, err := atomicfile.Free(path); err != nil || free < 0 {
			t.Errorf("%s: %d bytes free, %v", path, free, err)
		}
	}
	t.Chdir(dir)
	if _, err := atomicfile.Disk("relative"); err != nil {
		t.Error(err)
	}
}
