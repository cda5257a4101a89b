package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrRunning means that another trainer holds the run's lock.
var ErrRunning = errors.New("already running")

// acquireFor is how long Acquire tries: readers take a shared lock for a moment
// to see whether the run is alive.
const acquireFor = 500 * time.Millisecond

// Lock is the exclusive right to train in one run directory. The kernel gives
// it back when the process ends, however it ends.
type Lock struct{ file *os.File }

// Acquire takes the lock of run directory dir and writes our pid into it. If
// another trainer holds it the error is ErrRunning and names its pid.
func Acquire(dir string) (*Lock, error) {
	return acquire(dir, fmt.Appendf(nil, "%d\n", os.Getpid()))
}

// AcquireNameless is Acquire for the copy of a run whose trainer is on another
// machine: its pid there would be another process's here, so the file names none.
func AcquireNameless(dir string) (*Lock, error) { return acquire(dir, nil) }

func acquire(dir string, holder []byte) (*Lock, error) {
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("run: %w", err)
	}
	for deadline := time.Now().Add(acquireFor); ; time.Sleep(10 * time.Millisecond) {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) || time.Now().After(deadline) {
			break
		}
	}
	if err == nil {
		err = writeHolder(f, holder)
	}
	if err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("run: %s: %w%s", filepath.Base(dir), ErrRunning, named(f))
		}
		return nil, fmt.Errorf("run: lock %s: %w", f.Name(), err)
	}
	return &Lock{f}, nil
}

func writeHolder(f *os.File, holder []byte) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt(holder, 0)
	return err
}

// named says which pid the lock file names.
func named(f *os.File) string {
	var b [32]byte
	n, _ := f.ReadAt(b[:], 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil {
		return fmt.Sprintf(" as pid %d", pid)
	}
	return ""
}

// Release gives the lock back. The file stays: removing it would let two
// trainers hold locks on different files of the same name.
func (l *Lock) Release() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	return nil
}

// Holder tells whether the run's lock is held, and by which pid as far as the
// file says. It takes a shared lock for a moment, which Acquire outlasts.
func Holder(dir string) (pid int, held bool, err error) {
	// A pipe of that name must not make us wait for its writer.
	f, err := os.OpenFile(filepath.Join(dir, LockFile), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("run: %w", err)
	}
	defer f.Close() // also unlocks
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return 0, false, nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return 0, false, fmt.Errorf("run: %s: %w", f.Name(), err)
	}
	var b [32]byte
	n, _ := f.Read(b[:])
	pid, _ = strconv.Atoi(string(bytes.TrimSpace(b[:n])))
	return pid, true, nil
}

// AwaitExit returns when no trainer holds the run's lock any more.
func AwaitExit(ctx context.Context, dir string) error {
	for {
		pid, held, err := Holder(dir)
		if err != nil || !held {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("run: %s: the trainer, pid %d, has not ended: %w", filepath.Base(dir), pid, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
