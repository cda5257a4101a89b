package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"innate/trainer/run"
)

// How long a connection may be silent before it is asked whether it lives, how long
// it may take to answer, and how long one may take to be made.
const (
	pingAfter   = 10 * time.Second
	pingTimeout = 10 * time.Second
	dialTimeout = 30 * time.Second
)

// Dialer makes a connection; ask says that the person at the terminal may be asked
// for a password. The connection's errors name neither host nor address.
type Dialer func(ctx context.Context, ask bool) (net.Conn, error)

// Client asks a Server. It has one connection at a time, and is safe for concurrent
// use.
type Client struct {
	where string
	token string
	dial  Dialer

	mu     sync.Mutex
	conn   *http.ClientConn // nil before the first
	lost   error            // why there is none
	offers []string         // by the last one
}

// NewClient returns a client that is not connected yet; where names the machine for
// people.
func NewClient(where, token string, dial Dialer) *Client {
	return &Client{where: where, token: token, dial: dial, lost: errors.New("not connected yet")}
}

// Connect makes a new connection in the place of the old one, and greets.
func (c *Client) Connect(ctx context.Context, ask bool) error {
	conn, hello, err := c.connect(ctx, ask)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		c.conn.Close()
	}
	if c.conn, c.lost = conn, err; err == nil {
		c.offers = hello.Offers
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.where, err)
	}
	return nil
}

func (c *Client) connect(ctx context.Context, ask bool) (conn *http.ClientConn, hello Hello, err error) {
	raw, err := c.dial(ctx, ask)
	if err != nil {
		return nil, hello, err
	}
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	t := &http.Transport{
		Protocols:   &protocols,
		HTTP2:       &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		DialContext: func(context.Context, string, string) (net.Conn, error) { return raw, nil },
	}
	conn, err = t.NewClientConn(ctx, "http", "innate:80")
	if err != nil {
		raw.Close()
		return nil, hello, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	err = c.json(ctx, conn, http.MethodGet, "/v1/", &hello)
	if err == nil && hello.Protocol != Protocol {
		err = protocolError(strconv.Itoa(hello.Protocol))
	}
	if err != nil {
		conn.Close()
		return nil, hello, err
	}
	return conn, hello, nil
}

// Close ends the connection.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil {
		_ = c.conn.Close() // it may have ended
	}
}

// Lost returns why there is no connection, or nil.
func (c *Client) Lost() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn != nil && c.lost == nil {
		if err := c.conn.Err(); err != nil {
			c.lost = errors.New("the connection ended")
		}
	}
	return c.lost
}

// present is the connection, if there is one.
func (c *Client) present() (*http.ClientConn, error) {
	if err := c.Lost(); err != nil {
		return nil, lostError{c.where, err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn, nil
}

// lostError is the error of asking without a connection.
type lostError struct {
	where string
	err   error
}

func (e lostError) Error() string { return "connection to " + e.where + " lost: " + e.err.Error() }
func (e lostError) Unwrap() error { return e.err }

// refused is the server's own word.
type refused struct {
	code int
	text string
}

func (e *refused) Error() string { return e.text }

// isCode reports whether the server has refused with a status code.
func isCode(err error, code int) bool {
	var r *refused
	return errors.As(err, &r) && r.code == code
}

// roundTrip sends a request over a connection. An answer that is none of success is
// an error; the caller closes the body of another.
func (c *Client) roundTrip(conn *http.ClientConn, req *http.Request) (*http.Response, error) {
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := conn.RoundTrip(req)
	if err != nil {
		if ctx := req.Context(); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("the connection ended: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var e errorBody
	b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil || json.Unmarshal(b, &e) != nil || e.Error == "" {
		e.Error = resp.Status
	}
	return nil, &refused{resp.StatusCode, run.OneLine(e.Error)}
}

// json asks for an answer in JSON.
func (c *Client) json(ctx context.Context, conn *http.ClientConn, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://innate"+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.roundTrip(conn, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return err
	case len(b) > maxAnswer:
		return fmt.Errorf("%s: an answer of more than %d bytes", path, maxAnswer)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, into any) error {
	conn, err := c.present()
	if err != nil {
		return err
	}
	return c.json(ctx, conn, method, path, into)
}

// Runs lists the runs. What a server says of them is cut down to what a run's own
// machine could say.
// Only names the one run that is wanted; "" is for all.
func (c *Client) Runs(ctx context.Context, only string) ([]Entry, error) {
	var list []Entry
	path := "/v1/runs"
	if only != "" {
		path += "?only=" + url.QueryEscape(only)
	}
	if err := c.ask(ctx, http.MethodGet, path, &list); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e Entry) bool { return !isRunName(e.Name) || only != "" && e.Name != only })
	seen := map[string]bool{}
	list = slices.DeleteFunc(list, func(e Entry) bool {
		twice := seen[e.Name]
		seen[e.Name] = true
		return twice
	})
	for i := range list {
		e := &list[i]
		cleanStatus(&e.Status)
		if e.About.Check() != nil {
			e.About = run.About{}
		}
	}
	return list[:min(len(list), maxRuns)], nil
}

// Infos lists the runs as run.List does.
func (c *Client) Infos(ctx context.Context, only string) ([]run.Info, error) {
	list, err := c.Runs(ctx, only)
	infos := make([]run.Info, len(list))
	for i, e := range list {
		infos[i] = run.Info{Dir: e.Status.Dir, Name: e.Name, Status: e.Status, Alive: e.Alive, About: e.About, Said: e.Status.State}
		infos[i].Status.Run = e.Name
		if e.Error != "" {
			infos[i].Err = errors.New(run.OneLine(e.Error))
		}
	}
	return infos, err
}

// cleanStatus takes out of a status what no trainer writes: paths that are no file of
// a run, and what a terminal would obey in the word that every list prints.
func cleanStatus(s *run.Status) {
	s.State = run.OneLine(s.State)
	if s.SampleFile != "" && !isSample(s.SampleFile) {
		s.SampleFile = ""
	}
}

// runPath is the path of a request about a run.
func runPath(name, rest string) string { return "/v1/runs/" + url.PathEscape(name) + rest }

// Start starts a trainer for a run there.
func (c *Client) Start(ctx context.Context, name string) error {
	return c.ask(ctx, http.MethodPost, runPath(name, "/start"), &struct{}{})
}

// Find returns the run that ref names, as run.Find does.
func Find(list []Entry, ref string) (Entry, error) {
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name
	}
	name, err := run.Named(names, ref, nil)
	if err != nil {
		return Entry{}, err
	}
	if name == "" {
		return Entry{}, fmt.Errorf("run %q: none there", ref)
	}
	return list[slices.Index(names, name)], nil
}
