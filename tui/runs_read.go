package tui

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

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/session"
)

// runRow is a run of the list as last read. What it holds is not modified
// afterwards.
type runRow struct {
	run.Info
	err error // why the run cannot be read

	config  *configs.Config // nil if config.toml cannot be read …
	confErr error           // … for this reason
	changes []configs.Change
	preset  string // that changes are against; empty: the defaults

	quality string // the scalar of points: what evaluations measure, or a classifier's accuracy
	points  []point
	events  []runlog.Event // the newest
}

type point struct{ kimg, value float64 }

// runsReader reads everything that the list of runs shows. It is safe for
// concurrent use.
type runsReader struct {
	dir string

	mu   sync.Mutex
	runs map[string]*runFiles // by name
}

// runFiles follows the files of one run.
type runFiles struct {
	row    runRow // but its Info
	config session.Stamp
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
func (r *runsReader) read() ([]runRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, err := os.ReadDir(r.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("runs: %w", err)
	}
	seen := map[string]*runFiles{}
	var rows []runRow
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
		f.row.Info, f.row.err = run.ReadInfo(dir)
		if f.row.Dir == "" {
			f.row.Info = run.Info{Dir: dir, Name: name}
		}
		f.readConfig(dir)
		f.readHistory(until)
		rows = append(rows, f.row)
	}
	r.runs = seen
	return rows, nil
}

func (f *runFiles) readConfig(dir string) {
	path := filepath.Join(dir, run.ConfigFile)
	s := session.StampOf(path)
	if s == f.config {
		return
	}
	f.config = s
	row := &f.row
	row.config, row.changes, row.preset = nil, nil, ""
	var text string
	if text, row.confErr = configs.ReadFile(path); row.confErr != nil {
		return
	}
	if row.config, row.confErr = configs.Parse(run.ConfigFile, text); row.confErr == nil {
		row.changes, row.preset, row.confErr = configs.DiffFromPreset(text)
	}
}

// readHistory follows the log until a time, at least one step of it.
func (f *runFiles) readHistory(until time.Time) {
	for more := true; more; more = more && time.Now().Before(until) {
		u, err := f.log.Poll()
		if err != nil {
			if f.row.err == nil {
				f.row.err = err
			}
			return
		}
		f.row.apply(u)
		more = u.More
	}
}

// apply takes in what was added to the log. Slices that are in use elsewhere
// only grow.
func (r *runRow) apply(u runlog.Update) {
	if u.Reset {
		r.points, r.events = nil, nil
	}
	for _, t := range u.Rows {
		if t.Type == runlog.TypeResume {
			r.points = slices.DeleteFunc(slices.Clone(r.points), func(p point) bool { return p.kimg > float64(t.Nimg)/1000 })
			continue
		}
		key := r.Status.Quality()
		v, ok := t.Value(key)
		if !ok {
			key = "accuracy/test"
			v, ok = t.Value(key)
		}
		if ok && !math.IsNaN(v) {
			r.quality = key
			r.points = append(r.points, point{float64(t.Nimg) / 1000, v})
		}
	}
	r.events = append(r.events, u.Events...)
	if len(r.events) > 2*keepEvents {
		r.events = slices.Clone(r.events[len(r.events)-keepEvents:])
	}
}

// listRuns reads the runs after a delay.
func listRuns(r *runsReader, visit int, after time.Duration) tea.Cmd {
	return session.Tick(after, func(time.Time) tea.Msg {
		list, err := r.read()
		return runsMsg{visit, list, err}
	})
}
