package run

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// CheckpointExt ends the name of every checkpoint.
const CheckpointExt = ".safetensors"

// Checkpoint is a file that a run can resume from.
type Checkpoint struct {
	Path string
	Nimg int64 // images seen, as its name states
}

// CheckpointFile is the name of the checkpoint at nimg images.
func CheckpointFile(nimg int64) string { return fmt.Sprintf("%09d%s", nimg, CheckpointExt) }

// Checkpoints lists the checkpoints in a run's folder for them, newest first;
// files with other names, such as the best network's, are none, nor are folders.
// A folder that does not exist holds none.
func Checkpoints(folder string) ([]Checkpoint, error) { return listed(folder, CheckpointExt) }

// BackFiles is Checkpoints for those from before live changes.
func BackFiles(folder string) ([]Checkpoint, error) { return listed(folder, BackExt) }

// SetAside reports whether a checkpoint's file is one of a branch that its run has left,
// from which nothing resumes by itself.
func SetAside(path string) bool {
	return slices.ContainsFunc([]string{DivergedExt, UnreadableExt, LeftExt}, func(ext string) bool { return strings.HasSuffix(path, ext) })
}

// listed lists the files in a folder whose names are images seen and ext.
func listed(folder, ext string) ([]Checkpoint, error) {
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("run: %w", err)
	}
	var list []Checkpoint
	for _, e := range entries {
		stem, ok := strings.CutSuffix(e.Name(), ext)
		if nimg, err := strconv.ParseInt(stem, 10, 64); ok && err == nil && nimg >= 0 && !e.IsDir() {
			list = append(list, Checkpoint{filepath.Join(folder, e.Name()), nimg})
		}
	}
	slices.SortFunc(list, func(a, b Checkpoint) int { return cmp.Compare(b.Nimg, a.Nimg) })
	return list, nil
}
