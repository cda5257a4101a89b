package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"innate/trainer/run"
)

// asked reports whether Slurm knows more of a run than its directory says: whether
// the job that it was submitted in has begun, how it ended, whether it comes back.
func asked(i *run.Info) bool {
	return i.Job.Scheduler == run.Slurm && !i.Alive && i.Status.State != run.StateDone && i.Status.Job == i.Job.String()
}

// key tells jobs apart.
func key(j run.Job) run.Job {
	j.Submitted = time.Time{}
	return j
}

// Ask asks Slurm about the jobs of runs, once for all, and notes what it says in
// their status. Runs that need no word, and a machine without Slurm, ask nobody.
func Ask(ctx context.Context, infos ...*run.Info) error {
	var jobs []run.Job
	for _, i := range infos {
		if asked(i) {
			jobs = append(jobs, key(i.Job))
		}
	}
	known, err := lookUp(ctx, jobs)
	for _, i := range infos {
		if s, ok := known[key(i.Job)]; ok && asked(i) {
			apply(i, s)
		}
	}
	if errors.Is(err, ErrNone) {
		return nil
	}
	return err
}

// Held says which job is to train a run, or is at it, in words; "" where Slurm knows
// of none. A second trainer beside it would take its place.
func Held(ctx context.Context, i run.Info) (by string, err error) {
	if !asked(&i) {
		return "", nil
	}
	known, err := lookUp(ctx, []run.Job{key(i.Job)})
	if errors.Is(err, ErrNone) {
		err = nil
	}
	if s := known[key(i.Job)]; s.Live() {
		by = fmt.Sprintf("%v is %v", i.Job, s)
	}
	return by, err
}

// lookUp asks for the states of jobs, each cluster once.
func lookUp(ctx context.Context, jobs []run.Job) (map[run.Job]State, error) {
	byCluster := map[string][]string{}
	for _, j := range jobs {
		byCluster[j.Cluster] = append(byCluster[j.Cluster], j.ID)
	}
	found := map[run.Job]State{}
	var failed error
	for cluster, ids := range byCluster {
		known, err := states(ctx, cluster, ids)
		if err != nil {
			failed = err
		}
		for id, s := range known {
			found[run.Job{Scheduler: run.Slurm, ID: id, Cluster: cluster}] = s
		}
	}
	return found, failed
}

// freshFor is the age up to which a heartbeat is that of a trainer at work: it is
// written once a second, and clocks and file systems differ by a few.
const freshFor = 20 * time.Second

// apply notes in a run's status what is known of its job.
func apply(i *run.Info, s State) {
	st := &i.Status
	begun := i.Said != "" && st.State != run.StateQueued // by a trainer in this job
	st.JobState = s.String()
	switch {
	case s.Waits() && begun:
		st.State, st.JobState = run.StateQueued, "requeued, "+st.JobState
	case s.Waits():
		st.State = run.StateQueued
	case !s.Live():
		i.Unqueue()
	case s.Name == "RUNNING" && (st.State == run.StateQueued || st.Time.Before(s.Since)):
		st.State = run.StateStarting // nothing was heard of its trainer yet
	case st.State == run.StateDead && s.Name == "RUNNING" && time.Since(st.Time).Abs() < freshFor:
		// The lock seems free and the trainer is at work: it is on another machine, and
		// the file system keeps locks to each.
		st.State = i.Said
	}
}

const (
	askEvery  = 30 * time.Second // about jobs that are in the queue or at work
	askEnded  = 10 * time.Minute // about those that are over, which somebody may requeue
	askLeast  = 5 * time.Second  // between two questions
	askSilent = 10 * time.Minute // after the last of many that had no answer
)

// Watcher knows the states of jobs for a screen that looks every second: Fill
// answers at once from what is known, and has Slurm asked beside, seldom. The zero
// value is ready, and safe for concurrent use.
type Watcher struct {
	mu     sync.Mutex
	jobs   map[run.Job]watched // by key
	asking bool
	next   time.Time     // not before
	wait   time.Duration // after a question without an answer
}

type watched struct {
	State
	at time.Time
}

// Fill notes in the runs' status what is known of their jobs, and asks what is not.
func (w *Watcher) Fill(now time.Time, infos ...*run.Info) {
	if jobs := w.fill(now, infos); jobs != nil {
		go w.ask(context.Background(), jobs, now)
	}
}

// Await is Fill for who can wait for the answer.
func (w *Watcher) Await(ctx context.Context, now time.Time, infos ...*run.Info) {
	if jobs := w.fill(now, infos); jobs != nil {
		w.ask(ctx, jobs, now)
		w.fill(now, infos)
	}
}

// fill notes what is known, and returns the jobs to ask about, if it is time to; the
// caller then calls ask.
func (w *Watcher) fill(now time.Time, infos []*run.Info) (jobs []run.Job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	due := false
	for _, i := range infos {
		if !asked(i) {
			continue
		}
		s, known := w.jobs[key(i.Job)]
		age := askEvery
		if !s.Live() {
			age = askEnded
		}
		due = due || !known || now.Sub(s.at) >= age
		jobs = append(jobs, key(i.Job))
		if known {
			apply(i, s.State)
		}
	}
	if !due || w.asking || now.Before(w.next) {
		return nil
	}
	w.asking = true
	return jobs
}

// ask asks about jobs and keeps the answers.
func (w *Watcher) ask(ctx context.Context, jobs []run.Job, now time.Time) {
	known, err := lookUp(ctx, jobs)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.jobs == nil {
		w.jobs = map[run.Job]watched{}
	}
	for k, s := range known {
		w.jobs[k] = watched{s, now}
	}
	w.asking = false
	if err == nil {
		w.next, w.wait = now.Add(askLeast), 0
		return
	}
	w.wait = min(max(2*w.wait, askEvery), askSilent)
	w.next = now.Add(w.wait)
}
