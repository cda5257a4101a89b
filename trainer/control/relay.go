package control

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

// Relay answers on the control socket of a run directory in the place of a
// trainer that is on another machine.
type Relay struct {
	end  *endpoint
	http *http.Server
}

// RunRelay answers on the control socket of run directory dir by h, in the
// background until Close. The requests that h gets carry how long their client
// waits as a duration, for Forward.
func RunRelay(dir string, h http.Handler) (*Relay, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	l := defaultLimits()
	end, err := newEndpoint(dir, l.conns)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: inPatience(h), ReadHeaderTimeout: l.header, MaxHeaderBytes: 16 << 10}
	end.answer(server)
	end.keep(l.lookEvery, func() {})
	return &Relay{end, server}, nil
}

// Close ends all requests and removes the socket.
func (r *Relay) Close() error {
	r.end.leave()
	r.http.Close()
	return r.end.close()
}

// inPatience words the deadline of a request as the time that is left.
func inPatience(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
		if text := r.Header.Get(deadlineHeader); text != "" {
			r.Header.Del(deadlineHeader)
			if deadline, err := time.Parse(time.RFC3339Nano, text); err == nil {
				r.Header.Set(PatienceHeader, strconv.FormatInt(max(time.Until(deadline), 0).Milliseconds(), 10))
			}
		}
		h.ServeHTTP(w, r)
	})
}
