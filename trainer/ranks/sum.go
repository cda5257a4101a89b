package ranks

import (
	"fmt"
	"runtime"
	"time"
)

// Adder adds up values over all processes by means of its own. All its methods are
// called from one thread.
type Adder interface {
	Sum(v []float32) error
	Name() string
	Close() error // waits for all processes to do the same
}

// chunkValues is how many values of a sum are under way at once: few enough to stay in
// the processor's cache between the link and the addition.
const chunkValues = 64 << 10

// Sum replaces v by the sum of every process's v, which must be of one length. All get
// the same bits. It does not allocate.
func (g *Group) Sum(v []float32) error {
	if err := g.Err(); err != nil {
		return err
	}
	if g.by != nil {
		return g.sumByWorker(v)
	}
	if g.place.Leads() {
		return g.sumLeading(v)
	}
	return g.sumFollowing(v)
}

// AddsBy names what adds up.
func (g *Group) AddsBy() string {
	if g.by != nil {
		return g.by.adder.Name()
	}
	return "TCP"
}

// sumLeading adds, chunk by chunk, what the followers send, and sends it back.
func (g *Group) sumLeading(v []float32) error {
	for _, l := range g.links {
		n, err := l.await(g)
		if err != nil {
			return err
		}
		if n != 4*len(v) {
			return g.broken(l, fmt.Errorf("a sum over %d values, want %d", n/4, len(v)))
		}
	}
	if err := g.lockAll(frameValues, 4*len(v)); err != nil {
		return err
	}
	defer g.unlockAll()
	for len(v) > 0 {
		part := v[:min(len(v), chunkValues)]
		v = v[len(part):]
		for _, l := range g.links {
			theirs := l.scratch(len(part))
			if err := l.readInto(bytesOf(theirs)); err != nil {
				return g.broken(l, err)
			}
			for i, x := range theirs {
				part[i] += x
			}
		}
		for _, l := range g.links {
			if _, err := l.conn.Write(bytesOf(part)); err != nil {
				return g.broken(l, err)
			}
		}
	}
	for _, l := range g.links {
		l.done(g.lost)
	}
	return g.Err()
}

// lockAll begins a frame on every connection, which stays this sum's.
func (g *Group) lockAll(kind byte, n int) error {
	for i, l := range g.links {
		l.writing.Lock()
		if _, err := l.conn.Write(l.out.set(kind, n)); err != nil {
			for _, l := range g.links[:i+1] {
				l.writing.Unlock()
			}
			return g.broken(l, err)
		}
	}
	return nil
}

func (g *Group) unlockAll() {
	for _, l := range g.links {
		l.writing.Unlock()
	}
}

// sumFollowing sends v and takes the sum in its place. A goroutine sends, so that the
// leader may send back what is complete meanwhile.
func (g *Group) sumFollowing(v []float32) error {
	l := g.links[0]
	if err := g.lockAll(frameValues, 4*len(v)); err != nil {
		return err
	}
	defer g.unlockAll()
	s := l.startSender(g)
	s.sums <- v
	n, err := l.await(g)
	if err != nil {
		return err
	}
	if n != 4*len(v) {
		return g.broken(l, fmt.Errorf("a sum over %d values, want %d", n/4, len(v)))
	}
	for len(v) > 0 {
		part := v[:min(len(v), chunkValues)]
		v = v[len(part):]
		select {
		case err := <-s.sent: // nobody reads this part of v any more
			if err != nil {
				return g.broken(l, err)
			}
		case <-g.lost:
			return g.err
		}
		if err := l.readInto(bytesOf(part)); err != nil {
			return g.broken(l, err)
		}
	}
	l.done(g.lost)
	return g.Err()
}

// sender writes values to a connection in a goroutine of its own, chunk by chunk.
type sender struct {
	sums chan []float32
	sent chan error // one a chunk
}

// startSender starts the sender of a link with its first sum.
func (l *link) startSender(g *Group) *sender {
	if l.sender != nil {
		return l.sender
	}
	s := &sender{sums: make(chan []float32, 1), sent: make(chan error, 1)}
	l.sender = s
	go func() {
		for {
			var v []float32
			select {
			case v = <-s.sums:
			case <-g.lost:
				return
			}
			for len(v) > 0 {
				part := v[:min(len(v), chunkValues)]
				v = v[len(part):]
				_, err := l.conn.Write(bytesOf(part))
				select {
				case s.sent <- err:
				case <-g.lost:
					return
				}
				if err != nil {
					return
				}
			}
		}
	}()
	return s
}

// scratch is room for the values of another process.
func (l *link) scratch(n int) []float32 {
	if cap(l.room) < n {
		l.room = make([]float32, chunkValues)
	}
	return l.room[:n]
}

// worker is the thread of an Adder. A library that waits for a process that is dead
// waits for ever; who asked it does not, as the group is lost then.
type worker struct {
	adder Adder
	sums  chan []float32
	done  chan error
	leave chan struct{} // closed for a good end
	left  chan struct{} // once that is made
}

// Use has sums done by an adder, opened in the thread that it then belongs to. Its
// processes must be those of the group.
func (g *Group) Use(open func() (Adder, error)) error {
	w := &worker{sums: make(chan []float32), done: make(chan error, 1), leave: make(chan struct{}), left: make(chan struct{})}
	opened := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		var err error
		w.adder, err = open()
		opened <- err
		if err != nil {
			return
		}
		for {
			select {
			case v := <-w.sums:
				w.done <- w.adder.Sum(v)
			case <-w.leave:
				_ = w.adder.Close() // the run is over, whatever it says
				close(w.left)
				return
			case <-g.lost:
				return
			}
		}
	}()
	select {
	case err := <-opened:
		if err == nil {
			g.by = w
		}
		return err
	case <-g.lost:
		return g.err
	}
}

// leaveWithin is how long others may take to leave, too.
const leaveWithin = 10 * time.Second

// Leave is Close at a good end, which all processes come to: what adds up is ended,
// too.
func (g *Group) Leave() {
	if g.by != nil && g.Err() == nil {
		close(g.by.leave)
		select {
		case <-g.by.left:
		case <-time.After(leaveWithin):
		}
	}
	g.Close()
}

// Agree reports whether all processes say the same, and not nothing: whether all have
// a library, say, without which none may begin to use it.
func (g *Group) Agree(what string) (bool, error) {
	if !g.place.Leads() {
		if err := g.Answer([]byte(what)); err != nil {
			return false, err
		}
		said, err := g.Told()
		return string(said) == "yes", err
	}
	answers, err := g.Answers()
	if err != nil {
		return false, err
	}
	all := what != ""
	for _, a := range answers {
		all = all && string(a) == what
	}
	said := "no"
	if all {
		said = "yes"
	}
	return all, g.Tell([]byte(said))
}

// Share returns what the leader gives, in every process.
func (g *Group) Share(b []byte) ([]byte, error) {
	if !g.place.Leads() {
		return g.Told()
	}
	return b, g.Tell(b)
}

func (g *Group) sumByWorker(v []float32) error {
	select {
	case g.by.sums <- v:
	case <-g.lost:
		return g.err
	}
	select {
	case err := <-g.by.done:
		if err != nil {
			g.Fail(err)
			return g.Err()
		}
		return nil
	case <-g.lost:
		return g.err
	}
}
