package control_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

// begunRunner begins every command and then waits for its context, as the loop
// does in a long step.
type begunRunner struct {
	fakeRunner
	begun chan struct{}
}

func (r *begunRunner) Do(ctx context.Context, c control.Command) error {
	close(r.begun)
	<-ctx.Done()
	return fmt.Errorf("loop: %s: begun, it may be applied", c.Kind)
}

// TestWithdrawnByDeadline has a client wait for a runner that does not come to a
// command in time: the answer says that the command is not applied, and that is so.
func TestWithdrawnByDeadline(t *testing.T) {
	dir, runner := shortDir(t), &fakeRunner{state: run.StateRunning, hold: make(chan struct{})}
	serve(t, dir, runner)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := control.NewClient(dir).Set(ctx, map[string]string{"live.gen_lr": "1e-4"})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "control: set: not applied") {
		t.Errorf("got %v, want it not applied", err)
	}
	close(runner.hold)
	if _, err := control.NewClient(dir).Pause(within(t)); err != nil || len(runner.done) != 1 {
		t.Errorf("%v: the runner got %+v, want the pause alone", err, runner.done)
	}
}

// TestReadAfterDeadline has a trainer read a command only when its client has
// given up, as one does that was suspended meanwhile: it does not reach the runner.
func TestReadAfterDeadline(t *testing.T) {
	runner := &fakeRunner{state: run.StateRunning}
	s := serve(t, shortDir(t), runner)
	hc := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Path())
	}}}
	for _, c := range []struct {
		deadline string
		status   int
		want     string
	}{
		{time.Now().Add(-time.Second).Format(time.RFC3339Nano), http.StatusGatewayTimeout, "control: pause: not applied"},
		{"soon", http.StatusBadRequest, `header Innate-Deadline: \"soon\", want a time`},
	} {
		req, err := http.NewRequestWithContext(within(t), http.MethodPost, "http://innate/v1/pause", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Innate-Deadline", c.deadline)
		resp, err := hc.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(said), c.want) || len(runner.done) > 0 {
			t.Errorf("%s: status %d, %s, runner got %+v; want %d and %s", c.deadline, resp.StatusCode, said, runner.done, c.status, c.want)
		}
	}
}

// TestBegunAndLeft has clients leave when the runner has begun their command:
// the answer says that it may be applied.
func TestBegunAndLeft(t *testing.T) {
	for _, c := range []struct {
		what  string
		leave func(ctx context.Context) (context.Context, context.CancelFunc)
		is    error
	}{
		{"interrupted", context.WithCancel, context.Canceled},
		{"late", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, nil}, // the runner's own word came in time
	} {
		dir, runner := shortDir(t), &begunRunner{begun: make(chan struct{})}
		serve(t, dir, runner)
		ctx, leave := c.leave(t.Context())
		defer leave()
		outcome := make(chan error, 1)
		go func() {
			_, err := control.NewClient(dir).Pause(ctx)
			outcome <- err
		}()
		<-runner.begun
		if c.is == context.Canceled {
			leave()
		}
		if err := <-outcome; err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), "may be applied") {
			t.Errorf("%s: got %v, want that it may be applied", c.what, err)
		}
	}
}
