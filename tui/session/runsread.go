package session

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"innate/configs"
	"innate/trainer/cluster"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/sweep"
)

// runsReader reads everything that the list of runs shows. It is safe for
// concurrent use.
type runsReader struct {
	dir string

	mu     sync.Mutex
	runs   map[string]*runFiles // by name
	jobs   cluster.Watcher
	sweeps sweep.Watcher
}

// runFiles follows the files of one run.
type runFiles struct {
	row    Listed // but its Info
	config Stamp
	log    *runlog.Reader
}

func newRunsReader(dir string) *runsReader {
	return &runsReader{dir: dir, runs: map[string]*runFiles{}}
}

const (
	// historyTime bounds how long one reading follows histories: of many long runs
	// they arrive little by little.
	historyTime = 200 * time.Millisecond
	keepEvents  = 64
)

// read looks at every run once. One that cannot be read is listed with the
// reason.
func (r *runsReader) read() ([]Listed, []sweep.Group, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("runs: %w", err)
	}
	seen := map[string]*runFiles{}
	var rows []Listed
	until := time.Now().Add(historyTime)
	for _, e := range slices.Backward(entries) { // the newest first
		name, dir := e.Name(), filepath.Join(r.dir, e.Name())
		if !run.IsRun(dir) {
			continue
		}
		f := r.runs[name]
		if f == nil {
			f = &runFiles{log: runlog.NewReader(dir)}
		}
		seen[name] = f
		f.row.Info, f.row.Err = run.ReadInfo(dir)
		if f.row.Dir == "" {
			f.row.Info = run.Info{Dir: dir, Name: name}
		}
		f.readConfig(dir)
		f.readHistory(until)
		rows = append(rows, f.row)
	}
	r.runs = seen
	infos := make([]*run.Info, len(rows))
	for i := range rows {
		infos[i] = &rows[i].Info
	}
	r.jobs.Fill(time.Now(), infos...)
	all := make([]run.Info, len(rows))
	for i := range rows {
		all[i] = rows[i].Info
	}
	return rows, r.sweeps.Groups(r.dir, all), nil
}

func (f *runFiles) readConfig(dir string) {
	path := filepath.Join(dir, run.ConfigFile)
	s := StampOf(path)
	if s == f.config {
		return
	}
	f.config = s
	row := &f.row
	row.Config, row.Changes, row.Preset = nil, nil, ""
	var text string
	if text, row.ConfErr = configs.ReadFile(path); row.ConfErr != nil {
		return
	}
	if row.Config, row.ConfErr = configs.Parse(run.ConfigFile, text); row.ConfErr == nil {
		row.Changes, row.Preset, row.ConfErr = configs.DiffFromPreset(text)
	}
}

// readHistory follows the log until a time, at least one step of it.
func (f *runFiles) readHistory(until time.Time) {
	for more := true; more; more = more && time.Now().Before(until) {
		u, err := f.log.Poll()
		if err != nil {
			if f.row.Err == nil {
				f.row.Err = err
			}
			return
		}
		f.row.apply(u)
		more = u.More
	}
}

// apply takes in what was added to the log. Slices that are in use elsewhere
// only grow.
func (r *Listed) apply(u runlog.Update) {
	if u.Reset {
		r.Points, r.Events = nil, nil
	}
	for _, t := range u.Rows {
		if t.Type == runlog.TypeResume {
			r.Points = slices.DeleteFunc(slices.Clone(r.Points), func(p Point) bool { return p.Kimg > float64(t.Nimg)/1000 })
			continue
		}
		key := r.Status.Quality()
		v, ok := t.Value(key)
		if !ok {
			key = "accuracy/test"
			v, ok = t.Value(key)
		}
		if ok && !math.IsNaN(v) {
			r.Quality = key
			r.Points = append(r.Points, Point{float64(t.Nimg) / 1000, v})
		}
	}
	r.Events = append(r.Events, u.Events...)
	if len(r.Events) > 2*keepEvents {
		r.Events = slices.Clone(r.Events[len(r.Events)-keepEvents:])
	}
}
