package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

// Options says what a queue works on, and with what.
type Options struct {
	Dir    string    // of the sweep
	Log    io.Writer // a line for everything that happens
	Jobs   int       // runs at a time; 0: what the plan says, or else what the machine has room for
	Memory int64     // bytes that runs may take together; 0: not known

	Layers func(*configs.Config) ([]run.Layer, error) // for rounds of a greedy search

	Start func(ctx context.Context, dir string) error // a trainer's process; nil: trainer.Spawn
	Halt  func(ctx context.Context, dir string) error // it ends at a checkpoint; nil: by its socket

	Poll time.Duration // between looks at the runs; 0: pollEvery
}

// pollEvery is short beside a run of a minute, and long beside the look.
const pollEvery = 250 * time.Millisecond

// tries is how often a run may begin at one checkpoint: a trainer that was killed gets
// another, one that fails at the same place again does not.
const tries = 2

// startTime is how long a trainer may take until it answers.
const startTime = 10 * time.Minute

// jobs is how many runs train at a time. Where neither the plan nor memory says
// otherwise it is one for each processor: two runs of one thread train more images a
// second than one of two.
func jobs(o Options, p *sweep.Plan) int {
	n := o.Jobs
	if n == 0 {
		n = p.Jobs
	}
	if n == 0 {
		n = max(trainer.Cores()/max(p.Threads, 1), 1)
		if o.Memory > 0 && p.Peak > 0 {
			n = min(n, max(int(o.Memory/p.Peak), 1))
		}
	}
	return n
}

// queue is one process's work on a sweep. One goroutine owns it.
type queue struct {
	Options
	plan    *sweep.Plan
	records sweep.Records // of runs that were trained elsewhere
	jobs    int
	runs    []*entry

	ended chan spawned // trainers that answer, or have ended before they did
}

type spawned struct {
	entry *entry
	err   error
}

