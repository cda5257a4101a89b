package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"syscall"

	"innate/trainer/run"
)

// isDial tells a trainer that could not be reached from one that was.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// notServed tells a socket that is missing or left behind from one that cannot
// be reached for another reason, such as permissions.
func notServed(err error) bool {
	for _, e := range []error{fs.ErrNotExist, syscall.ECONNREFUSED, syscall.ENOTSOCK, syscall.ENOTDIR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// unreached words why a trainer was not reached, for a client of its run: who
// holds the lock, and what to do. A lock that nobody holds means that no trainer
// is there to be reached.
func (c *Client) unreached(err error) error {
	where, reason := findSocket(c.dir), unwrapNet(err)
	if c.dir == "" { // a socket alone
		if notServed(err) {
			return fmt.Errorf("control: %s: %w", c.name, ErrNotRunning)
		}
		return fmt.Errorf("control: %s: %w", c.name, reason)
	}
	info, bad := run.ReadInfo(c.dir)
	switch {
	case bad != nil:
		return bad
	case !info.Alive && notServed(err):
		return fmt.Errorf("control: %s: %w", c.name, ErrNotRunning)
	case !info.Alive:
		return fmt.Errorf("control: %s: %s: %w", c.name, where, reason)
	}
	pid := info.Status.PID
	held := fmt.Sprintf("control: %s: pid %d holds the run's lock", c.name, pid)
	switch {
	case pid == 0:
		return fmt.Errorf("control: %s: a trainer holds the run's lock and cannot be reached at %s: %w; it makes its socket again within seconds", c.name, where, reason)
	case !onThisMachine(pid):
		return fmt.Errorf("%s and is no process of this machine: give the command where the run trains", held)
	case info.Status.State == run.StateStarting:
		return fmt.Errorf("%s and is starting: try again in a moment", held)
	}
	return fmt.Errorf("%s and cannot be reached at %s: %w; it makes its socket again within seconds, and kill %d makes it write a checkpoint and end",
		held, where, reason, pid)
}

// onThisMachine reports whether a process of that number is here. A lock in a
// directory of a file server, or of another container, may be held elsewhere.
func onThisMachine(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// lateError words a deadline: the trainer answers between two steps, and what it
// does between them may take longer than the caller waits.
type lateError struct{ pid int } // 0 if it is not known

func (c *Client) late() error {
	if c.dir == "" {
		return lateError{}
	}
	pid, _, _ := run.Holder(c.dir) // 0 if it cannot be told
	return lateError{pid}
}

func (e lateError) Error() string {
	if e.pid == 0 {
		return "no answer in time; the trainer may be busy, and still do it"
	}
	return fmt.Sprintf("no answer in time; the trainer, pid %d, may be busy, and still do it", e.pid)
}

func (e lateError) Unwrap() error { return context.DeadlineExceeded }
