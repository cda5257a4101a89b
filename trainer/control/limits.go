package control

import (
	"net"
	"sync"
	"time"
)

// limits bound what clients can make a trainer hold.
type limits struct {
	streams     int           // clients of GET /v1/stream at once
	buffer      int           // messages that wait for one of them
	queue       int           // messages that wait for the hub
	conns       int           // connections to one listener; more wait to be accepted
	header      time.Duration // to send the header of a request
	read        time.Duration // to send a whole request
	write       time.Duration // to take one line of a stream
	heartbeat   time.Duration // of silence in a stream
	statusEvery time.Duration // between two looks at the status, at least

	deliverEvery time.Duration // between two looks at the hub's queue
	lookEvery    time.Duration // between two looks whether clients find the socket
}

func defaultLimits() limits {
	return limits{
		streams: 64, buffer: 256, queue: 256, conns: 128,
		header: 5 * time.Second, read: 10 * time.Second, write: 10 * time.Second,
		heartbeat: 15 * time.Second, statusEvery: time.Second, deliverEvery: 50 * time.Millisecond, lookEvery: time.Second,
	}
}

// limitListener accepts a connection only when fewer than cap(slots) are open.
type limitListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func newLimitListener(l net.Listener, n int) *limitListener {
	return &limitListener{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitConn{Conn: conn, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// limitConn gives its slot back when it is closed.
type limitConn struct {
	net.Conn
	release func()
}

func (c *limitConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
