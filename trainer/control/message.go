package control

import (
	"bytes"
	"encoding/json"

	"innate/trainer/runlog"
)

// Types of Message. The first four may be asked for; the last two come whatever
// was asked for. What goes to the run log arrives as the very line that the log
// has: for ticks all of metrics.jsonl, whose lines have the types tick, fid, test
// and resume, and for events those of events.jsonl.
const (
	MessageStatus    = "status"    // Data: Status
	MessageLayers    = "layers"    // Data: []Layer
	MessageTick      = "tick"      // Row, as of fid, test and resume
	MessageEvent     = "event"     // Event
	MessageDropped   = "dropped"   // Data: Dropped
	MessageHeartbeat = "heartbeat" // nothing
)

// messageTypes are those that a client may choose from.
var messageTypes = []string{MessageStatus, MessageLayers, MessageTick, MessageEvent}

// askedAs is the type by which a client asks for a line of the log.
func askedAs(t runlog.Type) string {
	if t == runlog.TypeEvent {
		return MessageEvent
	}
	return MessageTick
}

// Message is one line of GET /v1/stream.
type Message struct {
	Type  string
	Data  json.RawMessage // by Type
	Row   runlog.Row
	Event runlog.Event
}

// decodeMessage reads a line of a stream. Most are rows of the log, which their
// decoder knows at a glance. Trainers of builds before put what goes to the log
// into Data, too.
func decodeMessage(line []byte, rows *runlog.Decoder) (m Message, err error) {
	if bytes.HasPrefix(line, []byte(`{"type":`)) {
		if row, ok := rows.Scan(line); ok {
			return Message{Type: row.Type.String(), Row: row}, nil
		}
	}
	var head struct {
		Type string          `json:"type"`
		Data json.RawMessage `json:"data"`
		Nimg *int64          `json:"nimg"` // of lines of the log alone
	}
	if err := json.Unmarshal(line, &head); err != nil {
		return m, err
	}
	m.Type = head.Type
	old := head.Nimg == nil
	switch m.Type {
	case runlog.TypeTick.String(), runlog.TypeFID.String(), runlog.TypeTest.String(), runlog.TypeResume.String():
		if old {
			m.Row, err = runlog.DecodeOldTick(head.Data)
			m.Type = m.Row.Type.String()
		} else {
			m.Row, err = rows.Row(line)
		}
	case runlog.TypeEvent.String():
		if old {
			m.Event, err = runlog.DecodeOldEvent(head.Data)
		} else {
			m.Event, err = runlog.DecodeEvent(line)
		}
	default:
		m.Data = head.Data
	}
	return m, err
}

// Dropped says that a client read too slowly, or the trainer had no time: so
// many messages are missing from its stream. The files of the run have them.
type Dropped struct {
	Count int64 `json:"count"`
}

// encodeLine returns the line of one message. A value that JSON cannot say
// becomes an error message in its place: a stream never breaks over one.
func encodeLine(kind string, data any) []byte {
	b, err := json.Marshal(struct {
		Type string `json:"type"`
		Data any    `json:"data,omitempty"`
	}{kind, data})
	if err != nil {
		b, _ = json.Marshal(struct {
			Type string    `json:"type"`
			Data errorBody `json:"data"`
		}{kind, errorBody{"control: " + err.Error()}})
	}
	return append(b, '\n')
}
