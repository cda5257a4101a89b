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

// Server answers on the control socket of one run.
type Server struct {
	runner   Runner
	dir      string
	path     string // of the socket
	inode    fs.FileInfo
	listener net.Listener
	http     *http.Server
}

// Serve listens on the control socket of run directory dir and answers in the
// background until Close. A socket that nobody serves any more is replaced; one
// that is served is an error. The caller holds the run's lock.
func Serve(dir string, r Runner) (*Server, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	path, err := placeSocket(dir)
	if err != nil {
		return nil, err
	}
	if err := probe(path); err != nil {
		return nil, err
	}
	listener, err := listenPrivate(path)
	if err != nil {
		return nil, fmt.Errorf("control: listen %s: %w", path, err)
	}
	s := &Server{runner: r, dir: dir, path: path, listener: listener}
	if s.inode, err = os.Lstat(path); err != nil {
		listener.Close()
		return nil, fmt.Errorf("control: listen %s: %w", path, err)
	}
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      commandTimeout + 10*time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	go s.http.Serve(listener) // ends with Close
	return s, nil
}

// Path returns where the socket lies.
func (s *Server) Path() string { return s.path }

// Close stops answering, waits a second for answers under way, and removes the
// socket unless someone else has replaced it.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	if now, err := os.Lstat(s.path); err == nil && os.SameFile(now, s.inode) {
		if err := os.Remove(s.path); err != nil {
			return fmt.Errorf("control: %w", err)
		}
		if own := filepath.Dir(s.path); own != s.dir { // see placeSocket
			os.Remove(filepath.Join(s.dir, pointerFile))
			os.Remove(own)
		}
	}
	return nil
}

// do hands a command to the loop and answers with the status after it.
func (s *Server) do(w http.ResponseWriter, r *http.Request, c Command) error {
	ctx, cancel := context.WithTimeout(r.Context(), commandTimeout)
	defer cancel()
	err := s.runner.Do(ctx, c)
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &httpError{http.StatusGatewayTimeout,
			fmt.Sprintf("control: %s: not applied: the trainer did not reach the end of a step in time", c.Kind)}
	case err != nil:
		return err
	}
	writeJSON(w, http.StatusOK, s.runner.Status())
	return nil
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
