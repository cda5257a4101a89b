package trainer

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// open reads the checkpoint that the options name. A running parent may remove
// old checkpoints between our look and our reading, so that a missing one is
// looked for again.
func (o ForkOptions) open() (parent string, f *checkpoint.File, note string, err error) {
	if strings.HasSuffix(o.Source, run.CheckpointExt) || isFile(o.Source) {
		if o.At != "" {
			return "", nil, "", fmt.Errorf("trainer: fork: got a checkpoint file and %q, want one of them", o.At)
		}
		f, err = checkpoint.Read(o.Source)
		return runOf(o.Source), f, changed(f), err
	}
	if parent, err = filepath.Abs(o.Source); err != nil {
		return "", nil, "", fmt.Errorf("trainer: %w", err)
	}
	if strings.HasSuffix(o.At, run.CheckpointExt) || !isStop(o.At) && isFile(o.At) {
		f, err = checkpoint.Read(o.At)
		return parent, f, changed(f), err
	}
	const tries = 5
	for range tries {
		var paths, notes []string
		if paths, notes, err = choose(parent, o.At); err != nil {
			return "", nil, "", err
		}
		var broken []string
		for _, path := range paths {
			if f, err = checkpoint.Read(path); err == nil {
				if note := changed(f); note != "" {
					notes = append(notes, note)
				}
				return parent, f, strings.Join(append(notes, broken...), "; "), nil
			}
			if _, gone := os.Lstat(path); errors.Is(gone, fs.ErrNotExist) {
				break // look again
			}
			broken = append(broken, err.Error(), "took the one before")
		}
		if len(broken) == 2*len(paths) {
			return "", nil, "", err
		}
	}
	return "", nil, "", err
}

// changed says of a checkpoint what another program has changed; "" for one that
// is as it was written, or could not be read.
func changed(f *checkpoint.File) string {
	if f == nil || f.Changed == "" {
		return ""
	}
	return f.Path + ": " + f.Changed
}

// isStop reports whether at names a checkpoint as choose takes it, also where a
// file has that name.
func isStop(at string) bool {
	_, err := strconv.ParseFloat(at, 64)
	return at == "" || at == "best" || err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// runOf returns the run directory that a checkpoint lies in; "" if none.
func runOf(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	folder := filepath.Dir(abs)
	if dir := filepath.Dir(folder); filepath.Base(folder) == run.CheckpointsDir && run.IsRun(dir) {
		return dir
	}
	return ""
}

// keptCheckpoints lists a run's checkpoints, newest first; none is an error.
func keptCheckpoints(dir string) ([]run.Checkpoint, error) {
	list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("trainer: %s: no checkpoint yet", filepath.Base(dir))
	}
	return list, err
}

// choose returns the checkpoints of run dir that at names, those to be tried
// first in front: all, newest first, for ""; the one with the lowest FID for
// "best"; and the one at that many thousands of images, as far as at is written
// out, for a number: 40 names the checkpoint at 40,064 images, and 40.0 does
// not.
func choose(dir, at string) (paths, notes []string, err error) {
	list, err := keptCheckpoints(dir)
	if err != nil {
		return nil, nil, err
	}
	switch at {
	case "":
		for _, k := range list {
			paths = append(paths, k.Path)
		}
		return paths, nil, nil
	case "best":
		return chooseBest(dir, list)
	}
	if _, err := strconv.ParseFloat(at, 64); err != nil {
		return nil, nil, fmt.Errorf("trainer: checkpoint %q: want best, a file or thousands of images: %s", at, stops(list))
	}
	_, decimals, _ := strings.Cut(at, ".")
	var hits []run.Checkpoint
	for _, k := range list {
		if strconv.FormatFloat(kimg(k.Nimg), 'f', len(decimals), 64) == at {
			hits = append(hits, k)
		}
	}
	switch len(hits) {
	case 1:
		return []string{hits[0].Path}, nil, nil
	case 0:
		return nil, nil, fmt.Errorf("trainer: %s: no checkpoint at %s kimg, want one of %s", filepath.Base(dir), at, stops(list))
	}
	return nil, nil, fmt.Errorf("trainer: %s: more than one checkpoint at %s kimg, want one of %s", filepath.Base(dir), at, stops(hits))
}

// stops lists checkpoints as --at takes them, oldest first.
func stops(list []run.Checkpoint) string {
	var b []string
	for _, k := range slices.Backward(list) {
		b = append(b, strconv.FormatFloat(kimg(k.Nimg), 'f', -1, 64))
	}
	return strings.Join(b, " ")
}

// chooseBest returns the checkpoint at which the best value was measured. The
// best of all values may have been at a checkpoint that is gone; then it says
// so.
func chooseBest(dir string, list []run.Checkpoint) (paths, notes []string, err error) {
	history, err := runlog.ReadAll(dir)
	if err != nil {
		return nil, nil, err
	}
	status, _, err := run.ReadStatus(dir)
	if err != nil {
		return nil, nil, err
	}
	all, here := math.NaN(), math.NaN()
	var allNimg int64
	var best run.Checkpoint
	for _, t := range history.Rows {
		v, ok := t.Value(status.Quality())
		if !ok || math.IsNaN(v) {
			continue
		}
		if math.IsNaN(all) || status.Better(v, all) {
			all, allNimg = v, t.Nimg
		}
		i := slices.IndexFunc(list, func(k run.Checkpoint) bool { return k.Nimg == t.Nimg })
		if i >= 0 && (best.Path == "" || status.Better(v, here)) {
			here, best = v, list[i]
		}
	}
	if best.Path == "" {
		return nil, nil, fmt.Errorf("trainer: %s: no %s was measured at a checkpoint, want one of %s", filepath.Base(dir), strings.ToUpper(status.Quality()), stops(list))
	}
	if status.Better(all, here) {
		notes = append(notes, fmt.Sprintf("the best %s, %.1f at %.1f kimg, has no checkpoint to resume from; took %.1f at %.1f kimg",
			strings.ToUpper(status.Quality()), all, kimg(allNimg), here, kimg(best.Nimg)))
	}
	return []string{best.Path}, notes, nil
}
