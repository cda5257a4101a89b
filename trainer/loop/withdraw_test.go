package loop_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
)

// TestWithdrawn has a client leave just before the loop carries out what it has
// been handed: the command has no effect, and the client knows.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	d, err := loop.Drive(newRun(t, endless(config("gdd", networks(t)))))
	check(t, err)
	defer d.Close()
	pause := control.Command{Kind: control.KindPause}
	ctx, leave := context.WithCancel(t.Context())
	outcome := d.Send(ctx, pause)
	d.Take(func() {
		leave()
		if err := <-outcome; !errors.Is(err, context.Canceled) {
			t.Errorf("withdrawn: got %v, want that of the context", err)
		}
	})
	if s := d.Status().State; s != run.StateRunning {
		t.Errorf("the run is %s after a pause that was withdrawn", s)
	}

	// One that the loop has begun, such as a checkpoint on its way to the disk, is
	// not withdrawn any more.
	ctx, leave = context.WithCancel(t.Context())
	outcome = d.Send(ctx, control.Command{Kind: control.KindEvaluate})
	d.Take(func() {})
	leave()
	if err := <-outcome; err == nil || !strings.Contains(err.Error(), "begun, but not done in the time that the client waits: it may be applied") {
		t.Errorf("begun: got %v", err)
	}
	outcome = d.Send(t.Context(), pause)
	d.Take(func() {})
	check(t, <-outcome)
	if s := d.Status().State; s != run.StatePaused {
		t.Errorf("the run is %s after a pause", s)
	}
}
