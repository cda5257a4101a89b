package loop

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"innate/models/checkpoint"
	"innate/trainer/run"
)

// prune removes checkpoints, after written has been: what stays is written
// itself, which is known to be whole, the newest keep, and the first at or after
// every multiple of every images; every 0 is none of those.
func prune(dir, written string, keep int, every int64) error {
	files, err := run.Checkpoints(dir)
	if err != nil {
		return err
	}
	stays := map[string]bool{written: true}
	for _, f := range files[:min(keep, len(files))] {
		stays[f.Path] = true
	}
	last := int64(0) // multiple that has its checkpoint; the beginning needs none
	for _, f := range slices.Backward(files) {
		if every > 0 && f.Nimg/every > last {
			last, stays[f.Path] = f.Nimg/every, true
		}
	}
	for _, f := range files {
		if stays[f.Path] {
			continue
		}
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}

// NewestCheckpoint reads the newest checkpoint of a run directory that can be
// read; the errors of newer ones are passed to broken. A run without any has
// none: nil, nil.
func NewestCheckpoint(dir string, broken func(error)) (*checkpoint.File, error) {
	return newest(dir, func(path string) (*checkpoint.File, error) {
		f, err := checkpoint.Read(path)
		if err == nil && f.Metadata[run.MetaKind] != run.CheckpointKind {
			return nil, fmt.Errorf("checkpoint: %s: kind %q, want %q", path, f.Metadata[run.MetaKind], run.CheckpointKind)
		}
		return f, err
	}, broken)
}

// NewestHeader is NewestCheckpoint for who looks at the header alone, of whatever
// kind the file is.
func NewestHeader(dir string, broken func(error)) (*checkpoint.File, error) {
	return newest(dir, checkpoint.ReadHeader, broken)
}

func newest(dir string, read func(path string) (*checkpoint.File, error), broken func(error)) (*checkpoint.File, error) {
	files, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	if err != nil {
		return nil, err
	}
	for _, c := range files {
		f, err := read(c.Path)
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
