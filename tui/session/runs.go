package session

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/sweep"
)

// Runs are the runs of a directory as last read. They belong to Bubble Tea's
// loop, as a Run does.
type Runs struct {
	Dir    string
	List   []Listed      // the newest first
	Groups []sweep.Group // those that runs belong to, by name
	Known  bool          // has been read

	reader *runsReader
	visit  int // counts how often reading began anew
}

// NewRuns returns the runs of a directory, which has not been read yet.
func NewRuns(dir string) *Runs { return &Runs{Dir: dir, reader: newRunsReader(dir)} }

// RunsEvery is the time between two looks at the list while it shows.
const RunsEvery = time.Second

// RunsMsg brings the list of runs.
type RunsMsg struct {
	Err    error
	list   []Listed
	groups []sweep.Group
	visit  int // an older one is dropped
}

// Read looks at the runs after a delay.
func (r *Runs) Read(after time.Duration) tea.Cmd {
	visit := r.visit
	return Tick(after, func(time.Time) tea.Msg { return r.look(visit) })
}

// Reread looks at the runs at once. What was asked for before is dropped.
func (r *Runs) Reread() tea.Cmd {
	r.visit++
	return r.Read(0)
}

// Look looks at the runs and waits for what it finds.
func (r *Runs) Look() RunsMsg { return r.look(r.visit) }

func (r *Runs) look(visit int) RunsMsg {
	list, groups, err := r.reader.read()
	return RunsMsg{err, list, groups, visit}
}

// Take takes a list in, unless it was asked for before the last Reread. One that
// could not be read leaves what was known.
func (r *Runs) Take(m RunsMsg) (taken bool) {
	if m.visit != r.visit {
		return false
	}
	r.Known = true
	if m.Err == nil {
		r.List, r.Groups = m.list, m.groups
	}
	return true
}

// Active counts the runs that have a trainer.
func (r *Runs) Active() (n int) {
	for i := range r.List {
		if r.List[i].Alive {
			n++
		}
	}
	return n
}

// Group returns the group of that name, or nil.
func (r *Runs) Group(name string) *sweep.Group {
	for i := range r.Groups {
		if r.Groups[i].Name == name {
			return &r.Groups[i]
		}
	}
	return nil
}

// Named returns the run in a directory, or nil.
func (r *Runs) Named(dir string) *Listed {
	for i := range r.List {
		if r.List[i].Dir == dir {
			return &r.List[i]
		}
	}
	return nil
}
