package queue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/sweep"
	"innate/trainer/sweep/queue"
)

// stable is made-up trainers: what a run's next start does is a function of its name.
type stable struct {
	t    *testing.T
	dir  string // of the sweep
	mu   sync.Mutex
	lock map[string]*run.Lock // of trainers that are alive
	at   []string             // runs in the order of their starts
	most int                  // alive at once
	act  func(name string, nth int) (state string, nimg int64, fid float64)
}

func newStable(t *testing.T, text string) *stable {
	t.Helper()
	base, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	f, err := sweep.Parse("x.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Plan(base, sweep.Checks{Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	s := &stable{t: t, dir: sweep.Dir(t.TempDir(), p.Name), lock: map[string]*run.Lock{}}
	if err := os.MkdirAll(filepath.Join(s.dir, sweep.QueueDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := p.Write(s.dir); err != nil {
		t.Fatal(err)
	}
	return s
}

func layers(*configs.Config) ([]run.Layer, error) {
	return []run.Layer{
		{Name: "enc.a", Part: "enc"}, {Name: "dec.a", Part: "dec"}, {Name: "map.a", Part: "map"},
	}, nil
}

// work runs the queue to its end.
func (s *stable) work() *sweep.Plan {
	s.t.Helper()
	err := queue.Run(s.t.Context(), queue.Options{
		Dir: s.dir, Log: io.Discard, Jobs: 2, Layers: layers, Start: s.start, Halt: s.halt, Poll: time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	p, err := sweep.ReadPlan(s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// start is a trainer that does at once what it does, and stays alive if its state is
// running.
func (s *stable) start(_ context.Context, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, nth := filepath.Base(dir), 0
	for _, before := range s.at {
		if before == name {
			nth++
		}
	}
	s.at = append(s.at, name)
	state, nimg, fid := s.act(name, nth)
	st := run.Status{State: state, Nimg: nimg, FIDName: "FID(x)", PID: os.Getpid()}
	if state == run.StateFailed {
		st.Error = "the loss is not finite"
	}
	if state != run.StateFailed {
		path := filepath.Join(dir, run.CheckpointsDir, run.CheckpointFile(nimg))
		s.check(os.WriteFile(path, nil, 0o644))
		log, err := runlog.OpenWriter(dir)
		s.check(err)
		line, err := runlog.Tick{Type: runlog.TypeFID, Nimg: nimg, Time: time.Now(), Scalars: map[string]float64{"fid": fid}}.Line()
		s.check(errors.Join(err, log.Write(line), log.Close()))
	}
	if state == run.StateRunning {
		lock, err := run.Acquire(dir)
		s.check(err)
		s.lock[dir] = lock
		s.most = max(s.most, len(s.lock))
	}
	s.check(run.WriteStatus(dir, st))
	if state == run.StateFailed {
		return errors.New("ended while starting")
	}
	return nil
}

func (s *stable) halt(_ context.Context, dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	lock := s.lock[dir]
	if lock == nil {
		return fmt.Errorf("%s: not alive", dir)
	}
	delete(s.lock, dir)
	st, _, err := run.ReadStatus(dir)
	s.check(err)
	st.State = run.StateStopped
	s.check(run.WriteStatus(dir, st))
	return lock.Release()
}

func (s *stable) check(err error) {
	if err != nil {
		s.t.Error(err)
	}
}

// TestQueue trains a sweep with a run that fails and one that somebody has begun.
func TestQueue(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\nseeds = 2\n[[axis]]\nkey = 'live.gen_lr'\nvalues = [1e-4, 2e-4]")
	s.act = func(name string, nth int) (string, int64, float64) {
		if name == "x-gen_lr-0.0002-seed1" {
			return run.StateFailed, 0, 0
		}
		return run.StateDone, 1000, 5
	}
	p := s.work()
	if p.Ended != "3 runs done, 1 failed" {
		t.Errorf("ended: %q", p.Ended)
	}
	want := []string{"x-gen_lr-0.0001-seed1", "x-gen_lr-0.0001-seed2", "x-gen_lr-0.0002-seed1", "x-gen_lr-0.0002-seed1", "x-gen_lr-0.0002-seed2"}
	if got := slices.Sorted(slices.Values(s.at)); !slices.Equal(got, want) {
		t.Errorf("started %q, want each once and the one that fails twice", got)
	}
	log, err := sweep.Log(s.dir)
	if err != nil || !slices.ContainsFunc(log, func(e sweep.Entry) bool {
		return e.Kind == "fail" && e.Text == "x-gen_lr-0.0002-seed1: the loss is not finite"
	}) {
		t.Errorf("log: %+v, %v", log, err)
	}
	g := sweep.Of(s.dir, p)
	if g.State != sweep.StateDone || len(g.Points) != 2 || len(g.Points[1].Runs) != 2 || g.Points[1].Runs[1].Seed != 2 || g.Points[1].State() != "1 done, 1 failed" {
		t.Errorf("group: %+v", g)
	}
	table, err := g.Compare([]float64{1, 2}, p.Points[1].Name)
	if err != nil {
		t.Fatal(err)
	}
	head, rows := table.Cells()
	wantHead := []string{"point", "FID(x) at 1", "FID(x) at 2", "seeds", "images/s", "images/CPU s", "frozen", "memory", "kimg", "best by", "state", "FID(x), difference"}
	wantRow := []string{"gen_lr=0.0001", "5 ± 0", "", "2", "", "", "", "", "1", "", "2 done", "no values to compare"}
	if !slices.Equal(head, wantHead) || len(rows) != 2 || !slices.Equal(rows[0], wantRow) {
		t.Errorf("table: %q %q, want %q %q", head, rows, wantHead, wantRow)
	}
	if infos, err := run.List(filepath.Dir(s.dir)); err != nil || len(infos) != 4 {
		t.Errorf("%d runs in the list, %v; want 4: the sweep is none", len(infos), err)
	}
	s.at = nil
	s.work() // again: what is done stays
	if len(s.at) != 2 || s.at[0] != "x-gen_lr-0.0002-seed1" {
		t.Errorf("again: started %q, want the one that failed", s.at)
	}
}

// TestPause pauses a queue that trains, whose runs stop; the next one continues them.
func TestPause(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\nseeds = 3")
	ready := make(chan struct{}, 3)
	s.act = func(name string, nth int) (string, int64, float64) {
		if nth > 0 {
			return run.StateDone, 2000, 4
		}
		ready <- struct{}{}
		return run.StateRunning, 1000, 5
	}
	go func() {
		<-ready
		<-ready
		if err := sweep.Pause(s.dir, sweep.PauseNow); err != nil {
			t.Error(err)
		}
	}()
	p := s.work()
	if g := sweep.Of(s.dir, p); g.State != sweep.StatePaused || p.Ended != "" || len(s.lock) != 0 || s.most != 2 {
		t.Errorf("paused: %v, %q, %d trainers alive, %d at most", g.State, p.Ended, len(s.lock), s.most)
	}
	if err := sweep.Pause(s.dir, sweep.NoPause); err != nil {
		t.Fatal(err)
	}
	s.act = func(string, int) (string, int64, float64) { return run.StateDone, 2000, 4 }
	if p = s.work(); p.Ended != "3 runs done" {
		t.Errorf("resumed: %q", p.Ended)
	}
}

// TestStartFails: a run that was stopped with its sweep, and whose next trainer ends before
// it says anything, was not stopped by hand. It is tried again, and then given up.
func TestStartFails(t *testing.T) {
	for _, times := range []int{1, 2} {
		s := newStable(t, "base = 'mnist-gdd-i'")
		ready := make(chan struct{}, 1)
		s.act = func(string, int) (string, int64, float64) {
			ready <- struct{}{}
			return run.StateRunning, 1000, 5
		}
		go func() {
			<-ready
			s.check(sweep.Pause(s.dir, sweep.PauseNow))
		}()
		s.work()
		s.check(sweep.Pause(s.dir, sweep.NoPause))
		s.act = func(string, int) (string, int64, float64) { return run.StateDone, 400000, 4 }
		left := times
		err := queue.Run(t.Context(), queue.Options{Dir: s.dir, Log: io.Discard, Halt: s.halt, Poll: time.Millisecond,
			Start: func(ctx context.Context, dir string) error {
				if left--; left >= 0 {
					return errors.New("fork/exec innate: resource temporarily unavailable")
				}
				return s.start(ctx, dir)
			}})
		s.check(err)
		p, err := sweep.ReadPlan(s.dir)
		s.check(err)
		log, err := sweep.Log(s.dir)
		s.check(err)
		want, said := "1 runs done", "x-seed1 at 400 kimg"
		if times == 2 {
			want, said = "0 runs done, 1 failed", "x-seed1: fork/exec innate: resource temporarily unavailable"
		}
		if p.Ended != want || len(log) < 2 || log[len(log)-2].Text != said {
			t.Errorf("%d starts failed: %q, %+v; want %q, %q", times, p.Ended, log, want, said)
		}
	}
}

// TestAfterSlurm: a queue that trains what a job of Slurm left takes the sweep over.
func TestAfterSlurm(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'")
	p, err := sweep.ReadPlan(s.dir)
	s.check(err)
	p.Job = "12"
	s.check(p.Write(s.dir))
	if g := sweep.Of(s.dir, p); g.State != sweep.StateSubmitted {
		t.Errorf("before: %s", g.State)
	}
	ctx, kill := context.WithCancel(t.Context())
	s.act = func(string, int) (string, int64, float64) {
		kill()
		return run.StateRunning, 1000, 5
	}
	s.check(queue.Run(ctx, queue.Options{Dir: s.dir, Log: io.Discard, Start: s.start, Halt: s.halt, Poll: time.Millisecond}))
	p, err = sweep.ReadPlan(s.dir)
	s.check(err)
	if g := sweep.Of(s.dir, p); g.State != sweep.StatePaused {
		t.Errorf("after a queue that was paused: %s, want %s", g.State, sweep.StatePaused)
	}
}

// TestStopEarly has every run wait at 10 kimg until the points behind are known.
func TestStopEarly(t *testing.T) {
	s := newStable(t, `
base = 'mnist-gdd-i'
seeds = 2
[stop]
at_kimg = [10]
factor = 2
best = 3
[set]
live.fid_kimg = 10
[[axis]]
key = "live.gen_lr"
values = [1e-4, 2e-4, 3e-4, 4e-4]`)
	fids := map[string]float64{"1": 5, "2": 7, "3": 8, "4": 30}
	s.act = func(name string, nth int) (string, int64, float64) {
		lr := strings.TrimPrefix(name, "x-gen_lr-0.000")[:1]
		if nth > 0 {
			return run.StateDone, 400000, fids[lr] / 2
		}
		return run.StateRunning, 10048, fids[lr]
	}
	p := s.work()
	if p.Ended != "6 runs done, 2 ended early" {
		t.Errorf("ended: %q", p.Ended)
	}
	for i, point := range p.Points {
		if dropped := point.Dropped != ""; dropped != (i == 3) {
			t.Errorf("%s: %q", point.Name, point.Dropped)
		}
	}
	if want := "30 at 10 kimg, 6.00 times \"gen_lr=0.0001\"'s 5: more than 2"; p.Points[3].Dropped != want {
		t.Errorf("why: %q, want %q", p.Points[3].Dropped, want)
	}
}

// TestGreedy freezes part after part while that helps.
func TestGreedy(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\n[greedy]\nfreeze = 'part'\nrounds = 5")
	fids := map[string]float64{"none": 9, "enc": 7, "dec": 12, "map": 8, "enc-dec": 6, "enc-map": 5}
	s.act = func(name string, _ int) (string, int64, float64) {
		group := strings.TrimSuffix(strings.TrimPrefix(name, "x-"), "-frozen-seed1")
		return run.StateDone, 400000, fids[group]
	}
	p := s.work()
	var points []string
	for _, point := range p.Points {
		points = append(points, fmt.Sprintf("%d %s", point.Round, point.Name))
	}
	want := []string{"1 none frozen", "1 enc frozen", "1 dec frozen", "1 map frozen", "2 enc dec frozen", "2 enc map frozen"}
	if !slices.Equal(points, want) || p.Ended != "6 runs done" {
		t.Errorf("%q, %q; want %q", points, p.Ended, want)
	}
	globs, _ := p.Points[5].Set.Value("freeze.freeze")
	if globs != `["enc.a", "map.a"]` {
		t.Errorf("frozen: %s", globs)
	}
}

// TestAdopt finds runs under the names of the sweep's: one that is the same, and one
// that is not.
func TestAdopt(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\nseeds = 2")
	s.act = func(string, int) (string, int64, float64) { return run.StateDone, 400000, 5 }
	p, err := sweep.ReadPlan(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	make := func(seed uint64, edit sweep.Settings) string {
		text, err := p.Text(p.Points[0], seed)
		if err == nil {
			text, err = edit.Apply(text)
		}
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(filepath.Dir(s.dir), p.RunName(p.Points[0], seed))
		if err := os.MkdirAll(filepath.Join(dir, run.CheckpointsDir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	same := make(1, sweep.Settings{{Key: "name", Value: "table"}, {Key: "run.threads", Value: "2"}})
	other := make(2, sweep.Settings{{Key: "live.gen_lr", Value: "3e-4"}})
	err = queue.Run(t.Context(), queue.Options{Dir: s.dir, Log: io.Discard, Start: s.start, Halt: s.halt})
	if err == nil || !strings.Contains(err.Error(), "a run already, of other settings: live.gen_lr: got 0.0003, want 0.0005") {
		t.Errorf("got %v, want that gen_lr differs", err)
	}
	if err := os.RemoveAll(other); err != nil {
		t.Fatal(err)
	}
	if p := s.work(); p.Ended != "2 runs done" {
		t.Errorf("ended: %q", p.Ended)
	}
	if about, err := run.ReadAbout(same); err != nil || about.Group != "x" {
		t.Errorf("about: %+v, %v", about, err)
	}
}

// TestDelete removes a sweep and its runs, or the sweep alone; not while a queue or a
// run's trainer is alive, and not what somebody put there.
func TestDelete(t *testing.T) {
	for _, withRuns := range []bool{true, false} {
		s := newStable(t, "base = 'mnist-gdd-i'\nseeds = 2")
		s.act = func(string, int) (string, int64, float64) { return run.StateDone, 400000, 5 }
		s.work()
		runs := filepath.Dir(s.dir)
		refused := func(want string) {
			t.Helper()
			err := sweep.Delete(s.dir, withRuns)
			infos, _ := run.List(runs)
			if names, _ := sweep.List(runs); err == nil || !strings.Contains(err.Error(), want) || len(names) != 1 || len(infos) != 2 {
				t.Errorf("got %v with sweeps %v and %d runs left, want %q and all of them", err, names, len(infos), want)
			}
		}
		queue, err := run.Acquire(filepath.Join(s.dir, sweep.QueueDir))
		s.check(err)
		refused("innate sweep pause x ends its queue")
		s.check(queue.Release())
		own := filepath.Join(s.dir, "notes.txt")
		s.check(os.WriteFile(own, nil, 0o644))
		refused("it holds what no sweep wrote: notes.txt")
		s.check(os.Remove(own))
		if withRuns {
			trainer, err := run.Acquire(filepath.Join(runs, "x-seed1"))
			s.check(err)
			refused(run.ErrRunning.Error())
			s.check(trainer.Release())
			about := filepath.Join(runs, "x-seed2", run.AboutFile)
			text, err := os.ReadFile(about)
			s.check(err)
			s.check(os.WriteFile(about, text[:5], 0o644))
			refused("x: not deleted: run: " + about)
			s.check(os.WriteFile(about, text, 0o644))
		}
		s.check(sweep.Delete(s.dir, withRuns))
		infos, err := run.List(runs)
		s.check(err)
		left, err := os.ReadDir(runs)
		if s.check(err); (len(infos) == 0) != withRuns || len(left) != len(infos) {
			t.Errorf("with runs %t: %d runs in %v left", withRuns, len(infos), left)
		}
	}
}

// recorded are records of runs that were trained elsewhere, which a sweep keeps.
func (s *stable) recorded(list ...sweep.Record) {
	s.t.Helper()
	for i := range list {
		r := &list[i]
		r.Type, r.Seed, r.Judges = "run", max(r.Seed, 1), []sweep.Measured{{Key: "fid", Name: "FID(x)"}}
	}
	s.check(sweep.Records(list).Keep(s.dir))
}

// at is one evaluation.
func at(kimg, fid float64) sweep.Evaluations {
	return sweep.Evaluations{{Kimg: kimg, Values: map[string]float64{"fid": fid}}}
}

// TestRecords leaves out what others have done, also in a queue after one that was killed;
// what they began is trained from its beginning.
func TestRecords(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\nseeds = 4")
	s.recorded(sweep.Record{Seed: 1, Done: true, Kimg: 400, Evaluations: at(400, 3)}, sweep.Record{Seed: 2, Kimg: 10, Evaluations: at(10, 7)})
	ctx, kill := context.WithCancel(t.Context())
	s.act = func(name string, nth int) (string, int64, float64) {
		if nth == 0 {
			if len(s.at) == 2 {
				kill()
			}
			return run.StateRunning, 10000, 6
		}
		return run.StateDone, 400000, 5
	}
	s.check(queue.Run(ctx, queue.Options{Dir: s.dir, Log: io.Discard, Jobs: 2, Start: s.start, Halt: s.halt, Poll: time.Millisecond}))
	p, err := sweep.ReadPlan(s.dir)
	s.check(err)
	if got := slices.Sorted(slices.Values(s.at)); !slices.Equal(got, []string{"x-seed2", "x-seed3"}) {
		t.Errorf("started %q, want all that no record has done, as far as there is room", got)
	}
	if g := sweep.Of(s.dir, p); g.Points[0].State() != "1 done, 2 stopped, 1 to train" || g.State != sweep.StatePaused {
		t.Errorf("ended: %s, %s", g.Points[0].State(), g.State)
	}
	s.check(sweep.Pause(s.dir, sweep.NoPause))
	s.act = func(string, int) (string, int64, float64) { return run.StateDone, 400000, 5 }
	if p = s.work(); p.Ended != "4 runs done" || slices.Contains(s.at, "x-seed1") {
		t.Errorf("again: %q, started %q", p.Ended, s.at)
	}
	g := sweep.Of(s.dir, p)
	table, err := g.Compare(nil, "")
	if s.check(err); g.State != sweep.StateDone || table.Rows[0].Values[0][0] != sweep.Describe([]float64{3, 5, 5, 5}) {
		t.Errorf("%s: %+v", g.State, table.Rows)
	}
	log, err := sweep.Log(s.dir)
	if s.check(err); log[0].Text != "4 runs, 2 at a time, 2 records of others" {
		t.Errorf("log: %+v", log[0])
	}
	s.check(os.WriteFile(filepath.Join(s.dir, sweep.RecordsFile), []byte("{\n"), 0o644))
	err = queue.Run(t.Context(), queue.Options{Dir: s.dir, Log: io.Discard, Start: s.start, Halt: s.halt})
	if err == nil || !strings.Contains(err.Error(), "records.jsonl:1: got no record of a run") {
		t.Errorf("damaged records: %v", err)
	}
}

// TestRecordsStopEarly ends points by what others have measured: one whose record ends
// behind is not trained, one whose record ends among the best is.
func TestRecordsStopEarly(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\n[stop]\nat_kimg = [10]\nfactor = 2\n[set]\nlive.fid_kimg = 10\n[[axis]]\nkey = 'live.gen_lr'\nvalues = [1e-4, 2e-4, 3e-4, 4e-4]")
	s.recorded(
		sweep.Record{Point: "gen_lr=0.0001", Done: true, Kimg: 400, Evaluations: append(at(10, 5), at(400, 2)...)},
		sweep.Record{Point: "gen_lr=0.0002", Kimg: 10, Evaluations: at(10, 11)},
		sweep.Record{Point: "gen_lr=0.0003", Kimg: 10, Evaluations: at(10, 6)},
	)
	s.act = func(name string, nth int) (string, int64, float64) {
		if nth == 0 && strings.Contains(name, "0.0004") {
			return run.StateRunning, 10048, 7
		}
		return run.StateDone, 400000, 3
	}
	p := s.work()
	if p.Ended != "3 runs done, 1 ended early" || p.Points[1].Dropped != "11 at 10 kimg, 2.20 times \"gen_lr=0.0001\"'s 5: more than 2" {
		t.Errorf("ended: %q, %q", p.Ended, p.Points[1].Dropped)
	}
	if got := slices.Sorted(slices.Values(s.at)); !slices.Equal(got, []string{"x-gen_lr-0.0003-seed1", "x-gen_lr-0.0004-seed1", "x-gen_lr-0.0004-seed1"}) {
		t.Errorf("started %q", got)
	}
}

// TestStopEarlyNearest: of several evaluations near the number of images the nearest
// decides, so that a run which has an earlier one goes on until it is there.
func TestStopEarlyNearest(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\n[stop]\nat_kimg = [10]\nfactor = 2\n[set]\nlive.fid_kimg = 0.5\n[[axis]]\nkey = 'live.gen_lr'\nvalues = [1e-4, 2e-4]")
	s.recorded(
		sweep.Record{Point: "gen_lr=0.0001", Kimg: 10.048, Evaluations: append(at(9.536, 9), at(10.048, 5)...)},
		sweep.Record{Point: "gen_lr=0.0002", Kimg: 9.536, Evaluations: at(9.536, 11)},
	)
	s.act = func(name string, nth int) (string, int64, float64) {
		if nth == 0 && strings.Contains(name, "0.0002") {
			return run.StateRunning, 10048, 9
		}
		return run.StateDone, 400000, 3
	}
	if p := s.work(); p.Ended != "2 runs done" {
		t.Errorf("ended: %q, %q", p.Ended, p.Points[1].Dropped)
	}
}

// TestRecordsGreedy searches on from what others have tried, in rounds that are to come
// as well.
func TestRecordsGreedy(t *testing.T) {
	s := newStable(t, "base = 'mnist-gdd-i'\n[greedy]\nfreeze = 'part'\nrounds = 5")
	s.recorded(
		sweep.Record{Point: "none frozen", Done: true, Kimg: 400, Evaluations: at(400, 9)},
		sweep.Record{Point: "enc frozen", Done: true, Kimg: 400, Evaluations: at(400, 7)},
		sweep.Record{Point: "enc map frozen", Done: true, Kimg: 400, Evaluations: at(400, 5)},
	)
	fids := map[string]float64{"dec": 12, "map": 8, "enc-dec": 6}
	s.act = func(name string, _ int) (string, int64, float64) {
		return run.StateDone, 400000, fids[strings.TrimSuffix(strings.TrimPrefix(name, "x-"), "-frozen-seed1")]
	}
	p := s.work()
	if p.Ended != "6 runs done" || len(s.at) != 3 || p.Points[len(p.Points)-1].Round != 2 {
		t.Errorf("ended: %q, started %q, %+v", p.Ended, s.at, p.Points)
	}
}
