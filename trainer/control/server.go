package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

const (
	probeTimeout   = 2 * time.Second
	commandTimeout = 2 * time.Minute // an evaluation between two steps may take this long
)

// Runner is the training loop as the server sees it. Status and Layers return
// snapshots and may be called from any goroutine. Do returns once the command
// was applied between two steps, or refused, or ctx has ended; in the last case
// the command must not be applied any more.
type Runner interface {
	Status() Status
	Layers() []Layer
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
	path    string // of the socket
	inode   fs.FileInfo
	addr    string // host:port on TCP, or ""
	http    []*http.Server
}

// Serve listens on the control socket of run directory dir and answers in
// the background until Close. A socket that nobody serves any more is replaced;
// one that is served is an error. The caller holds the run's lock.
func Serve(dir string, r Runner, opts Options) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := newServer(r, opts)
	s.dir = dir
	if s.path, err = placeSocket(dir); err != nil {
		return nil, err
	}
	if err := probe(s.path); err != nil {
		return nil, err
	}
	local, err := listenPrivate(s.path)
	if err != nil {
		return nil, fmt.Errorf("control: listen %s: %w", s.path, err)
	}
	if s.inode, err = os.Lstat(s.path); err != nil {
		local.Close()
		return nil, fmt.Errorf("control: listen %s: %w", s.path, err)
	}
	if opts.Listen != "" {
		if err := s.open(opts.Listen); err != nil {
			local.Close()
			return nil, errors.Join(err, s.removeSocket())
		}
	}
	s.answer(local, s)
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
	token, err := newToken(s.dir)
	if err != nil {
		listener.Close()
		return err
	}
	s.addr = listener.Addr().String()
	s.answer(listener, guard(s, token))
	return nil
}

// answer serves a listener in the background until Close.
func (s *Server) answer(listener net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: s.limits.header,
		ReadTimeout:       s.limits.read,
		WriteTimeout:      commandTimeout + 10*time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	s.http = append(s.http, server)
	go server.Serve(newLimitListener(listener, s.limits.conns)) // ends with Close
}

// Path returns where the socket lies.
func (s *Server) Path() string { return s.path }

// Addr returns the host:port on TCP, or "" without one.
func (s *Server) Addr() string { return s.addr }

// Close ends all streams, stops answering, waits a second for answers under
// way, and removes the token, and the socket unless someone else has replaced
// it.
func (s *Server) Close() error {
	s.hub.close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.http {
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
	}
	if s.addr != "" {
		if err := os.Remove(filepath.Join(s.dir, TokenFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("control: %w", err)
		}
	}
	return s.removeSocket()
}

// removeSocket removes the socket and what placeSocket made for it.
func (s *Server) removeSocket() error {
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.inode) {
		if err := os.Remove(s.path); err != nil {
			return fmt.Errorf("control: %w", err)
		}
		if own := filepath.Dir(s.path); own != s.dir {
			os.Remove(filepath.Join(s.dir, pointerFile))
			os.Remove(own)
		}
	}
	return nil
}

// do hands a command to the loop and answers with the status after it.
func (s *Server) do(w http.ResponseWriter, r *http.Request, c Command) error {
	// The request has been read; its deadline would take the client for gone
	// before a long step has ended.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	err := s.runner.Do(ctx, c)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &httpError{code: http.StatusGatewayTimeout, text: fmt.Sprintf("control: %s: not applied: the trainer did not reach the end of a step in time", c.Kind)}
	case err != nil:
		return err
	}
	writeJSON(w, http.StatusOK, s.current())
	return nil
}

// current is the runner's status and where we answer.
func (s *Server) current() Status {
	st := s.runner.Status()
	st.Listen = s.addr
	return st
}

// probe refuses a socket that is being served.
func probe(path string) error {
	conn, err := net.DialTimeout("unix", path, probeTimeout)
	if notServed(err) {
		return nil // missing, or left behind
	}
	if err == nil {
		conn.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	st, err := newClient(path).Status(ctx)
	if err != nil {
		return fmt.Errorf("control: listen %s: already served", path)
	}
	return fmt.Errorf("control: listen %s: already served by pid %d", path, st.PID)
}

// listenPrivate makes a socket that was never open to others: it is bound inside
// a directory of mode 0700, narrowed to 0600 and then renamed into place, which
// also replaces a stale socket atomically. (The umask would do the same for
// every file that other goroutines create meanwhile.)
func listenPrivate(path string) (net.Listener, error) {
	private := filepath.Join(filepath.Dir(path), privateDir)
	if err := os.RemoveAll(private); err != nil {
		return nil, err
	}
	if err := os.Mkdir(private, 0o700); err != nil {
		return nil, err
	}
	defer os.RemoveAll(private)
	bound := filepath.Join(private, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: bound, Net: "unix"})
	if err != nil {
		return nil, err
	}
	listener.SetUnlinkOnClose(false) // Close removes the final name
	if err = os.Chmod(bound, 0o600); err == nil {
		err = os.Rename(bound, path)
	}
	if err != nil {
		listener.Close()
		return nil, err
	}
	return listener, nil
}
