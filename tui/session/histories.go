package session

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/trainer/series"
)

// Histories follow the logs of several runs, by one command at a time. They
// belong to Bubble Tea's loop.
type Histories struct {
	Errs []error // why the log of a run cannot be read

	into []*series.Run
	logs []*runlog.Reader
}

// HistoriesMsg is what was added to each log.
type HistoriesMsg struct {
	More bool // to be read at once

	of      *Histories
	updates [][]runlog.Update
	errs    []error
}

// Follow returns the histories of the runs in some directories, each to be read
// into its columns. Without a directory there is nothing to read.
func Follow(dirs []string, into []*series.Run) *Histories {
	h := &Histories{Errs: make([]error, len(dirs)), into: into}
	for _, dir := range dirs {
		var log *runlog.Reader
		if dir != "" {
			log = runlog.NewReader(dir)
		}
		h.logs = append(h.logs, log)
	}
	return h
}

// Read reads on after a delay.
func (h *Histories) Read(after time.Duration) tea.Cmd {
	return Tick(after, func(time.Time) tea.Msg { return h.Look() })
}

// Look reads on in every log, for a bounded time, and waits for that.
func (h *Histories) Look() HistoriesMsg {
	m := HistoriesMsg{of: h, updates: make([][]runlog.Update, len(h.logs)), errs: make([]error, len(h.logs))}
	until := time.Now().Add(historyTime)
	for i, r := range h.logs {
		for r != nil {
			u, err := r.Poll()
			if err != nil {
				m.errs[i] = err
				break
			}
			m.updates[i] = append(m.updates[i], u)
			if !u.More {
				break
			}
			if time.Now().After(until) {
				m.More = true
				break
			}
		}
	}
	return m
}

// Take takes in what was added, if these histories have asked for it.
func (h *Histories) Take(m *HistoriesMsg) (taken bool) {
	if m.of != h {
		return false
	}
	h.Errs = m.errs
	for i, updates := range m.updates {
		for _, u := range updates {
			u.Apply(h.into[i])
		}
	}
	return true
}
