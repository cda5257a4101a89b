package queue

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

// state is what the queue makes of a run.
type state int

const (
	waiting  state = iota // to be started
	starting              // its trainer does not answer yet
	busy                  // trains
	held                  // paused, by a person or by itself; it takes no room
	parked                // stopped until its sweep has decided which points go on
	done
	dropped // of a point that was ended early
	stopped // by a person, who has it resumed
	failed  // not tried again by this queue
)

// entry is a run of the sweep.
type entry struct {
	dir   string
	point sweep.Point
	seed  uint64
	state state
	said  string // why it failed

	started int64 // images of the checkpoint that it began at last; -1: of none
	tried   int   // how often it began there
	halted  bool  // by this queue: it has not stopped by itself

	record  *sweep.Record // of one that is not there; nil for none
	history *sweep.History
	judges  []sweep.Measured
}

func (q *queue) count(s state) (n int) {
	for _, e := range q.runs {
		if e.state == s {
			n++
		}
	}
	return n
}

// newest is the images seen at the newest checkpoint; 0 without one.
func newest(dir string) int64 {
	list, err := run.Checkpoints(filepath.Join(dir, run.CheckpointsDir))
	if err != nil || len(list) == 0 {
		return 0
	}
	return list[0].Nimg
}

// look reads what has become of the runs.
func (q *queue) look() {
	for _, e := range q.runs {
		if p, ok := q.plan.Point(e.point.Name); ok {
			e.point = p
		}
		switch e.state {
		case starting, done, failed, dropped:
			continue
		}
		q.lookAt(e)
	}
}

func (q *queue) lookAt(e *entry) {
	if !run.IsRun(e.dir) {
		e.state = waiting
		if e.record != nil {
			e.judges = e.record.Judges
		}
		switch {
		case e.record != nil && e.record.Done:
			e.state = done
		case e.point.Dropped != "":
			e.state = dropped
		}
		return
	}
	e.record = nil
	info, err := run.ReadInfo(e.dir)
	if err != nil {
		q.giveUp(e, err.Error())
		return
	}
	was, st := e.state, info.Status
	e.judges = sweep.Judges(st)
	switch {
	case info.Alive && st.State == run.StatePaused:
		e.state = held
	case info.Alive:
		e.state = busy
	case st.State == run.StateDone:
		e.state = done
		if was == waiting && e.tried == 0 {
			return // before this queue began
		}
		q.note(sweep.Entry{Kind: "done", Run: info.Name, Point: e.point.Name, Text: fmt.Sprintf("%s at %g kimg", info.Name, float64(st.Nimg)/1000)})
	case e.point.Dropped != "":
		e.state = dropped
	case e.halted:
		e.state = parked
	case st.State == run.StateStopped && (was == busy || was == held):
		e.state = stopped
		q.note(sweep.Entry{Kind: "stop", Run: info.Name, Point: e.point.Name, Text: info.Name + ": stopped by hand: resume continues it"})
	case was == stopped: // until somebody resumes it
	case e.tried >= tries && newest(e.dir) <= e.started:
		q.giveUp(e, why(e, st))
	default:
		e.state = waiting
	}
}

// why is what is known of a run that has no trainer and is not done.
func why(e *entry, st run.Status) string {
	switch {
	case st.State == run.StateFailed && st.Error != "":
		return run.OneLine(st.Error)
	case e.said != "":
		return e.said
	}
	return fmt.Sprintf("its trainer ended %d times at %g kimg", e.tried, float64(max(e.started, 0))/1000)
}

// haltTime is how long a trainer may take for its step and its checkpoint.
const haltTime = 10 * time.Minute

// halt stops runs, all at once, each at a checkpoint.
func (q *queue) halt(entries []*entry) error {
	errs := make([]error, len(entries))
	var all sync.WaitGroup
	for i, e := range entries {
		e.halted = true
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), haltTime)
			defer cancel()
			errs[i] = q.Halt(ctx, e.dir)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// halt stops the trainer of a run by its socket. One that has ended meanwhile is well
// stopped.
func halt(ctx context.Context, dir string) error {
	_, err := control.NewClient(dir).Stop(ctx)
	if err == nil {
		return run.AwaitExit(ctx, dir)
	}
	if _, alive, holdErr := run.Holder(dir); holdErr == nil && !alive {
		return nil
	}
	return err
}
