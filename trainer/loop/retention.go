package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/models/checkpoint"
	"innate/trainer/control"
)

// checkpointFiles lists a run's checkpoints, newest first.
func checkpointFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if _, ok := checkpointNimg(e.Name()); ok {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	slices.Sort(files)
	slices.Reverse(files)
	return files, nil
}

// checkpointNimg is the number of images that a checkpoint's name states.
func checkpointNimg(path string) (nimg int64, ok bool) {
	stem, ok := strings.CutSuffix(filepath.Base(path), checkpointExt)
	nimg, err := strconv.ParseInt(stem, 10, 64)
	return nimg, ok && err == nil && nimg >= 0
}

// prune removes checkpoints, after written has been: what stays is written
// itself, which is known to be whole, the newest keep, and the first at or after
// every multiple of every images; every 0 is none of those.
func prune(dir, written string, keep int, every int64) error {
	files, err := checkpointFiles(dir)
	if err != nil {
		return err
	}
	stays := map[string]bool{written: true}
	for _, path := range files[:min(keep, len(files))] {
		stays[path] = true
	}
	last := int64(0) // multiple that has its checkpoint; the beginning needs none
	for _, path := range slices.Backward(files) {
		if nimg, _ := checkpointNimg(path); every > 0 && nimg/every > last {
			last, stays[path] = nimg/every, true
		}
	}
	for _, path := range files {
		if stays[path] {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// NewestCheckpoint reads the newest checkpoint of a run directory that can be
// read; the errors of newer ones are passed to broken. A run without any has
// none: nil, nil.
func NewestCheckpoint(dir string, broken func(error)) (*checkpoint.File, error) {
	files, err := checkpointFiles(filepath.Join(dir, control.CheckpointsDir))
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		f, err := checkpoint.Read(path)
		if err == nil && f.Metadata["kind"] != checkpointKind {
			err = fmt.Errorf("checkpoint: %s: kind %q, want %q", path, f.Metadata["kind"], checkpointKind)
		}
		if err == nil {
			return f, nil
		}
		broken(err)
	}
	if len(files) > 0 {
		return nil, fmt.Errorf("%s: none of %d checkpoints can be read", dir, len(files))
	}
	return nil, nil
}
