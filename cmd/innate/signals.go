package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"innate/trainer/loop"
)

// catchSignals takes over the signals of a process that is to train, before it
// does anything else, so that none is lost and none kills it:
//
//   - TERM and INT end ctx, and with it the run after a checkpoint; so does XCPU,
//     a limit of processor time that is nearly used up.
//   - USR1 and USR2 wait in asks until the loop takes them: a checkpoint now. With
//     requeue USR1 ends ctx instead: a job's time is nearly up.
//   - A hang-up, and a pipe that nobody reads any more, are ignored: a run
//     outlives the terminal it was started from.
//
// It says to out what has arrived, since a step may take a while. Until release
// is called a further signal does not end the process either.
func catchSignals(ctx context.Context, out io.Writer, requeue bool) (_ context.Context, asks <-chan os.Signal, release func()) {
	// Caught and not read, which is to ignore them: signal.Ignore would have every
	// child ignore them, too, and cannot be undone.
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, syscall.SIGHUP, syscall.SIGPIPE)
	// Of several signals before anyone reads, one is enough.
	ends, asked := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT, syscall.SIGXCPU)
	signal.Notify(asked, syscall.SIGUSR2)
	if requeue {
		signal.Notify(ends, syscall.SIGUSR1)
	} else {
		signal.Notify(asked, syscall.SIGUSR1)
	}
	ctx, end := context.WithCancelCause(ctx)
	go func() {
		select {
		case s := <-ends:
			end(endedBy{s}) // first: out may be held up
			fmt.Fprintf(out, "%s: the run ends after a checkpoint\n", loop.SignalName(s))
		case <-ctx.Done():
		}
	}()
	return ctx, asked, func() {
		signal.Stop(ends)
		signal.Stop(asked)
		signal.Stop(ignored)
		end(nil)
	}
}

// endedBy is the cause of the end of a context that a signal has ended.
type endedBy struct{ signal os.Signal }

func (e endedBy) Error() string { return loop.SignalName(e.signal) }
