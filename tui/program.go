package tui

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
)

// How long the end may take. A terminal answers at once, or over a slow line in
// a second; somebody who signals wants to see the end sooner.
const (
	answerWait = time.Second            // after q, for answers
	signalWait = 250 * time.Millisecond // the same after a signal
	endWait    = 450 * time.Millisecond // after a signal, for everything
	stallWait  = 10 * time.Millisecond  // for a terminal that doesn't read …
	stallTries = 50                     // … so many times
)

// Run shows the workbench on the terminal until the user leaves it. Runs continue.
func Run(ctx context.Context, opts Options) error {
	app, err := New(opts)
	if err != nil {
		return err
	}
	t, err := openTerminal(app.opts.Getenv)
	if err != nil {
		return err
	}
	app.terminal = t
	// Ten frames a second are plenty for curves and kind to SSH.
	p := tea.NewProgram(app, tea.WithContext(ctx), tea.WithFPS(10), tea.WithFilter(Filter),
		tea.WithInput(keyboard{t.in, t}), tea.WithOutput(t), tea.WithoutSignalHandler())
	done := make(chan error, 1)
	go func() {
		_, err := p.Run()
		done <- err
	}()
	err = t.await(p, done)
	t.close(!errors.Is(err, errStalled) && app.probe.Waiting())
	if errors.Is(err, errStalled) {
		return nil // the App is still at work; its state was remembered as it changed
	}
	app.Flush()
	if errors.Is(err, tea.ErrInterrupted) || ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tui: %w", err)
	}
	return nil
}

// errStalled says that the terminal didn't let Bubble Tea end.
var errStalled = errors.New("the terminal stalls")

// await waits for the end: because the user leaves, because a signal says so, or
// because the terminal has gone. SIGHUP may be ignored from outside (nohup), and
// stays so; a terminal that has gone is known all the same.
func (t *terminal) await(p *tea.Program, done <-chan error) error {
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, signals...)
	defer signal.Stop(sig)
	for wait := true; wait; {
		select {
		case err := <-done:
			return err
		case s := <-sig:
			wait = s == syscall.SIGINT && !t.free() // meant for the program that has the terminal
		case <-t.gone:
			t.end()
			wait = false
		}
	}
	t.lent.Lock() // it is given back first
	defer t.lent.Unlock()
	go p.Send(endMsg{})
	for range 2 {
		select {
		case err := <-done:
			return err
		case <-time.After(endWait):
			t.end()
		}
	}
	return errStalled
}

// free reports whether no other program has the terminal.
func (t *terminal) free() bool {
	free := t.lent.TryLock()
	if free {
		t.lent.Unlock()
	}
	return free
}
