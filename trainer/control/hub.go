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
	"innate/trainer/runlog"
)

// Hub hands what the training loop says to every client of GET /v1/stream.
//
// The loop puts a line of its log, encoded once for the file and for all
// clients, into one queue and continues: that costs the same for no client and for
// many, and wakes nobody, which would cost it microseconds. A goroutine empties
// the queue 20 times a second while there are clients, and offers each line to
// every client's own bounded buffer. Ticks, evaluations, status and layers are
// lossy: they may fill half of a buffer, and what does not fit is counted. Events
// and resumes may fill all of it; a client that has no room for one is cut off,
// and can come back and read the files.
type Hub struct {
	current  func() run.Status
	list     func() []run.Layer
	limits   limits
	queue    chan runlog.Line
	lost     atomic.Int64 // lossy messages that found the queue half full
	overrun  atomic.Bool  // a line that must not be missed found it full
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
		current: r.Status, list: r.Layers, limits: l, queue: make(chan runlog.Line, l.queue),
		stop: make(chan struct{}), ended: make(chan struct{}), clients: map[*subscriber]bool{}, ticker: time.NewTicker(l.deliverEvery),
	}
	h.ticker.Stop()
	return h
}

// Send passes a line of the run log to every client. It never waits. The line
// must not change any more.
func (h *Hub) Send(line runlog.Line) {
	if h.watching.Load() == 0 {
		return
	}
	if lossy(line.Type) && len(h.queue) >= cap(h.queue)/2 {
		h.lost.Add(1)
		return
	}
	select {
	case h.queue <- line:
	default:
		if lossy(line.Type) {
			h.lost.Add(1)
		} else {
			h.overrun.Store(true)
		}
	}
}

// lossy tells lines that a client may miss from those without which it would
// believe what is not true.
func lossy(t runlog.Type) bool { return t != runlog.TypeEvent && t != runlog.TypeResume }

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
		line := <-h.queue
		h.broadcast(askedAs(line.Type), line.Text, lossy(line.Type))
	}
}

// broadcast offers a line to all clients that want it.
func (h *Hub) broadcast(kind string, line []byte, lossy bool) {
	for c := range h.clients {
		if c.wants(kind) {
			h.offer(c, line, lossy)
		}
	}
}

func (h *Hub) offer(c *subscriber, line []byte, lossy bool) {
	if lossy && len(c.lines) >= cap(c.lines)/2 {
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

// cut ends the stream of a client that misses what it must not.
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
		h.broadcast(MessageStatus, h.status, true)
	}
	layers := h.list()
	if h.layers != nil && sameSlice(layers, h.listed) {
		return
	}
	h.listed = layers
	if line := encodeLine(MessageLayers, layers); !bytes.Equal(line, h.layers) {
		h.layers = line
		h.broadcast(MessageLayers, h.layers, true)
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
		h.offer(c, h.status, true)
	}
	if c.wants(MessageLayers) {
		h.offer(c, h.layers, true)
	}
	return c, nil
}

func (h *Hub) unsubscribe(c *subscriber) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(c)
}
