package sweep

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/models/atomicfile"
	"innate/trainer/run"
)

// Delete removes the sweep in dir, and its runs before it if withRuns is set. It refuses
// one that a queue is at work on, or with files in its directory that no sweep has
// written, before anything is removed, and stops at a run that run.Delete refuses.
func Delete(dir string, withRuns bool) error {
	p, err := ReadPlan(dir)
	if err != nil {
		return err
	}
	lock, err := run.Acquire(filepath.Join(dir, QueueDir))
	if errors.Is(err, run.ErrRunning) {
		return fmt.Errorf("sweep: %s: %w; innate sweep pause %[1]s ends its queue", p.Name, err)
	}
	if err != nil {
		return err
	}
	defer lock.Release()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, e := range entries {
		unfinished, _ := filepath.Match(atomicfile.TempPattern, e.Name()) // the pattern is well-formed
		if !unfinished && !slices.Contains([]string{FileCopy, PlanFile, RecordsFile, LogFile, PauseFile, QueueDir}, e.Name()) {
			return fmt.Errorf("sweep: %s: not deleted: it holds what no sweep wrote: %s", dir, e.Name())
		}
	}
	if withRuns {
		for _, m := range Of(dir, p).Points {
			for _, s := range m.Runs {
				if s.Record != nil {
					continue
				}
				if err := run.Delete(s.Info.Dir, false); err != nil {
					return err
				}
			}
		}
	}
	// Without its plan it is no sweep: of one that is removed in part nothing is left
	// to see.
	gone := filepath.Join(filepath.Dir(dir), fmt.Sprintf(".deleted-%s-%d", strings.TrimSuffix(filepath.Base(dir), Ext), os.Getpid()))
	if err := os.Rename(dir, gone); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err := os.RemoveAll(gone); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}
