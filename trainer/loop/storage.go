package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// storage stands between the loop and its run directory. A write that the
// directory does not take at present, because the disk is full or read-only, is
// held back with all that come after it, and the loop pauses until they have
// been made: nothing is lost, and the history has no gap. Its methods belong to
// the loop's goroutine, except heartbeat. The zero value is ready.
type storage struct {
	held     []func() error // in order
	reason   error          // what the first of them met; nil when none is held
	since    time.Time      // of reason
	reported bool           // that the run has paused for it
	missed   atomic.Pointer[error]
}

// starved tells an error of a directory that takes no writes at present from
// one that waiting does not cure.
func starved(err error) bool {
	return slices.ContainsFunc([]error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, // full: the disk, a quota, the limit of a file
		syscall.EROFS, syscall.EACCES, syscall.EPERM, // read-only
		syscall.EIO, syscall.ESTALE, // the disk or its server fails
	}, func(e error) bool { return errors.Is(err, e) })
}

// write makes a write now, or later if it must wait. Its error is one that
// waiting does not cure.
func (s *storage) write(w func() error) error {
	if s.full() {
		s.held = append(s.held, w)
		return nil
	}
	err := w()
	if starved(err) {
		s.hold(err, w)
		return nil
	}
	return err
}

// hold keeps a write that has met err.
func (s *storage) hold(err error, w func() error) {
	if !s.full() {
		s.reason, s.since = err, time.Now()
	}
	s.held = append(s.held, w)
}

// full reports whether writes are waiting.
func (s *storage) full() bool { return s.reason != nil }

// retry makes the writes that wait, until one must wait longer.
func (s *storage) retry() error {
	for len(s.held) > 0 {
		err := s.held[0]() // may add to held
		if starved(err) {
			s.reason = err
			return nil
		}
		s.held = s.held[1:]
		if err != nil {
			return err
		}
	}
	s.held, s.reason = nil, nil
	return nil
}

// heartbeat notes the outcome of a heartbeat. Safe for any goroutine.
func (s *storage) heartbeat(err error) {
	if starved(err) {
		s.missed.Store(&err)
	}
}

// tendEvery is how often the run directory is looked at, and how often writes
// that wait are tried again.
const tendEvery = time.Second

// between applies what arrived since the last step, and waits while the run is
// paused, once an evaluation under way is done, or its directory takes no writes. It returns false when the run is to
// stop, and an error when it cannot continue.
func (l *Loop) between(ctx context.Context) (bool, error) {
	for {
		if err := l.tend(); err != nil {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case r := <-l.commands:
			l.take(r)
		case <-l.reloads:
			l.rereadOrReport()
		default:
			if l.stopping {
				return false, nil
			}
			if !l.paused && !l.storage.full() {
				return true, nil
			}
			if !l.eval.running || l.storage.full() {
				l.wait(ctx)
				continue
			}
			if err := l.measureSlice(); err != nil { // a pause is free time
				return false, err
			}
			l.publish()
		}
	}
}

// wait blocks a paused run until something happens, a file has been written, or
// it is time to look at the directory again.
func (l *Loop) wait(ctx context.Context) {
	again := time.NewTimer(tendEvery)
	defer again.Stop()
	select {
	case <-ctx.Done():
	case r := <-l.commands:
		l.take(r)
	case <-l.reloads:
		l.rereadOrReport()
	case err := <-l.saver.written():
		l.saver.ended <- err // for collect
	case <-l.lost(): // for tend
	case <-again.C:
	}
}

// tend looks after the run directory: what was written in the background, what
// waits to be written, and whether the directory is still there.
func (l *Loop) tend() error {
	if err := l.lostPeer(); err != nil {
		return err
	}
	if err := l.collect(); err != nil {
		l.event(runlog.Error, err.Error(), nil)
	}
	if missed := l.storage.missed.Swap(nil); missed != nil && !l.storage.full() {
		l.storage.hold(*missed, l.writeStatus)
	}
	if now := time.Now(); now.Sub(l.tended) >= tendEvery {
		l.tended = now
		l.tendAlerts()
		note, err := l.home.check()
		if err != nil {
			return err
		}
		for _, note := range []string{note, l.home.keepConfig(l.text, false)} {
			if note != "" {
				l.event(runlog.Error, note, nil)
			}
		}
		if err := l.storage.retry(); err != nil {
			return err
		}
	}
	l.reportStorage()
	if !l.eval.running { // a rollback has ended the one they wait for
		l.evaluated(fmt.Errorf("loop: evaluate: given up: the run went back to %.1f kimg", kimg(l.nimg)))
	}
	return nil
}

// reportStorage makes it known when the directory stops or begins again to take
// writes.
func (l *Loop) reportStorage() {
	s := &l.storage
	if s.full() == s.reported {
		return
	}
	s.reported = s.full()
	kind := runlog.Resume
	text := fmt.Sprintf("resumed at %.1f kimg: the run directory takes writes again after %v",
		kimg(l.nimg), time.Since(s.since).Round(time.Second))
	if s.reported {
		kind, text = runlog.Pause, fmt.Sprintf("paused at %.1f kimg: %s", kimg(l.nimg), l.pauseReason())
		l.evaluationHeld()
	}
	l.setState(l.trainingState())
	l.event(kind, text, nil)
}

// flush returns once everything is on disk. While the directory takes no writes
// it waits. A client's stop is refused then, and flushed false: the run keeps
// what it has not written. The end of ctx, which nobody can refuse, loses it.
func (l *Loop) flush(ctx context.Context) (flushed bool, err error) {
	for {
		for l.saver.busy != nil {
			l.saver.wait()
			if err := l.collect(); err != nil {
				return false, err
			}
		}
		if err := l.storage.retry(); err != nil {
			return false, err
		}
		if !l.storage.full() {
			return true, nil
		}
		if l.stopping && ctx.Err() == nil {
			l.refuseStop()
			return false, nil
		}
		if _, err := l.between(ctx); err != nil {
			return false, err
		}
		if ctx.Err() != nil {
			return false, fmt.Errorf("loop: %s: stopped with %d writes not made: %s; %s; what is on disk is whole and can be resumed",
				l.dir, len(l.storage.held), l.pauseReason(), l.unsaved("are"))
		}
	}
}

// trainingState is the state of a run that has begun and is not ending.
func (l *Loop) trainingState() string {
	if l.paused || l.storage.full() {
		return run.StatePaused
	}
	return run.StateRunning
}

// pauseReason says why the run is paused when nobody asked for it.
func (l *Loop) pauseReason() string {
	if l.storage.full() {
		return because(l.dir, l.storage.reason)
	}
	return l.pausedFor
}

// because words what a run directory did not take, the cause in front: lines are
// cut at their end. Temporary names, which differ from try to try, would be news
// every second.
func because(dir string, err error) string {
	var cause syscall.Errno
	var at *fs.PathError
	if !errors.As(err, &cause) {
		return err.Error()
	}
	if !errors.As(err, &at) {
		return cause.Error()
	}
	path := at.Path
	if strings.HasPrefix(filepath.Base(path), ".") {
		path = filepath.Dir(path)
	}
	if rel, err := filepath.Rel(dir, path); err == nil && rel == "." {
		path = "the run directory"
	} else if err == nil && filepath.IsLocal(rel) {
		path = rel
	}
	return fmt.Sprintf("%v: %s %s", cause, at.Op, path)
}

// writeStatus writes a heartbeat out of turn.
func (l *Loop) writeStatus() error { return run.WriteStatus(l.dir, l.Status()) }
