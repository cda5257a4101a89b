package session

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/cluster"
	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Intervals of the looks at a run, and how long they may take.
const (
	PollEvery = 250 * time.Millisecond
	PingEvery = 2 * time.Second

	infoEvery   = time.Second     // heartbeat and lock, when the files look unchanged
	sampleGrace = 5 * time.Second // a sample that doesn't decode yet may still be being written
	// pollTime bounds how long one poll reads a long history; the next one follows
	// at once, but the screen shows what there is in between.
	pollTime = 40 * time.Millisecond
)

// Tick waits; tests replace it by something that doesn't.
var Tick = tea.Tick

// PollMsg is what changed in a run directory since the last poll.
type PollMsg struct {
	Run     *Run
	Info    *run.Info // nil: unchanged
	Updates []runlog.Update
	More    bool        // of the history, to be read at once
	Layers  []run.Layer // nil: unchanged
	Stats   LayerStats
	Config  *ConfigFile       // nil: unchanged
	Grids   []string          // files in order, nil: unchanged
	Newest  *GridMsg          // the newest grid, if it is new
	Results []results.Summary // nil: unchanged
	Probe   *Probe            // nil: unchanged
	Gone    bool              // there is no such directory any longer
	Err     error
}

// Changed reports whether the poll found anything.
func (m *PollMsg) Changed() bool {
	return m.Info != nil || len(m.Updates) > 0 || m.Layers != nil || m.Stats.Changed() || m.Config != nil ||
		m.Grids != nil || m.Newest != nil || m.Results != nil || m.Probe != nil || m.Err != nil
}

// Poll looks at the run's files after a delay.
func (r *Run) Poll(after time.Duration) tea.Cmd {
	return Tick(after, func(now time.Time) tea.Msg { return r.Look(now) })
}

// Look is Poll at once, for commands.
func (r *Run) Look(now time.Time) PollMsg {
	m := r.poller.poll(now)
	m.Run = r
	return m
}

// TakePoll takes in what a look has found, but for the log (see Add), and reports
// whether there is more to be found at once.
func (r *Run) TakePoll(m *PollMsg, now time.Time) (more bool) {
	if m.Gone != r.Gone {
		r.Gone = m.Gone
		r.InfoGen++
	}
	if m.Info != nil {
		r.TakeRead(*m.Info, now)
	}
	if m.Layers != nil {
		r.TakeLayers(m.Layers)
	}
	if m.Config != nil {
		r.Config = m.Config
	}
	if m.Grids != nil {
		r.Grids = m.Grids
	}
	if m.Results != nil {
		r.Results = m.Results
	}
	if m.Probe != nil {
		r.Layers.SetProbe(m.Probe)
	}
	r.Reading = m.More
	return r.Layers.Feed(m.Stats) || m.More
}

// poller follows the files of one run. It is used by one command at a time: the
// next poll is issued when the last one's message has arrived.
type poller struct {
	dir       string
	bring     Bring // nil: all grids are here
	reader    *runlog.Reader
	checked   time.Time // last look at lock and heartbeat
	statusMod Stamp
	layersMod Stamp
	configMod Stamp
	gridMod   Stamp
	tableMod  Stamp
	newest    string // last grid read
	torn      torn   // the newest grid, while it does not decode
	layers    layerTail
	probe     probeTail
	jobs      cluster.Watcher
	remeasure atomic.Bool // asked for by the screen: layers from the beginning
}

// torn is a grid that may still be being written, and since when by our clock:
// that of the file's server may be another.
type torn struct {
	file  string
	since time.Time
}

// Stamp tells versions of a file apart.
type Stamp struct {
	mod  time.Time
	size int64
}

// StampOf is the stamp of a file, zero if there is none.
func StampOf(path string) Stamp {
	info, err := os.Stat(path)
	if err != nil {
		return Stamp{}
	}
	return Stamp{info.ModTime(), info.Size()}
}

func newPoller(dir string) *poller {
	return &poller{dir: dir, reader: runlog.NewReader(dir)}
}

