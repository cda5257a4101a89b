package sweep

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"innate/trainer/run"
)

// Groups puts the runs of a list together that say they belong together, in the order of
// the groups' names. Runs of no group are left out.
func Groups(runsDir string, infos []run.Info) []Group { return new(Watcher).Groups(runsDir, infos) }

// Watcher is for whoever asks for the groups again and again: a plan and records are read
// anew when their file is another. It is not safe for concurrent use.
type Watcher struct {
	sweeps map[string]*files // by name
}

// files are what was read of a sweep's directory.
type files struct {
	plan    remembered[*Plan]
	records remembered[Records]
}

// Groups is what the function of that name does.
func (w *Watcher) Groups(runsDir string, infos []run.Info) []Group {
	members := map[string][]run.Info{}
	for _, info := range infos {
		if name := info.About.Group; name != "" {
			members[name] = append(members[name], info)
		}
	}
	names, _ := List(runsDir) // what cannot be listed has its runs still
	for name := range members {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	known := map[string]*files{}
	var groups []Group
	for _, name := range names {
		f := w.sweeps[name]
		if f == nil {
			f = new(files)
		}
		known[name] = f
		dir := Dir(runsDir, name)
		p, err := f.plan.of(filepath.Join(dir, PlanFile), func() (*Plan, error) { return ReadPlan(dir) })
		if err != nil {
			p = nil
		}
		kept, keptErr := f.records.of(filepath.Join(dir, RecordsFile), func() (Records, error) { return KeptRecords(dir) })
		g := groupOf(dir, name, p, members[name], kept, keptErr)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			g.Err = err
		}
		groups = append(groups, g)
	}
	w.sweeps = known
	return groups
}

// remembered is what was read from a file.
type remembered[T any] struct {
	file  os.FileInfo // nil of none
	value T
	err   error
}

// of is what read makes of the file at a path, which is called for another file than last
// time.
func (r *remembered[T]) of(path string, read func() (T, error)) (T, error) {
	info, err := os.Stat(path) // before it is read: what comes between is seen next time
	if err != nil {
		r.file = nil
		return read()
	}
	if r.file == nil || !os.SameFile(r.file, info) || r.file.Size() != info.Size() || !r.file.ModTime().Equal(info.ModTime()) {
		r.value, r.err = read()
		r.file = info
	}
	return r.value, r.err
}
