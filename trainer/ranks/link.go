package ranks

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// link is the connection to one other process. One goroutine reads it: messages go to
// said, values to the one that adds up, which reads them from the connection itself.
type link struct {
	conn net.Conn
	of   Member

	in   head
	said chan []byte

	values chan int      // how many bytes of values have come
	taken  chan struct{} // and that they have been read

	writing sync.Mutex
	out     head

	sender *sender   // of a follower's sums; nil before the first
	room   []float32 // for the other's values
}

// saidWaiting is how many messages wait to be taken: the leader says at most a few
// before it waits for an answer or a sum.
const saidWaiting = 64

func newLink(conn net.Conn, of Member) *link {
	return &link{
		conn: conn, of: of, said: make(chan []byte, saidWaiting),
		values: make(chan int), taken: make(chan struct{}),
	}
}

// send writes a message.
func (l *link) send(kind byte, payload []byte) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.write(kind, payload)
}

// write is send for who holds writing.
func (l *link) write(kind byte, payload []byte) error {
	if _, err := l.conn.Write(l.out.set(kind, len(payload))); err != nil {
		return err
	}
	if len(payload) == 0 {
		return nil
	}
	_, err := l.conn.Write(payload)
	return err
}

// sayFailed tells the other process why this one ends, if no sum is under way and the
// connection takes it.
func (l *link) sayFailed(reason error) {
	if !l.writing.TryLock() {
		return
	}
	defer l.writing.Unlock()
	_ = l.conn.SetWriteDeadline(time.Now().Add(farewell))
	_ = l.write(frameFailed, []byte(reason.Error()))
}

// offer hands the connection to who adds up, until it has read n bytes.
func (l *link) offer(n int, lost <-chan struct{}) bool {
	select {
	case l.values <- n:
	case <-lost:
		return false
	}
	select {
	case <-l.taken:
		return true
	case <-lost:
		return false
	}
}

// await waits until values have come, and says how many bytes. A message in their
// place is a mistake of the program: the two processes do not do the same.
func (l *link) await(g *Group) (n int, err error) {
	select {
	case n = <-l.values:
		return n, nil
	case <-l.said:
		return 0, g.broken(l, errors.New("a message, want values to add up"))
	case <-g.lost:
		return 0, g.err
	}
}

// message waits for the next message. What came before the end of the group is still
// taken.
func (l *link) message(g *Group) ([]byte, error) {
	select {
	case m := <-l.said:
		return m, nil
	default:
	}
	select {
	case m := <-l.said:
		return m, nil
	case <-l.values:
		return nil, g.broken(l, errors.New("values to add up, want a message"))
	case <-g.lost:
	}
	select { // both may have come before this goroutine's turn
	case m := <-l.said:
		return m, nil
	default:
		return nil, g.err
	}
}

// done gives the connection back to its reader.
func (l *link) done(lost <-chan struct{}) {
	select {
	case l.taken <- struct{}{}:
	case <-lost:
	}
}

// readInto fills b with values that have come.
func (l *link) readInto(b []byte) error {
	_, err := io.ReadFull(l.conn, b)
	return err
}