// poll looks at everything once.
func (p *poller) poll(now time.Time) PollMsg {
	var m PollMsg
	if _, err := os.Stat(p.dir); errors.Is(err, fs.ErrNotExist) { // what was read of it stays
		m.Gone = true
		return m
	}
	p.pollHistory(&m)
	if s := StampOf(filepath.Join(p.dir, run.StatusFile)); s != p.statusMod || now.Sub(p.checked) >= infoEvery {
		p.statusMod, p.checked = s, now
		info, err := run.ReadInfo(p.dir)
		if err != nil {
			m.Err = err
		} else {
			p.jobs.Fill(now, &info)
			m.Info = &info
		}
	}
	if s := StampOf(filepath.Join(p.dir, run.LayersFile)); s != p.layersMod {
		p.layersMod = s
		// A file half written by another program reads again on its next change.
		if layers, err := run.ReadLayers(p.dir); err == nil {
			m.Layers = layers
		}
	}
	if s := StampOf(filepath.Join(p.dir, run.ResultsFile)); s != p.tableMod {
		p.tableMod = s
		if list, _, err := results.Read(filepath.Join(p.dir, run.ResultsFile)); err == nil {
			m.Results = append([]results.Summary{}, results.Summarise(list)...)
		}
	}
	m.Probe = p.probe.poll(p.dir)
	stats, err := p.layers.poll(p.dir, p.remeasure.Swap(false))
	if m.Stats = stats; err != nil {
		m.Err = err
	}
	if s := StampOf(filepath.Join(p.dir, run.ConfigFile)); s != p.configMod {
		p.configMod = s
		m.Config = readConfig(p.dir)
	}
	p.pollGrids(&m, now)
	return m
}

func (p *poller) pollHistory(m *PollMsg) {
	for start := time.Now(); ; {
		u, err := p.reader.Poll()
		if err != nil {
			m.Err = err
			return
		}
		if !u.Empty() {
			m.Updates = append(m.Updates, u)
		}
		if m.More = u.More; !m.More || time.Since(start) > pollTime {
			return
		}
	}
}

func (p *poller) pollGrids(m *PollMsg, now time.Time) {
	dir := filepath.Join(p.dir, run.SamplesDir)
	s := StampOf(dir)
	if s == p.gridMod {
		return
	}
	p.gridMod = s
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	m.Grids = []string{}
	for _, e := range entries {
		if _, ok := GridNimg(e.Name()); ok && !e.IsDir() {
			m.Grids = append(m.Grids, e.Name())
		}
	}
	slices.Sort(m.Grids)
	if n := len(m.Grids); n > 0 && m.Grids[n-1] != p.newest {
		msg := p.readGrid(m.Grids[n-1])
		if msg.Err != nil {
			if p.torn.file != msg.File {
				p.torn = torn{msg.File, now}
			}
			if now.Sub(p.torn.since) < sampleGrace {
				p.gridMod = Stamp{} // look again
				return
			}
		}
		m.Newest, p.newest = &msg, msg.File
	}
}

// layerTail follows layers.jsonl for the poller.
type layerTail struct {
	reader *runlog.LayerReader
	seen   Stamp
}

// LayerStats is what was added to layers.jsonl. After a reset only that counts.
type LayerStats struct {
	Stats []runlog.LayerStats
	Reset bool
}

// Changed reports whether anything was added or taken away.
func (s *LayerStats) Changed() bool { return s.Reset || len(s.Stats) > 0 }

// poll reads what is new, or everything again; the file of a run that has none yet
// is missing.
func (t *layerTail) poll(dir string, again bool) (LayerStats, error) {
	if again {
		*t = layerTail{}
	}
	if t.reader == nil {
		t.reader = runlog.NewLayerReader(dir)
	}
	s := StampOf(filepath.Join(dir, runlog.LayersFile))
	if s == t.seen {
		return LayerStats{}, nil
	}
	stats, reset, err := t.reader.Poll()
	if err == nil {
		t.seen = s // after an error it is tried again
	}
	return LayerStats{stats, reset || again}, err
}
