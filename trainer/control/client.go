package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"innate/trainer/run"
)

// maxAnswerBytes bounds what a client reads; the layers of the largest network
// take about 200 KiB.
const maxAnswerBytes = 16 << 20

// ErrNotRunning means that no trainer holds the run's lock, and nothing listens
// on the control socket.
var ErrNotRunning = errors.New("no trainer is running")

// Client talks to the trainer of one run directory. It holds no connection, so
// it may be kept while trainers come and go, and used from several goroutines.
type Client struct {
	name string
	dir  string // of the run; "" if only a socket is known
	http *http.Client
}

// NewClient returns a client for run directory dir; nothing is opened yet. The
// caller bounds every call with its context.
func NewClient(dir string) *Client {
	c := dialing(func() string { return findSocket(dir) })
	c.name, c.dir = filepath.Base(dir), dir
	return c
}

func newClient(socket string) *Client {
	c := dialing(func() string { return socket })
	c.name = socket
	return c
}

func dialing(socket func() string) *Client {
	return &Client{http: &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket())
		},
	}}}
}

// Status returns the present status.
func (c *Client) Status(ctx context.Context) (run.Status, error) {
	var s run.Status
	err := c.call(ctx, http.MethodGet, "status", nil, &s)
	return s, err
}

// Layers returns every parameter tensor of the trained network.
func (c *Client) Layers(ctx context.Context) ([]run.Layer, error) {
	var l []run.Layer
	err := c.call(ctx, http.MethodGet, "layers", nil, &l)
	return l, err
}

// Pause holds the run after the step under way; Resume ends the pause.
func (c *Client) Pause(ctx context.Context) (run.Status, error) { return c.post(ctx, KindPause, nil) }

// Resume ends a pause.
func (c *Client) Resume(ctx context.Context) (run.Status, error) { return c.post(ctx, KindResume, nil) }

// Stop makes the trainer write a checkpoint and end. It returns when the
// checkpoint is on disk; where none can be, it is refused.
func (c *Client) Stop(ctx context.Context) (run.Status, error) { return c.post(ctx, KindStop, nil) }

// Set changes live settings, all of them or, on an error, none.
func (c *Client) Set(ctx context.Context, set map[string]string) (run.Status, error) {
	return c.post(ctx, KindSet, SetRequest{set})
}

// Freeze changes which parameters train.
func (c *Client) Freeze(ctx context.Context, r FreezeRequest) (run.Status, error) {
	return c.post(ctx, KindFreeze, r)
}

// Checkpoint writes a checkpoint now, and returns when it is on disk.
func (c *Client) Checkpoint(ctx context.Context) (run.Status, error) {
	return c.post(ctx, KindCheckpoint, nil)
}

// Evaluate measures FID of the weights as they are now, and returns when that
// has a value, also while the run is paused. One whose directory takes no writes
// takes the weights, and measures when it resumes: PauseReason of the answer says so.
func (c *Client) Evaluate(ctx context.Context) (run.Status, error) {
	return c.post(ctx, KindEvaluate, nil)
}

// Sample draws the sample grid now; SampleFile of the answer names it.
func (c *Client) Sample(ctx context.Context, r SampleRequest) (run.Status, error) {
	return c.post(ctx, KindSample, r)
}

// Back makes the run what it was before a live change, and returns when a checkpoint of
// that is on disk.
func (c *Client) Back(ctx context.Context, r BackRequest) (run.Status, error) {
	return c.post(ctx, KindBack, r)
}

func (c *Client) post(ctx context.Context, route string, body any) (run.Status, error) {
	var s run.Status
	err := c.call(ctx, http.MethodPost, route, body, &s)
	return s, err
}

func (c *Client) call(ctx context.Context, method, route string, body, answer any) error {
	resp, err := c.send(ctx, method, route, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err == nil {
		err = json.Unmarshal(b, answer)
	}
	if err != nil {
		return fmt.Errorf("control: %s: %s: %w", c.name, route, err)
	}
	return nil
}

// send makes a request and returns the answer if it is none of an error; the
// caller closes its body.
func (c *Client) send(ctx context.Context, method, route string, body any) (*http.Response, error) {
	var send io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, fmt.Errorf("control: %s: %w", route, err)
		}
		send = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://innate/v1/"+route, send)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok && method == http.MethodPost {
		left := time.Until(deadline)
		req.Header.Set(deadlineHeader, deadline.Add(-min(left/8, time.Second)).Format(time.RFC3339Nano))
	}
	if c.dir != "" { // who would wait for a trainer that cannot answer
		if pid, held, err := run.Holder(c.dir); err == nil && held {
			if err := run.Suspended(pid); err != nil {
				return nil, fmt.Errorf("control: %s: %s: %w", c.name, route, err)
			}
		}
	}
	resp, err := c.http.Do(req)
	switch {
	case isDial(err) && ctx.Err() == nil:
		return nil, c.unreached(err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, fmt.Errorf("control: %s: %s: %w", c.name, route, c.late(method))
	case ctx.Err() != nil:
		return nil, fmt.Errorf("control: %s: %s: %w", c.name, route, leftError{context.Cause(ctx), ctx.Err(), method})
	case errors.Is(err, io.EOF):
		return nil, fmt.Errorf("control: %s: %s: the trainer ended before it answered", c.name, route)
	case err != nil:
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err // less the made-up address
		}
		return nil, fmt.Errorf("control: %s: %s: %w", c.name, route, err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var e errorBody
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes))
	if err != nil || json.Unmarshal(b, &e) != nil || e.Error == "" {
		e.Error = fmt.Sprintf("control: %s: %s: %s", c.name, route, resp.Status)
	}
	if resp.StatusCode == http.StatusGatewayTimeout {
		return nil, answeredLate{e.Error}
	}
	return nil, errors.New(e.Error) // the trainer's own line
}
