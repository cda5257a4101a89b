package remote

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"time"
)

// stream makes a connection of two files, such as standard input and output.
type stream struct {
	r io.Reader
	w io.Writer
	// end closes it; the connection of a process ends that process.
	end func() error
}

// Stream returns a connection that reads from r and writes to w, for ServeConn.
func Stream(r io.ReadCloser, w io.WriteCloser) net.Conn {
	return &stream{r, w, func() error { return errors.Join(r.Close(), w.Close()) }}
}

func (s *stream) Read(b []byte) (int, error)  { return s.r.Read(b) }
func (s *stream) Write(b []byte) (int, error) { return s.w.Write(b) }
func (s *stream) Close() error                { return s.end() }

func (s *stream) LocalAddr() net.Addr  { return streamAddr{} }
func (s *stream) RemoteAddr() net.Addr { return streamAddr{} }

// Pipes have no deadlines everywhere: HTTP/2's pings find a dead peer instead.
func (s *stream) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (s *stream) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (s *stream) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

type streamAddr struct{}

func (streamAddr) Network() string { return "stream" }
func (streamAddr) String() string  { return "stream" }

// protocolError is the version that the other side speaks.
type protocolError string

func (e protocolError) Error() string {
	return fmt.Sprintf("innate serve there speaks protocol %s, want %d: one of the two innates is older", string(e), Protocol)
}

// maxNoise bounds what a login shell may print before the greeting.
const maxNoise = 64 << 10

var greetingOf = regexp.MustCompile(`innate serve ([0-9]{1,9})\n$`)

// awaitGreeting reads up to the end of the server's greeting. One of another version is
// an error at once: the server then waits for what it understands.
func awaitGreeting(r *bufio.Reader) error {
	for seen := 0; seen < maxNoise; {
		line, err := r.ReadSlice('\n')
		if strings.HasSuffix(string(line), Greeting) {
			return nil
		}
		if other := greetingOf.FindSubmatch(line); other != nil {
			return protocolError(string(other[1]))
		}
		if seen += len(line); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
	return fmt.Errorf("no greeting of innate serve in %d bytes", maxNoise)
}
