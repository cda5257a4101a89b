package sweep

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"innate/configs"
	"innate/trainer/run"
)

// Group is the runs that one sweep or ensemble is made of, by what they say of
// themselves. Runs are enough for it: the directory of their sweep may be gone.
type Group struct {
	Name   string
	Dir    string // of the sweep; "" if there is none, any more or yet
	State  State
	Keys   []string // settings by which points differ
	Seeds  []uint64
	Ended  string   // what has become of all runs; "" while there are some to train
	Points []Member // in the order of the plan
	Err    error    // why its plan, or the records that it keeps, cannot be read; they then do not count
}

// Member is a point of a group with its runs.
type Member struct {
	Point
	Runs []Seed // by seed; those that have not been made are not among them
	Want int    // how many there are to be; 0 if no plan says
}

// Seed is a run of a point: one that is there, or the record of one that is not.
type Seed struct {
	Seed   uint64
	Info   run.Info // of a record what it tells, without a directory
	Record *Record  // nil of a run that is there
}

// record is what has come of the run.
func (s Seed) record(point string) (*Record, error) {
	if s.Record != nil {
		return s.Record, nil
	}
	return measure(point, s)
}

// State is what becomes of a sweep.
type State string

const (
	StateRunning   State = "running"   // a queue trains it
	StatePausing   State = "pausing"   // its queue ends its runs, and then itself
	StatePaused    State = "paused"    // resume continues it
	StateDone      State = "done"      // every run is done, was dropped, or has failed
	StateDead      State = "dead"      // its queue ended before its time; resume continues it
	StateSubmitted State = "submitted" // Slurm trains it
	StateLoose     State = "loose"     // runs without a sweep's directory
)

// Of is the group of the sweep in dir: with what its runs' directories say, and its
// records of runs that are not there.
func Of(dir string, p *Plan) Group {
	var infos []run.Info
	for _, point := range p.Points {
		for _, seed := range p.Seeds {
			at := filepath.Join(filepath.Dir(dir), p.RunName(point, seed))
			if !run.IsRun(at) {
				continue
			}
			if info, err := run.ReadInfo(at); err == nil && info.About.Group == p.Name {
				infos = append(infos, info)
			}
		}
	}
	kept, err := KeptRecords(dir)
	return groupOf(dir, p.Name, p, infos, kept, err)
}

// groupOf is the group of runs, of a plan if there is one, with the records that it keeps.
func groupOf(dir, name string, p *Plan, infos []run.Info, kept Records, keptErr error) Group {
	g := Group{Name: name, State: StateLoose}
	if p != nil {
		g.Keys, g.Seeds, g.Ended = p.Keys, p.Seeds, p.Ended
		if _, err := os.Stat(filepath.Join(dir, PlanFile)); err == nil {
			g.Dir = dir
		}
		for _, point := range p.Points {
			g.Points = append(g.Points, Member{Point: point, Want: len(p.Seeds)})
		}
	}
	for _, info := range infos {
		i := slices.IndexFunc(g.Points, func(m Member) bool { return m.Name == info.About.Point })
		if i < 0 {
			i = len(g.Points)
			g.Points = append(g.Points, Member{Point: Point{Name: info.About.Point}})
		}
		g.Points[i].Runs = append(g.Points[i].Runs, Seed{Seed: seedOf(info), Info: info})
	}
	if p == nil {
		g.sort()
		return g
	}
	if keptErr != nil {
		g.Err = fmt.Errorf("%w; without them the runs that they stand for are to be trained", keptErr)
	}
	return g.With(p, kept)
}

// With is the group of a plan with records of runs that are not there, in place of such
// as it had of the same.
func (g Group) With(p *Plan, list Records) Group {
	g.Points = slices.Clone(g.Points)
	for i, m := range g.Points {
		m.Runs = slices.Clone(m.Runs)
		for _, seed := range g.Seeds {
			r := list.Find(m.Name, seed)
			at := slices.IndexFunc(m.Runs, func(s Seed) bool { return s.Seed == seed })
			switch {
			case r == nil:
			case at < 0:
				m.Runs = append(m.Runs, Seed{seed, r.info(p.RunName(m.Point, seed)), r})
			case m.Runs[at].Record != nil:
				m.Runs[at] = Seed{seed, r.info(p.RunName(m.Point, seed)), r}
			}
		}
		g.Points[i] = m
	}
	g.sort()
	g.State = g.stateNow(p)
	return g
}

// sort puts the runs of every point into the order of their seeds.
func (g Group) sort() {
	for _, m := range g.Points {
		slices.SortFunc(m.Runs, func(a, b Seed) int {
			return cmp.Or(cmp.Compare(a.Seed, b.Seed), cmp.Compare(a.Info.Name, b.Info.Name))
		})
	}
}

// seedOf is the seed of a run, by its name, or else by its settings; 0 where neither
// says.
func seedOf(info run.Info) uint64 {
	if i := strings.LastIndex(info.Name, seedMark); i >= 0 {
		if seed, err := strconv.ParseUint(info.Name[i+len(seedMark):], 10, 64); err == nil {
			return seed
		}
	}
	cfg, err := configs.Load(filepath.Join(info.Dir, run.ConfigFile))
	if err != nil {
		return 0
	}
	return uint64(cfg.Run.Seed)
}

// stateNow derives the state of a sweep from its files and its queue's lock.
func (g Group) stateNow(p *Plan) State {
	if g.Dir == "" { // of which there is a file alone, and perhaps records
		if g.done() {
			return StateDone
		}
		return StateLoose
	}
	_, alive, _ := Queue(g.Dir)
	paused := Wished(g.Dir) != NoPause
	switch {
	case alive && paused:
		return StatePausing
	case alive:
		return StateRunning
	case p.Ended != "" || g.done():
		return StateDone
	case p.Job != "":
		return StateSubmitted
	case paused:
		return StatePaused
	}
	return StateDead
}

// done reports whether every run of every point that is in the running is done.
func (g Group) done() bool {
	for _, m := range g.Points {
		if m.Dropped != "" {
			continue
		}
		if len(m.Runs) < m.Want || slices.ContainsFunc(m.Runs, func(s Seed) bool { return s.Info.Status.State != run.StateDone }) {
			return false
		}
	}
	return len(g.Points) > 0
}
