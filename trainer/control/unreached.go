package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
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

// unknownOutcome is what a client adds to its error that has left without an
// answer: closing the connection withdraws a command that the trainer has not
// begun, but nobody says which it was.
func unknownOutcome(method string) string {
	if method != http.MethodPost {
		return ""
	}
	return "; if the trainer had begun it, it may be applied: see the run's status"
}

// leftError words why a client has left, such as an interrupt.
type leftError struct {
	cause, err error
	method     string
}

func (e leftError) Error() string { return e.cause.Error() + unknownOutcome(e.method) }
func (e leftError) Unwrap() error { return e.err }

// lateError words a deadline without an answer: the trainer answers between two
// steps, and what it does between them may take longer than the caller waits.
type lateError struct {
	pid    int // 0 if it is not known
	method string
}

func (c *Client) late(method string) error {
	if c.dir == "" {
		return lateError{0, method}
	}
	pid, _, _ := run.Holder(c.dir) // 0 if that is not known
	return lateError{pid, method}
}

func (e lateError) Error() string {
	who := "the trainer"
	if e.pid != 0 {
		who = fmt.Sprintf("the trainer, pid %d,", e.pid)
	}
	return "no answer in time: " + who + " may be busy" + unknownOutcome(e.method)
}

func (e lateError) Unwrap() error { return context.DeadlineExceeded }

// answeredLate is the trainer's own word that a command was withdrawn by the
// client's deadline.
type answeredLate struct{ text string }

func (e answeredLate) Error() string { return e.text }
func (e answeredLate) Unwrap() error { return context.DeadlineExceeded }
