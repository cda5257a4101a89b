package control

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"innate/trainer/run"
)

// Hub hands what the training loop says to every client of GET /v1/stream.
//
// The loop puts a message into one queue and goes on: that costs the same for
// no client and for many, and wakes nobody, which would cost it microseconds. A
// goroutine empties the queue 20 times a second while there are clients,
// encodes each message once and offers the line to every client's own bounded
// buffer. Ticks, status and layers are lossy: they may fill half of a buffer,
// and what does not fit is counted. Events may fill all of it; a client that
// has no room for an event is cut off, and can come back and read events.jsonl.
type Hub struct {
	current  func() run.Status
	list     func() []run.Layer
	limits   limits
	queue    chan post
	lost     atomic.Int64 // lossy messages that found the queue half full
	overrun  atomic.Bool  // an event found it full
	watching atomic.Int64 // clients
	total    atomic.Int64 // messages dropped so far, over all clients
	stop     chan struct{}
	stopping sync.Once
	ended    chan struct{} // closed when run has returned

	mu      sync.Mutex // between run and clients that come and go; never the loop's
	clients map[*subscriber]bool
	closed  bool
	ticker  *time.Ticker // stopped while there are no clients
	looked  time.Time    // at the state

	// Lines of the state as last sent.
	status, layers []byte
	timeless       []byte      // of status, less its time and number, which change also where nothing else does
	listed         []run.Layer // what layers was made of
}

// post is a message in the queue: a tick or, if it has a kind, an event. It is
// passed by value, so that publishing allocates nothing.
type post struct {
	tick  Tick
	event Event
}

func (p *post) isEvent() bool { return p.event.Kind != "" }

// subscriber is one client. Only the hub, under its mutex, sends to and closes
// lines.
type subscriber struct {
	types   []string
	lines   chan []byte
	dropped atomic.Int64 // not yet reported to the client
}

func (c *subscriber) wants(kind string) bool { return slices.Contains(c.types, kind) }

// NewHub returns a hub that takes status and layers from r. Nothing is sent
// before a server serves it.
func NewHub(r Runner) *Hub {
	l := defaultLimits()
	h := &Hub{
		current: r.Status, list: r.Layers, limits: l, queue: make(chan post, l.queue),
		stop: make(chan struct{}), ended: make(chan struct{}), clients: map[*subscriber]bool{}, ticker: time.NewTicker(l.deliverEvery),
	}
	h.ticker.Stop()
	return h
}

// Tick tells every client. It never waits. The scalars must not change any
// more.
func (h *Hub) Tick(t Tick) {
	if h.watching.Load() == 0 {
		return
	}
	if len(h.queue) >= cap(h.queue)/2 {
		h.lost.Add(1)
		return
	}
	select {
	case h.queue <- post{tick: t}:
	default:
		h.lost.Add(1)
	}
}

// Event tells every client. It never waits. The data must not change any more.
func (h *Hub) Event(e Event) {
	if h.watching.Load() == 0 {
		return
	}
	select {
	case h.queue <- post{event: e}:
	default:
		h.overrun.Store(true)
	}
}

// Clients returns how many streams are open.
func (h *Hub) Clients() int { return int(h.watching.Load()) }

// Dropped returns how many messages clients have missed since the start.
func (h *Hub) Dropped() int64 { return h.total.Load() }

// run delivers until close.
func (h *Hub) run() {
	defer close(h.ended)
	for {
		select {
		case now := <-h.ticker.C:
			h.mu.Lock()
			h.deliver()
			if now.Sub(h.looked) >= h.limits.statusEvery {
				h.refresh()
			}
			h.mu.Unlock()
		case <-h.stop:
			h.finish()
			return
		}
	}
}

// finish delivers what is left, the last status included, and ends all streams.
func (h *Hub) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	h.deliver()
	if len(h.clients) > 0 {
		h.refresh()
	}
	for c := range h.clients {
		h.remove(c)
	}
}

