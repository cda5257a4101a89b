package ranks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Group is the processes that train together, as one of them sees it. Tell, Told,
// Answer, Answers and Sum belong to one goroutine and come in the same order in all
// processes; the others may be called from any.
type Group struct {
	place   Place
	members []Member // by rank
	links   []*link  // of the leader to each other, by rank less one; of a follower to the leader alone

	asks chan Ask
	by   *worker // what adds up; nil for the links

	finishing atomic.Bool // the last message is on its way: whoever has it leaves

	once sync.Once
	lost chan struct{} // closed once the group is at an end …
	err  error         // … with this
}

// Member is one process of a group.
type Member struct {
	Rank int    `json:"rank"`
	Host string `json:"host"`
	PID  int    `json:"pid"`
}

func (m Member) String() string { return fmt.Sprintf("rank %d (pid %d on %s)", m.Rank, m.PID, m.Host) }

// Ask is what a follower wants of the leader.
type Ask struct {
	From Member
	What string
}

// errEnded is the end of a group that was closed.
var errEnded = errors.New("ranks: the group has ended")

// asksWaiting is how many asks wait for the leader; of more the newest are dropped.
const asksWaiting = 16

// newGroup starts to read what comes over the connections.
func newGroup(place Place, members []Member, conns []net.Conn) *Group {
	g := &Group{place: place, members: members, asks: make(chan Ask, asksWaiting), lost: make(chan struct{})}
	for i, c := range conns {
		of := members[0]
		if place.Leads() {
			of = members[i+1]
		}
		g.links = append(g.links, newLink(c, of))
	}
	for _, l := range g.links {
		go g.read(l)
	}
	return g
}

// Place is where this process stands.
func (g *Group) Place() Place { return g.place }

// Rank is which process this is, Size how many there are.
func (g *Group) Rank() int { return g.place.Rank }
func (g *Group) Size() int { return g.place.Size }

// Members are all processes, by rank.
func (g *Group) Members() []Member { return g.members }

// Asks are what followers want of the leader.
func (g *Group) Asks() <-chan Ask { return g.asks }

// Lost is closed when the group is at an end, Err then says why.
func (g *Group) Lost() <-chan struct{} { return g.lost }

// Err is why the group is at an end; nil while it is not.
func (g *Group) Err() error {
	select {
	case <-g.lost:
		return g.err
	default:
		return nil
	}
}

// Tell says something to all followers.
func (g *Group) Tell(message []byte) error {
	for _, l := range g.links {
		if err := l.send(frameSaid, message); err != nil {
			return g.broken(l, err)
		}
	}
	return g.Err()
}

// Finish says a last message to all followers and leaves. Each of them leaves as soon as
// it has it, maybe before the next one has.
func (g *Group) Finish(message []byte) {
	g.finishing.Store(true)
	for _, l := range g.links {
		_ = l.send(frameSaid, message) // whose process is lost now has nothing left to do
	}
	g.Leave()
}

// Told waits for what the leader says.
func (g *Group) Told() ([]byte, error) { return g.links[0].message(g) }

// Answer is what a follower has to say to what the leader asks for.
func (g *Group) Answer(message []byte) error {
	if err := g.links[0].send(frameSaid, message); err != nil {
		return g.broken(g.links[0], err)
	}
	return nil
}

// Answers waits for the answer of every follower, by rank less one.
func (g *Group) Answers() ([][]byte, error) {
	all := make([][]byte, len(g.links))
	for i, l := range g.links {
		var err error
		if all[i], err = l.message(g); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Ask has the leader know what this follower wants, without waiting for it.
func (g *Group) Ask(what string) error {
	if err := g.links[0].send(frameAsk, []byte(what)); err != nil {
		return g.broken(g.links[0], err)
	}
	return nil
}

// Fail ends the group for a reason of this process, which the others get to know.
func (g *Group) Fail(reason error) { g.end(reason, true) }

// Close ends the group without one: who still waits in it finds it at an end.
func (g *Group) Close() { g.end(errEnded, false) }

// end closes everything, once. A connection on which a sum is under way takes no
// reason any more; its end says enough.
func (g *Group) end(reason error, say bool) {
	g.once.Do(func() {
		g.err = reason
		close(g.lost)
		for _, l := range g.links {
			if say {
				l.sayFailed(reason)
			}
			l.conn.Close()
		}
	})
}

// farewell is how long an end waits for a connection to take its reason.
const farewell = time.Second

// broken ends the group because of one connection, and returns the reason.
func (g *Group) broken(l *link, err error) error {
	var of *net.OpError
	switch {
	case errors.Is(err, io.EOF):
		err = errors.New("connection closed")
	case errors.As(err, &of):
		err = of.Err // the addresses say nothing that its name does not
	}
	g.Fail(fmt.Errorf("ranks: %v is gone: %w", l.of, err))
	return g.Err()
}

// read takes what comes over a connection until its end.
func (g *Group) read(l *link) {
	for {
		kind, n, err := l.in.read(l.conn)
		if err == nil && kind == frameValues {
			if !l.offer(n, g.lost) {
				return
			}
			continue
		}
		var payload []byte
		if err == nil {
			payload, err = readPayload(l.conn, n)
		}
		if err != nil {
			if !g.finishing.Load() {
				_ = g.broken(l, err) // who waits learns of it
			}
			return
		}
		switch kind {
		case frameSaid:
			select {
			case l.said <- payload:
			case <-g.lost:
				return
			}
		case frameAsk:
			select {
			case g.asks <- Ask{l.of, string(payload)}:
			default:
			}
		case frameFailed:
			g.Fail(fmt.Errorf("%v: %s", l.of, payload))
			return
		default:
			_ = g.broken(l, fmt.Errorf("message of kind %q", kind))
			return
		}
	}
}
