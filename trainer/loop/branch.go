package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// A run that resumes from a checkpoint leaves the branch that had got further.
// The run log says where by a marker, the event files of TensorBoard are cut,
// best.safetensors is put back (best.go), and the rest is put away here. An exact
// resume makes all of it again.

// leaveBranch puts away the checkpoints, under names that end in ext, and the sample
// grids beyond step last. Its errors are events: what stays does no harm to the
// training.
func (l *Loop) leaveBranch(last int64, ext string) {
	if err := errors.Join(l.leaveCheckpoints(last, ext), l.leaveWaysBack(last), l.leaveSamples(last)); err != nil {
		l.event(runlog.Error, err.Error(), nil)
	}
}

// leaveCheckpoints renames those beyond step last, so that nothing resumes from them
// once the run has taken another way: ones that could not be read, should that pass,
// and ones of a branch that was left.
func (l *Loop) leaveCheckpoints(last int64, ext string) error {
	folder := filepath.Join(l.dir, run.CheckpointsDir)
	files, err := run.Checkpoints(folder)
	if err != nil {
		return err
	}
	later := slices.IndexFunc(files, func(f run.Checkpoint) bool { return f.Nimg <= last }) // newest first
	if later < 0 {
		later = len(files)
	}
	if later == 0 {
		return nil
	}
	for _, f := range files[:later] {
		if err := os.Rename(f.Path, strings.TrimSuffix(f.Path, run.CheckpointExt)+ext); err != nil {
			return fmt.Errorf("loop: %w", err)
		}
	}
	return keepNewest(folder, "*"+ext, l.cfg.Live.KeepCheckpoints)
}

// leaveSamples removes grids, which the screen would take for the newest.
func (l *Loop) leaveSamples(last int64) error {
	entries, err := os.ReadDir(filepath.Join(l.dir, run.SamplesDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("loop: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(run.SamplesDir, e.Name())
		f, ours := run.FileOf(path)
		nimg, numbered := run.SeenIn(e.Name())
		if !ours || f.Rewind != run.RewindRemove || !numbered || nimg <= last {
			continue
		}
		if err := os.Remove(filepath.Join(l.dir, path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("loop: %w", err)
		}
	}
	return nil
}

// keepNewest removes all but n of the files in a folder whose names, which state
// images seen, match a pattern.
func keepNewest(folder, pattern string, n int) error {
	entries, err := os.ReadDir(folder) // sorted
	if err != nil {
		return fmt.Errorf("loop: %w", err)
	}
	var names []string
	for _, e := range entries {
		if ok, err := filepath.Match(pattern, e.Name()); err != nil {
			return err
		} else if ok {
			names = append(names, e.Name())
		}
	}
	for _, name := range names[:max(0, len(names)-n)] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			return fmt.Errorf("loop: %w", err)
		}
	}
	return nil
}
