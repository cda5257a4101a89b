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
		runs, err := p.runs(filepath.Dir(dir))
		if err != nil {
			return fmt.Errorf("sweep: %s: not deleted: %w", p.Name, err)
		}
		for _, at := range runs {
			if err := run.Delete(at, false); err != nil {
				return err
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

// runs are the directories of the sweep's runs that are there. One that cannot be read is
// an error: it may be another's.
func (p *Plan) runs(runsDir string) (dirs []string, err error) {
	for _, point := range p.Points {
		for _, seed := range p.Seeds {
			dir := filepath.Join(runsDir, p.RunName(point, seed))
			if !run.IsRun(dir) {
				continue
			}
			about, err := run.ReadAbout(dir)
			if err != nil {
				return nil, err
			}
			if about.Group == p.Name {
				dirs = append(dirs, dir)
			}
		}
	}
	return dirs, nil
}
