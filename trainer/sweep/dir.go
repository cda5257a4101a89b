package sweep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"innate/models/atomicfile"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Ext ends the name of a sweep's directory.
const Ext = ".sweep"

// Names in a sweep's directory.
const (
	FileCopy    = "sweep.toml"    // what its maker wrote
	PlanFile    = "plan.json"     // Plan
	RecordsFile = "records.jsonl" // Record a line, of runs that were trained elsewhere
	LogFile     = "log.jsonl"     // Entry a line, appended
	PauseFile   = "pause"         // is there while the queue is to end, or has been made to
	QueueDir    = "queue"         // has the lock that the queue holds, which would make a run of the directory itself
	QueueLog    = "queue/log"     // standard output and error of the queue
)

// Dir is the directory of a sweep among the runs.
func Dir(runsDir, name string) string { return filepath.Join(runsDir, name+Ext) }

// List lists the names of the sweeps among the runs, sorted.
func List(runsDir string) (names []string, err error) {
	entries, err := os.ReadDir(runsDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), Ext); ok {
			if _, err := os.Stat(filepath.Join(runsDir, e.Name(), PlanFile)); err == nil {
				names = append(names, name)
			}
		}
	}
	return names, nil
}

// ReadPlan reads the plan of the sweep in dir. One of another name is refused: a copy of
// a sweep's directory would have the runs of the first for its own.
func ReadPlan(dir string) (*Plan, error) {
	path := filepath.Join(dir, PlanFile)
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	p := new(Plan)
	if err := json.Unmarshal(b, p); err != nil {
		return nil, fmt.Errorf("sweep: %s: %w", path, err)
	}
	if want := p.Name + Ext; filepath.Base(dir) != want {
		return nil, fmt.Errorf("sweep: %s: of the sweep %q, want it in a directory %q", path, p.Name, want)
	}
	return p, nil
}

// Write writes the plan into dir, whole or not at all.
func (p *Plan) Write(dir string) error {
	b, err := json.MarshalIndent(p, "", "\t")
	if err == nil {
		err = atomicfile.WriteBytes(filepath.Join(dir, PlanFile), atomicfile.SyncFile, append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// Entry is something that happened to a sweep.
type Entry struct {
	Time  time.Time `json:"time"`
	Kind  string    `json:"kind"` // begin | start | done | fail | drop | round | pause | finish
	Run   string    `json:"run,omitempty"`
	Point string    `json:"point,omitempty"`
	Text  string    `json:"text"`
}

// Append adds an entry to the log of the sweep in dir.
func Append(dir string, e Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, LogFile), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if err = runlog.EndTornLine(f); err == nil {
		_, err = f.Write(append(line, '\n')) // at once: a reader sees whole lines
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// Log reads the log of the sweep in dir; lines that a killed queue left torn are left
// out.
func Log(dir string) ([]Entry, error) {
	b, err := os.ReadFile(filepath.Join(dir, LogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	var list []Entry
	for line := range strings.Lines(string(b)) {
		var e Entry
		if json.Unmarshal([]byte(line), &e) == nil {
			list = append(list, e)
		}
	}
	return list, nil
}

// Wish is what a sweep's queue is asked to do.
type Wish string

const (
	NoPause    Wish = ""       // train
	PauseNow   Wish = "now"    // stop the runs, each at a checkpoint, and end
	PauseLater Wish = "finish" // start no runs, and end when those under way have
)

// Wished is what the queue of the sweep in dir is, or was, asked to do.
func Wished(dir string) Wish {
	b, err := os.ReadFile(filepath.Join(dir, PauseFile))
	switch {
	case err != nil:
		return NoPause
	case strings.TrimSpace(string(b)) == string(PauseLater):
		return PauseLater
	}
	return PauseNow
}

// Pause asks the queue of the sweep in dir to end, or with NoPause takes that back.
func Pause(dir string, wish Wish) error {
	path := filepath.Join(dir, PauseFile)
	var err error
	if wish == NoPause {
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	} else {
		err = atomicfile.WriteBytes(path, atomicfile.SyncFile, []byte(wish+"\n"))
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// Queue tells whether a queue is at work on the sweep in dir, and its pid.
func Queue(dir string) (pid int, alive bool, err error) {
	return run.Holder(filepath.Join(dir, QueueDir))
}
