package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// saver writes checkpoints in the background, one at a time, so that training
// waits for no disk. At most one file of each slot waits behind the one being
// written: a newer one takes its place.
type saver struct {
	busy  *save
	ended chan error // of busy
	queue []*save
	write func(path string, f *checkpoint.File) error // nil: checkpoint.Write

	patient bool // the run waits for each checkpoint
}

// save is one file to write, whose tensors nobody changes any more.
type save struct {
	slot string
	path string
	file *checkpoint.File  // nil once it is on disk
	meta map[string]string // of a checkpoint, by which its state is known
	then func() error      // in the background, once it is on disk; may be nil
	done func()            // on the loop's goroutine, once it is on disk
	asks []reply           // of those who wait for it

	spare bool // a run goes on without it
}

// answer tells those who wait for a file how it went; they wait no longer.
func (j *save) answer(err error) {
	for _, r := range j.asks {
		r <- err
	}
	j.asks = nil
}

// add writes a file as soon as those before it have been written. It goes to the
// end also in place of another: a checkpoint that knows of new best weights must
// not be on disk before them.
func (s *saver) add(j *save) {
	s.queue = slices.DeleteFunc(s.queue, func(waiting *save) bool {
		if waiting.slot != j.slot {
			return false
		}
		j.asks = append(j.asks, waiting.asks...) // the newer one serves them, too
		return true
	})
	s.queue = append(s.queue, j)
	s.start()
}

// start begins with the next file unless one is under way.
func (s *saver) start() {
	if s.busy != nil || len(s.queue) == 0 {
		return
	}
	j, ended := s.queue[0], make(chan error, 1)
	s.busy, s.ended, s.queue = j, ended, s.queue[1:]
	go func() { ended <- s.run(j) }()
}

// run writes one file. One that is on disk already, of which only what follows has
// failed, is not written again.
func (s *saver) run(j *save) error {
	if j.file != nil {
		if err := s.put(j); err != nil {
			return err
		}
		j.file = nil // as large as the run, which may take minutes to ask how it went
	}
	if j.then == nil {
		return nil
	}
	return j.then()
}

func (s *saver) put(j *save) error {
	// Someone may have removed the folder; never more than it, though: a run
	// directory that is gone stays gone.
	if err := os.Mkdir(filepath.Dir(j.path), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("loop: %w", err)
	}
	write := s.write
	if write == nil {
		write = checkpoint.Write
	}
	start := time.Now()
	err := write(j.path, j.file)
	slog.Debug("save", "path", j.path, "took", time.Since(start), "error", err)
	return err
}

// latest returns the file that was added last, unless it has been written.
func (s *saver) latest() *save {
	if n := len(s.queue); n > 0 {
		return s.queue[n-1]
	}
	return s.busy
}

// written has how the file under way was written, once it is; nil if there is
// none.
func (s *saver) written() <-chan error {
	if s.busy == nil {
		return nil
	}
	return s.ended
}

// wait returns when the file under way has been written, or refused.
func (s *saver) wait() {
	if s.busy != nil {
		err := <-s.ended
		s.ended <- err // it has room for one
	}
}

// take returns the file whose writing has ended since the last call, and how,
// and starts the next; nil if there is none.
func (s *saver) take() (*save, error) {
	if s.busy == nil {
		return nil, nil
	}
	select {
	case err := <-s.ended:
		j := s.busy
		s.busy = nil
		s.start()
		return j, err
	default:
		return nil, nil
	}
}

// collect takes note of what has been written in the background. What the
// directory did not take is tried again with all else that it does not take.
func (l *Loop) collect() error {
	j, err := l.saver.take()
	switch {
	case j == nil:
		return nil
	case j.spare && err != nil:
		l.event(runlog.Error, fmt.Sprintf("no way back to %s: %s", filepath.Base(j.path), because(l.dir, err)), nil)
		return nil
	case starved(err):
		l.storage.hold(err, func() error {
			switch err := l.saver.run(j); {
			case starved(err):
				return err
			case err != nil:
				l.event(runlog.Error, err.Error(), nil)
			default:
				j.done()
			}
			return nil
		})
		if run.Active(l.state) {
			l.reportStorage() // first, so that who is answered finds the run paused
		}
		j.answer(fmt.Errorf("loop: not written yet: %s; %s; the run waits for room", l.pauseReason(), l.unsaved("would be")))
		return nil
	case err != nil:
		j.answer(err)
		return err
	}
	j.done()
	j.answer(nil)
	return nil
}

// drain waits for all background writes.
func (l *Loop) drain() {
	for l.saver.busy != nil {
		l.saver.wait()
		if err := l.collect(); err != nil {
			l.event(runlog.Error, err.Error(), nil)
		}
	}
}
