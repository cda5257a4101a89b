package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"innate/trainer/control"
)

// Names of the environment that a token comes from. A command line is seen by every
// user of a machine.
const (
	TokenVariable     = "INNATE_TOKEN"
	TokenFileVariable = "INNATE_TOKEN_FILE"
)

const (
	minToken = 16 // characters: what is shorter can be guessed
	maxConns = 64
)

// Token reads a token from a file, or else from the environment; "" if there is
// none.
func Token(file string, getenv func(string) string) (string, error) {
	token, from := getenv(TokenVariable), "$"+TokenVariable
	if file == "" && token == "" {
		file = getenv(TokenFileVariable)
	}
	if file != "" {
		b, err := readSmall(file)
		if err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
		token, from = string(b), file
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "" && file == "":
		return "", nil
	case len(token) < minToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("token in %s: got %d characters, want at least %d on one line, without spaces", from, len(token), minToken)
	}
	return token, nil
}

// readSmall reads a file that only its owner may read: others could take the token.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: mode %#o, want one that only you can read: chmod 600 %[1]s", path, mode.Perm())
	}
	return io.ReadAll(io.LimitReader(f, 4<<10))
}

// newHTTP returns a server of our protocol.
func newHTTP(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true) // for curl
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler: h, Protocols: &protocols, MaxHeaderBytes: 16 << 10, ReadHeaderTimeout: 10 * time.Second,
		HTTP2: &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
	}
}

// Listen listens on TCP for ServeListener. An address that other machines reach
// needs a token; so does loopback, which every user of this machine reaches.
func Listen(addr, token string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("serve: listen %s: %w, want an address such as 127.0.0.1:7070", addr, err)
	}
	if token == "" {
		return nil, fmt.Errorf("serve: listen %s: got no token, want one in $%s, or in a file that --token-file or $%s names", addr, TokenVariable, TokenFileVariable)
	}
	l, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, fmt.Errorf("serve: listen %s: %w", addr, err)
	}
	return l, nil
}

// ServeListener answers connections to l, each request of which shows the token,
// until ctx ends.
func (s *Server) ServeListener(ctx context.Context, l net.Listener, token string) error {
	server := newHTTP(control.Guard(s.Handler(), token, "which innate serve was started with"))
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(netutil.LimitListener(l, maxConns))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// ServeConn answers on one connection, whose owner has proved who it is, until it
// ends or ctx does.
func (s *Server) ServeConn(ctx context.Context, conn net.Conn) error {
	l := &oneConn{closed: make(chan struct{}), addr: conn.LocalAddr()}
	l.next = &notifying{Conn: conn, closed: l.Close}
	server := newHTTP(s.Handler())
	defer context.AfterFunc(ctx, func() { server.Close() })()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("serve: %w", err)
}

// oneConn is a listener that has one connection, and ends with it.
type oneConn struct {
	next   net.Conn
	addr   net.Addr
	once   sync.Once
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.next; c != nil {
		l.next = nil
		return c, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return l.addr }

// notifying is a connection that says when it is closed.
type notifying struct {
	net.Conn
	closed func() error
}

func (c *notifying) Close() error { return errors.Join(c.Conn.Close(), c.closed()) }
