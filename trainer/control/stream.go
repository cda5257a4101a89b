package control

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"innate/trainer/runlog"
)

// stream serves GET /v1/stream until the client leaves, reads too slowly, or
// the server closes.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) error {
	types, err := streamTypes(r.URL.Query()["types"])
	if err != nil {
		return &httpError{code: http.StatusBadRequest, text: err.Error()}
	}
	c, err := s.hub.subscribe(types)
	if err != nil {
		return err
	}
	defer s.hub.unsubscribe(c)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	_ = s.writeLines(r.Context(), w, c) // an error means that nobody is left to tell
	return nil
}

// streamTypes reads ?types=tick,event; without it all are wanted.
func streamTypes(values []string) ([]string, error) {
	if len(values) == 0 {
		return messageTypes, nil
	}
	types := strings.Split(strings.Join(values, ","), ",")
	for _, t := range types {
		if !slices.Contains(messageTypes, t) {
			return nil, fmt.Errorf("control: stream: types: got %q, want some of %s", t, strings.Join(messageTypes, ","))
		}
	}
	return types, nil
}

// writeLines sends a client its lines as they come, each within the limit, and
// a heartbeat after silence: writing is what finds a dead peer.
func (s *Server) writeLines(ctx context.Context, w http.ResponseWriter, c *subscriber) error {
	control := http.NewResponseController(w)
	// The deadline of the whole request would end the stream; a recorder in a
	// test has none.
	_ = control.SetReadDeadline(time.Time{})
	write := func(line []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(s.limits.write))
		_, err := w.Write(line)
		return err
	}
	silent := time.NewTicker(s.limits.heartbeat)
	defer silent.Stop()
	for {
		if len(c.lines) == 0 {
			if err := control.Flush(); err != nil {
				return err
			}
		}
		var line []byte
		open := true
		select {
		case line, open = <-c.lines:
		case <-silent.C:
			line = encodeLine(MessageHeartbeat, nil)
		case <-ctx.Done():
			return ctx.Err()
		}
		if n := c.dropped.Swap(0); n > 0 {
			if err := write(encodeLine(MessageDropped, Dropped{n})); err != nil {
				return err
			}
		}
		if !open {
			return control.Flush()
		}
		if err := write(line); err != nil {
			return err
		}
		silent.Reset(s.limits.heartbeat)
	}
}

// Stream is an open GET /v1/stream. It is not safe for concurrent use, except
// for Close.
type Stream struct {
	name     string
	lines    *bufio.Scanner
	rows     runlog.Decoder
	body     io.Closer
	cancel   context.CancelCauseFunc
	ctx      context.Context
	watchdog *time.Timer
}

// silence is how long a stream may say nothing before the trainer counts as
// gone: it sends a heartbeat every 15 seconds.
const silence = 45 * time.Second

var errSilence = fmt.Errorf("nothing heard for %v", silence)

// Stream opens a stream of the given types of messages, MessageStatus,
// MessageLayers, MessageTick and MessageEvent, or of all of them. It ends with
// ctx. Coming back after an end is up to the caller, who should then read what
// it has missed from the run's files.
func (c *Client) Stream(ctx context.Context, types ...string) (*Stream, error) {
	route := "stream"
	if len(types) > 0 {
		route += "?types=" + strings.Join(types, ",")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	resp, err := c.send(ctx, http.MethodGet, route, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	s := &Stream{name: c.name, lines: bufio.NewScanner(resp.Body), body: resp.Body, cancel: cancel, ctx: ctx}
	s.lines.Buffer(nil, maxAnswerBytes)
	s.watchdog = time.AfterFunc(silence, func() { cancel(errSilence) })
	return s, nil
}

// Next waits for the next message. A trainer that ends its stream gives io.EOF
// after the last one.
func (s *Stream) Next() (Message, error) {
	for s.lines.Scan() {
		s.watchdog.Reset(silence)
		m, err := decodeMessage(s.lines.Bytes(), &s.rows)
		if err != nil {
			return m, fmt.Errorf("control: %s: stream: %w", s.name, err)
		}
		if m.Type != MessageHeartbeat {
			return m, nil
		}
	}
	err := s.lines.Err()
	switch {
	case s.ctx.Err() != nil:
		err = context.Cause(s.ctx)
	case err == nil:
		return Message{}, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("the trainer is gone")
	}
	return Message{}, fmt.Errorf("control: %s: stream: %w", s.name, err)
}

// Close ends the stream, also under a Next that waits.
func (s *Stream) Close() error {
	s.watchdog.Stop()
	s.cancel(nil)
	return s.body.Close()
}
