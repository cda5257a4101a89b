package control

import (
	"encoding/json"
	"math"
	"time"
)

// Types of Message. The first four may be asked for; the last two come
// whatever was asked for.
const (
	MessageStatus    = "status"    // Data: Status
	MessageLayers    = "layers"    // Data: []Layer
	MessageTick      = "tick"      // Data: Tick
	MessageEvent     = "event"     // Data: Event
	MessageDropped   = "dropped"   // Data: Dropped
	MessageHeartbeat = "heartbeat" // no Data
)

// messageTypes are those that a client may choose from.
var messageTypes = []string{MessageStatus, MessageLayers, MessageTick, MessageEvent}

// Message is one line of GET /v1/stream.
type Message struct {
	Type string          `json:"type"`
	Data json.RawMessage `json:"data,omitempty"` // by Type
}

// Tick is one line of metrics.jsonl on its way to who watches.
type Tick struct {
	Nimg    int64     `json:"nimg"`
	Time    time.Time `json:"time"`
	Scalars Scalars   `json:"scalars"`
}

// Event is one line of events.jsonl on its way to who watches.
type Event struct {
	Time time.Time      `json:"time"`
	Nimg int64          `json:"nimg"`
	Kind string         `json:"kind"`
	Text string         `json:"text"`
	Data map[string]any `json:"data,omitempty"`
}

// Dropped says that a client read too slowly, or the trainer had no time: so
// many messages are missing from its stream. The files of the run have them.
type Dropped struct {
	Count int64 `json:"count"`
}

// Scalars are values by name. One that is not finite is null in JSON, which
// reads back as NaN.
type Scalars map[string]float64

func (s Scalars) MarshalJSON() ([]byte, error) {
	m := make(map[string]*float64, len(s))
	for name, v := range s {
		m[name] = nil
		if isFinite(v) {
			m[name] = &v
		}
	}
	return json.Marshal(m)
}

func (s *Scalars) UnmarshalJSON(b []byte) error {
	var m map[string]*float64
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*s = make(Scalars, len(m))
	for name, v := range m {
		(*s)[name] = math.NaN()
		if v != nil {
			(*s)[name] = *v
		}
	}
	return nil
}

// MarshalJSON writes an event, a value in Data that is not finite as null.
func (e Event) MarshalJSON() ([]byte, error) {
	if e.Data != nil {
		e.Data = finite(e.Data).(map[string]any)
	}
	type plain Event // without this method
	return json.Marshal(plain(e))
}

// finite copies v less what JSON cannot say.
func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if !isFinite(v) {
			return nil
		}
	case map[string]float64:
		return Scalars(v)
	case map[string]any:
		c := make(map[string]any, len(v))
		for key, x := range v {
			c[key] = finite(x)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = finite(x)
		}
		return c
	}
	return v
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

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