// close ends all streams: clients get what is in their buffers.
func (h *Hub) close() {
	h.stopping.Do(func() { close(h.stop) })
	<-h.ended
}

// deliver empties the queue. The caller holds the mutex, as for all below.
func (h *Hub) deliver() {
	if h.overrun.Swap(false) {
		for c := range h.clients {
			h.cut(c)
		}
	}
	if lost := h.lost.Swap(0); lost > 0 {
		for c := range h.clients {
			h.drop(c, lost)
		}
	}
	for range len(h.queue) {
		p := <-h.queue
		if p.isEvent() {
			h.broadcast(MessageEvent, func() []byte { return encodeLine(MessageEvent, p.event) })
		} else {
			h.broadcast(MessageTick, func() []byte { return encodeLine(MessageTick, p.tick) })
		}
	}
}

// broadcast offers a line to all clients that want it; it is made once, if
// anyone does.
func (h *Hub) broadcast(kind string, encode func() []byte) {
	var line []byte
	for c := range h.clients {
		if !c.wants(kind) {
			continue
		}
		if line == nil {
			line = encode()
		}
		h.offer(c, kind, line)
	}
}

func (h *Hub) offer(c *subscriber, kind string, line []byte) {
	if kind != MessageEvent && len(c.lines) >= cap(c.lines)/2 {
		h.drop(c, 1)
		return
	}
	select {
	case c.lines <- line:
	default:
		h.cut(c)
	}
}

func (h *Hub) drop(c *subscriber, n int64) {
	c.dropped.Add(n)
	h.total.Add(n)
}

// cut ends the stream of a client that misses an event.
func (h *Hub) cut(c *subscriber) {
	h.drop(c, 1)
	h.remove(c)
}

// remove forgets a client, once; it still gets the lines in its buffer.
func (h *Hub) remove(c *subscriber) {
	if h.clients[c] {
		delete(h.clients, c)
		close(c.lines)
		if h.watching.Add(-1) == 0 {
			h.ticker.Stop()
		}
	}
}

// refresh looks at the state and broadcasts what has changed.
func (h *Hub) refresh() {
	h.looked = time.Now()
	status := h.current()
	timeless := status
	timeless.Time, timeless.Seq = time.Time{}, 0
	if line := encodeLine(MessageStatus, timeless); !bytes.Equal(line, h.timeless) {
		h.timeless = line
		h.status = encodeLine(MessageStatus, status)
		h.broadcast(MessageStatus, func() []byte { return h.status })
	}
	layers := h.list()
	if h.layers != nil && sameSlice(layers, h.listed) {
		return
	}
	h.listed = layers
	if line := encodeLine(MessageLayers, layers); !bytes.Equal(line, h.layers) {
		h.layers = line
		h.broadcast(MessageLayers, func() []byte { return h.layers })
	}
}

// sameSlice spares the encoding of the snapshot that was sent last.
func sameSlice(a, b []run.Layer) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// subscribe adds a client and gives it the present state.
func (h *Hub) subscribe(types []string) (*subscriber, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, &httpError{code: http.StatusServiceUnavailable, text: "control: stream: the trainer is ending"}
	}
	if n := len(h.clients); n >= h.limits.streams {
		return nil, &httpError{code: http.StatusServiceUnavailable, text: fmt.Sprintf("control: stream: %d clients, want at most %d", n+1, h.limits.streams)}
	}
	h.deliver() // what came before it is not for the newcomer
	h.refresh()
	c := &subscriber{types: types, lines: make(chan []byte, h.limits.buffer)}
	h.clients[c] = true
	if h.watching.Add(1) == 1 {
		h.ticker.Reset(h.limits.deliverEvery)
	}
	if c.wants(MessageStatus) {
		h.offer(c, MessageStatus, h.status)
	}
	if c.wants(MessageLayers) {
		h.offer(c, MessageLayers, h.layers)
	}
	return c, nil
}

func (h *Hub) unsubscribe(c *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(c)
}
