package control

import (
	"net/http"
	"time"
)

// Limits are the limits that a test may tighten; zero leaves one as it is.
type Limits struct {
	Streams, Buffer, Conns                      int
	Header, Read, Write, Heartbeat, StatusEvery time.Duration
	DeliverEvery, LookEvery                     time.Duration
}

// WithLimits returns the options with other limits.
func (o Options) WithLimits(t Limits) Options {
	l := defaultLimits()
	for _, x := range []struct {
		set   int
		field *int
	}{{t.Streams, &l.streams}, {t.Buffer, &l.buffer}, {t.Conns, &l.conns}} {
		if x.set != 0 {
			*x.field = x.set
		}
	}
	for _, x := range []struct {
		set   time.Duration
		field *time.Duration
	}{{t.Header, &l.header}, {t.Read, &l.read}, {t.Write, &l.write}, {t.StatusEvery, &l.statusEvery}, {t.Heartbeat, &l.heartbeat}, {t.DeliverEvery, &l.deliverEvery}, {t.LookEvery, &l.lookEvery}} {
		if x.set != 0 {
			*x.field = x.set
		}
	}
	o.limits = &l
	return o
}

// MaxBodyBytes is how much of a request's body is read.
const MaxBodyBytes = maxBodyBytes

// NewHandler returns a server that answers but does not listen.
func NewHandler(r Runner, opts Options) http.Handler { return newServer(r, opts) }

// RoutePaths returns the path of every route.
func RoutePaths() []string { return paths() }

// RegisterEvery is Register with another interval between looks.
func RegisterEvery(dir string, every time.Duration) (forget func(), err error) {
	return register(dir, every)
}

// DecodeMessage reads a line of a stream.
var DecodeMessage = decodeMessage
