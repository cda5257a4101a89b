package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/net/netutil"

	"innate/trainer/run"
)

const (
	probeTimeout   = 2 * time.Second
	commandTimeout = 2 * time.Minute // an evaluation between two steps may take this long
	lastingTimeout = time.Hour       // of a command that is answered when its work is done
)

// deadlineHeader is until when a client of this machine waits for the outcome of a
// command. The trainer withdraws the command then, however late it has read it,
// and answers that it is not applied, for which the client has left some time.
const deadlineHeader = "Innate-Deadline"

// lasts tells commands that are answered when what they begin is done, which
// their clients may wait for as long as they like, from those that are applied
// between two steps.
func lasts(kind string) bool {
	return kind == KindStop || kind == KindCheckpoint || kind == KindEvaluate || kind == KindBack
}

// Runner is the training loop as the server sees it. Status and Layers return
// snapshots and may be called from any goroutine. Do returns once what the
// command asks for is done, or refused, or ctx has ended. The error of ctx means
// that the command was not begun and must not be any more; one that is under way
// when ctx ends gets an error that says so.
type Runner interface {
	Status() run.Status
	Layers() []run.Layer
	Do(ctx context.Context, c Command) error
}

// Options say what a server offers beside commands.
type Options struct {
	Hub     *Hub         // what GET /v1/stream tells; nil: status and layers alone
	Metrics http.Handler // answers GET /metrics; nil: nothing does
	Listen  string       // loopback host:port to answer on beside the socket; "" for none

	limits *limits // nil: the defaults
}

// Server answers on the control socket of one run, and on TCP if asked to.
type Server struct {
	runner  Runner
	hub     *Hub
	metrics http.Handler
	limits  limits
	dir     string
	addr    string // host:port on TCP, or ""
	token   string // that it wants there
	http    []*http.Server
	end     *endpoint
}

// Serve listens on the control socket of run directory dir and answers in
// the background until Close, also after the socket was removed: see endpoint. A
// socket that nobody serves any more is replaced; one that is served is an
// error. The caller holds the run's lock.
func Serve(dir string, r Runner, opts Options) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := newServer(r, opts)
	s.dir = dir
	if s.end, err = newEndpoint(dir, s.limits.conns); err != nil {
		return nil, err
	}
	if opts.Listen != "" {
		if err := s.open(opts.Listen); err != nil {
			return nil, errors.Join(err, s.end.close())
		}
	}
	s.end.answer(s.newHTTP(s))
	s.end.keep(s.limits.lookEvery, s.keepToken)
	go s.hub.run() // ends with Close
	return s, nil
}

// newServer returns a server that could answer, but does not listen yet.
func newServer(r Runner, opts Options) *Server {
	s := &Server{runner: r, hub: opts.Hub, metrics: opts.Metrics, limits: defaultLimits()}
	if s.hub == nil {
		s.hub = NewHub(r)
	}
	s.hub.current = s.current
	if opts.limits != nil {
		s.limits, s.hub.limits = *opts.limits, *opts.limits
	}
	return s
}

// open answers on TCP too, to those who show the token.
func (s *Server) open(addr string) error {
	listener, err := listenTCP(addr)
	if err != nil {
		return err
	}
	s.token = newToken()
	if err := writeToken(s.dir, s.token); err != nil {
		listener.Close()
		return err
	}
	s.addr = listener.Addr().String()
	go s.newHTTP(guard(s, s.token)).Serve(netutil.LimitListener(listener, s.limits.conns)) // ends with Close
	return nil
}

// keepToken writes the token again where its file is gone.
func (s *Server) keepToken() {
	if s.addr == "" {
		return
	}
	if _, err := os.Lstat(filepath.Join(s.dir, run.TokenFile)); errors.Is(err, fs.ErrNotExist) {
		_ = writeToken(s.dir, s.token) // or at the next look
	}
}

// newHTTP returns a server of our limits, which ends with Close.
func (s *Server) newHTTP(h http.Handler) *http.Server {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.limits.header,
		ReadTimeout:       s.limits.read,
		WriteTimeout:      commandTimeout + 10*time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	s.http = append(s.http, server)
	return server
}

// Path returns where the socket lies.
func (s *Server) Path() string { return s.end.where() }

// Addr returns the host:port on TCP, or "" without one.
func (s *Server) Addr() string { return s.addr }

// Close ends all streams, stops answering, waits a second for answers under
// way, and removes the token, and the socket unless someone else has replaced
// it.
func (s *Server) Close() error {
	s.end.leave()
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.http {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	if s.addr != "" {
		if err := os.Remove(filepath.Join(s.dir, run.TokenFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("control: %w", err)
		}
	}
	return s.end.close()
}

// do hands a command to the loop and answers with the status after it.
func (s *Server) do(w http.ResponseWriter, r *http.Request, c Command) error {
	// The request has been read; its deadline would take the client for gone
	// before a long step has ended.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	limit := commandTimeout
	if lasts(c.Kind) {
		limit = lastingTimeout
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(limit + 10*time.Second))
	}
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	if text := r.Header.Get(deadlineHeader); text != "" {
		deadline, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return &httpError{code: http.StatusBadRequest, text: fmt.Sprintf("control: %s: header %s: %q, want a time such as %s", c.Kind, deadlineHeader, text, time.RFC3339Nano)}
		}
		ctx, cancel = context.WithDeadline(ctx, deadline)
		defer cancel()
	}
	if ctx.Err() != nil { // it has waited to be read: the runner must not see it
		return notApplied(c)
	}
	err := s.runner.Do(ctx, c)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return notApplied(c)
	case err != nil:
		return err
	}
	writeJSON(w, http.StatusOK, s.current())
	return nil
}

// notApplied answers a command that was withdrawn before the runner began it.
func notApplied(c Command) error {
	return &httpError{code: http.StatusGatewayTimeout, text: fmt.Sprintf("control: %s: not applied: the trainer did not reach the end of a step in time", c.Kind)}
}

// current is the runner's status and where we answer.
func (s *Server) current() run.Status {
	st := s.runner.Status()
	st.Listen = s.addr
	return st
}