// Run works on the sweep in a directory until every run is done, the sweep is paused, or
// ctx ends; the last two stop the runs, each at a checkpoint.
func Run(ctx context.Context, o Options) (err error) {
	lock, err := run.Acquire(filepath.Join(o.Dir, sweep.QueueDir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	p, err := sweep.ReadPlan(o.Dir)
	if err != nil {
		return err
	}
	records, err := sweep.KeptRecords(o.Dir)
	if err != nil {
		return err
	}
	q := &queue{Options: o, plan: p, records: records, jobs: jobs(o, p), ended: make(chan spawned)}
	if q.Start == nil {
		q.Start = func(ctx context.Context, dir string) error { return trainer.Spawn(ctx, dir) }
	}
	if q.Halt == nil {
		q.Halt = halt
	}
	if q.Poll == 0 {
		q.Poll = pollEvery
	}
	if err := q.adopt(); err != nil {
		return err
	}
	if sweep.Wished(o.Dir) == sweep.PauseNow { // of a queue that was killed, whose trainers were not
		return q.pause()
	}
	if err := q.change(func() { p.Ended, p.Job = "", "" }); err != nil {
		return err
	}
	text := fmt.Sprintf("%d runs, %d at a time", len(q.runs), q.jobs)
	if len(q.records) > 0 {
		text += fmt.Sprintf(", %d records of others", len(q.records))
	}
	q.note(sweep.Entry{Kind: "begin", Text: text})
	return q.work(ctx)
}

// adopt lists the runs, and refuses directories under their names that are others.
func (q *queue) adopt() error {
	q.extend()
	for _, e := range q.runs {
		if !run.IsRun(e.dir) {
			continue
		}
		if err := Create(q.plan, e.dir, e.point, e.seed); err != nil {
			return err
		}
	}
	return nil
}

// extend lists the runs of points that are new: all of the first seed before those of
// the second, so that points can be compared early.
func (q *queue) extend() {
	for _, seed := range q.plan.Seeds {
		for _, point := range q.plan.Points {
			dir := filepath.Join(filepath.Dir(q.Dir), q.plan.RunName(point, seed))
			if !slices.ContainsFunc(q.runs, func(e *entry) bool { return e.dir == dir }) {
				q.runs = append(q.runs, &entry{dir: dir, point: point, seed: seed, started: -1, record: q.records.Find(point.Name, seed)})
			}
		}
	}
}

// Create makes the directory of a run, whole or not at all, and has it note what it
// belongs to. One that is there already joins if its settings are the run's.
func Create(p *sweep.Plan, dir string, point sweep.Point, seed uint64) error {
	if run.IsRun(dir) {
		if err := p.Adoptable(dir, point, seed); err != nil {
			return err
		}
	} else {
		text, err := p.Text(point, seed)
		if err != nil {
			return err
		}
		if err := trainer.CreateAt(dir, text, ""); err != nil {
			return err
		}
	}
	return run.EditAbout(dir, func(a *run.About) { a.Group, a.Point = p.Name, point.Name })
}

// change changes the plan and writes it.
func (q *queue) change(edit func()) error {
	edit()
	return q.plan.Write(q.Dir)
}

// note says what has happened. A log that cannot be written stops no training.
func (q *queue) note(e sweep.Entry) {
	e.Time = time.Now()
	fmt.Fprintf(q.Log, "%s %s %s\n", e.Time.Format(time.DateTime), e.Kind, e.Text)
	if err := sweep.Append(q.Dir, e); err != nil {
		fmt.Fprintln(q.Log, err)
	}
}

// work looks, decides and starts until there is a reason to end.
func (q *queue) work(ctx context.Context) error {
	tick := time.NewTicker(q.Poll)
	defer tick.Stop()
	for {
		wish := sweep.Wished(q.Dir)
		if ctx.Err() != nil || wish == sweep.PauseNow {
			return q.pause()
		}
		q.look()
		if err := q.decide(); err != nil {
			return err
		}
		if wish == sweep.NoPause {
			q.fill(ctx)
		}
		if q.idle(wish) {
			return q.finish(wish)
		}
		select {
		case s := <-q.ended:
			q.answered(s)
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// fill starts runs while there is room.
func (q *queue) fill(ctx context.Context) {
	for n := q.count(busy) + q.count(starting); n < q.jobs; n++ {
		i := slices.IndexFunc(q.runs, func(e *entry) bool { return e.state == waiting })
		if i < 0 {
			return
		}
		q.start(ctx, q.runs[i])
	}
}

// start makes the run, if it is not there, and starts its trainer.
func (q *queue) start(ctx context.Context, e *entry) {
	if err := Create(q.plan, e.dir, e.point, e.seed); err != nil {
		q.giveUp(e, err.Error())
		return
	}
	nimg := newest(e.dir)
	if nimg > e.started {
		e.tried = 0
	}
	e.started, e.tried, e.state = nimg, e.tried+1, starting
	q.note(sweep.Entry{Kind: "start", Run: filepath.Base(e.dir), Point: e.point.Name,
		Text: fmt.Sprintf("%s at %g kimg", filepath.Base(e.dir), float64(max(nimg, 0))/1000)})
	go func() {
		// Of a queue that is told to end meanwhile it is awaited: it is to be stopped, too.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startTime)
		defer cancel()
		q.ended <- spawned{e, q.Start(ctx, e.dir)}
	}()
}

// answered notes how a start went. After one that failed the next look says whether there
// is a trainer all the same; if not, what the heartbeat says is of one before.
func (q *queue) answered(s spawned) {
	s.entry.state, s.entry.said = busy, ""
	if s.err != nil {
		s.entry.state, s.entry.said = waiting, run.OneLine(s.err.Error())
	}
}

// giveUp leaves a run that cannot be trained; the others go on.
func (q *queue) giveUp(e *entry, why string) {
	e.state, e.said = failed, why
	q.note(sweep.Entry{Kind: "fail", Run: filepath.Base(e.dir), Point: e.point.Name, Text: filepath.Base(e.dir) + ": " + why})
}

// idle reports whether nothing trains and nothing will.
func (q *queue) idle(wish sweep.Wish) bool {
	if q.count(busy)+q.count(starting) > 0 {
		return false
	}
	return wish == sweep.PauseLater || q.count(waiting)+q.count(parked)+q.count(held) == 0
}

// finish says what has become of all runs.
func (q *queue) finish(wish sweep.Wish) error {
	text := fmt.Sprintf("%d runs done", q.count(done))
	for _, rest := range []struct {
		state state
		word  string
	}{{dropped, "ended early"}, {failed, "failed"}, {stopped, "stopped by hand"}} {
		if n := q.count(rest.state); n > 0 {
			text += fmt.Sprintf(", %d %s", n, rest.word)
		}
	}
	if left := q.count(waiting) + q.count(parked) + q.count(held); left > 0 && wish == sweep.PauseLater {
		q.note(sweep.Entry{Kind: "pause", Text: fmt.Sprintf("%s, %d to train", text, left)})
		return nil
	}
	if err := q.change(func() { q.plan.Ended = text }); err != nil {
		return err
	}
	q.note(sweep.Entry{Kind: "finish", Text: text})
	return os.RemoveAll(filepath.Join(q.Dir, sweep.PauseFile))
}

// pause stops all that trains, each run at a checkpoint, and leaves word that the
// sweep is paused.
func (q *queue) pause() error {
	err := sweep.Pause(q.Dir, sweep.PauseNow)
	for q.count(starting) > 0 { // which answers, or ends: then it can be stopped
		q.answered(<-q.ended)
	}
	q.look()
	var stopping []*entry
	for _, e := range q.runs {
		if e.state == busy || e.state == held {
			stopping = append(stopping, e)
		}
	}
	err = errors.Join(err, q.halt(stopping))
	q.note(sweep.Entry{Kind: "pause", Text: fmt.Sprintf("%d runs stopped", len(stopping))})
	return err
}
