package control

import (
	"context"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"innate/trainer/run"
)

// endpoint is the control socket of one run, which can be reached as long as its
// trainer lives. A person, a clean-up of the temporary directory or a logout may
// remove the socket, its directory or what points there; the listener does not
// notice. So keep looks every moment whether clients still find the socket, and
// makes it again where they do not.
type endpoint struct {
	dir   string
	home  fs.FileInfo // of dir; another directory of its name is not ours
	conns int         // at most, to one listener
	http  *http.Server

	stop     chan struct{}
	stopping sync.Once
	keeping  sync.WaitGroup

	mu     sync.Mutex // between keep and those who ask for the path
	path   string     // of the socket
	inode  fs.FileInfo
	socket net.Listener
}

// newEndpoint listens for run directory dir, and answers nobody yet.
func newEndpoint(dir string, conns int) (*endpoint, error) {
	e := &endpoint{dir: dir, conns: conns, stop: make(chan struct{})}
	if err := e.listen(); err != nil {
		return nil, err
	}
	var err error
	if e.home, err = os.Stat(dir); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	return e, nil
}

// listen makes the socket where it belongs. One that is served is an error.
func (e *endpoint) listen() error {
	path, err := placeSocket(e.dir)
	if err != nil {
		return err
	}
	if path == e.path && e.intact() {
		return nil // what points there was gone, no more
	}
	if err := probe(path); err != nil {
		return err
	}
	socket, err := listenPrivate(path)
	if err != nil {
		return fmt.Errorf("control: listen %s: %w", path, err)
	}
	inode, err := os.Lstat(path)
	if err != nil {
		socket.Close()
		return fmt.Errorf("control: listen %s: %w", path, err)
	}
	old := e.socket
	e.mu.Lock()
	e.path, e.inode, e.socket = path, inode, netutil.LimitListener(socket, e.conns)
	e.mu.Unlock()
	if old != nil {
		old.Close() // nobody finds it any more; those connected stay
	}
	return nil
}

// intact reports whether the socket lies where it was made.
func (e *endpoint) intact() bool {
	now, err := os.Lstat(e.path)
	return err == nil && os.SameFile(now, e.inode)
}

// answer serves the socket in the background.
func (e *endpoint) answer(h *http.Server) {
	e.http = h
	go h.Serve(e.socket) // ends with the socket or the server
}

// keep makes the socket again when clients would not find it, and calls also at
// every look, in the background until leave. What cannot be made now is tried
// again.
func (e *endpoint) keep(every time.Duration, also func()) {
	e.keeping.Go(func() { e.watch(every, also) })
}

func (e *endpoint) watch(every time.Duration, also func()) {
	again := time.NewTicker(every)
	defer again.Stop()
	for {
		select {
		case <-e.stop:
			return
		case <-again.C:
		}
		if now, err := os.Stat(e.dir); err != nil || !os.SameFile(now, e.home) {
			continue // the run directory itself is gone, which the trainer sees to
		}
		also()
		if findSocket(e.dir) == e.path && e.intact() {
			continue
		}
		if before := e.socket; e.listen() == nil && e.socket != before {
			e.answer(e.http)
		}
	}
}

// where returns the path of the socket.
func (e *endpoint) where() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.path
}

// leave ends keep.
func (e *endpoint) leave() {
	e.stopping.Do(func() { close(e.stop) })
	e.keeping.Wait()
}

// close stops listening and removes the socket, unless someone else has
// replaced it, and what placeSocket made for it.
func (e *endpoint) close() error {
	e.leave()
	e.socket.Close()
	if !e.intact() {
		return nil
	}
	if err := os.Remove(e.path); err != nil {
		return fmt.Errorf("control: %w", err)
	}
	os.Remove(filepath.Join(e.dir, run.SocketPointer)) // also one that led nowhere
	if own := filepath.Dir(e.path); own != e.dir {
		os.Remove(filepath.Join(own, backLink))
		os.Remove(own)
	}
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
	private := filepath.Join(filepath.Dir(path), run.SocketDir)
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
		_ = listener.Close()
		return nil, err
	}
	return listener, nil
}
