package runlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Names of the history's files inside a run directory.
const (
	MetricsFile = "metrics.jsonl"
	EventsFile  = "events.jsonl"
)

// Kinds of events.
const (
	Start      = "start"
	Stop       = "stop"
	Done       = "done"
	Error      = "error"
	Pause      = "pause"
	Resume     = "resume" // after a pause, or (with Data "nimg") from a checkpoint
	Config     = "config"
	Freeze     = "freeze"
	Checkpoint = "checkpoint"
	FID        = "fid"
	Sample     = "sample"
	Fork       = "fork"      // of another run, whose history comes before
	Machine    = "machine"   // something about the machine that the run is on
	Diverge    = "diverge"   // a loss diverges, or weights are no longer finite
	NonFinite  = "nonfinite" // gradients held NaN or infinities, which were replaced
)

// Tick is one line of metrics.jsonl: means of the scalars since the last tick.
type Tick struct {
	Nimg    int64
	Time    time.Time
	Scalars map[string]float64 // NaN where there was no data
}

// Event is one line of events.jsonl.
type Event struct {
	Time time.Time
	Nimg int64
	Kind string
	Text string         // one line for people
	Data map[string]any // the same for programs; may be nil
}

// Rewinds tells a resume from a checkpoint, at which the history since then
// counts no more, from the end of a pause.
func (e Event) Rewinds() bool {
	_, from := e.Data["nimg"]
	return e.Kind == Resume && from
}

// reserved keys of metrics.jsonl are not scalars.
var reserved = map[string]bool{"nimg": true, "time": true, "resume": true}

// encode returns the tick's line, newline included. Keys follow in sorted order
// so that equal ticks give equal bytes.
func (t Tick) encode() ([]byte, error) {
	b := appendHead(nil, t.Nimg, t.Time)
	keys := make([]string, 0, len(t.Scalars))
	for k := range t.Scalars {
		if reserved[k] {
			return nil, fmt.Errorf("runlog: scalar %q: name is taken by the format", k)
		}
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		b = append(b, ',')
		b = appendString(b, k)
		b = append(b, ':')
		if v := t.Scalars[k]; math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	}
	return append(b, "}\n"...), nil
}

// encodeResume returns the marker line of metrics.jsonl.
func encodeResume(nimg int64, at time.Time) []byte {
	return append(appendHead(nil, nimg, at), ",\"resume\":1}\n"...)
}

func appendHead(b []byte, nimg int64, at time.Time) []byte {
	b = append(b, `{"nimg":`...)
	b = strconv.AppendInt(b, nimg, 10)
	b = append(b, `,"time":`...)
	return appendTime(b, at)
}

func appendTime(b []byte, at time.Time) []byte {
	return strconv.AppendFloat(b, float64(at.UnixMilli())/1e3, 'f', 3, 64)
}

func appendString(b []byte, s string) []byte {
	q, _ := json.Marshal(s) // a string always encodes
	return append(b, q...)
}

// encode returns the event's line, newline included.
func (e Event) encode() ([]byte, error) {
	b := append([]byte(nil), `{"time":`...)
	b = appendTime(b, e.Time)
	b = append(b, `,"nimg":`...)
	b = strconv.AppendInt(b, e.Nimg, 10)
	b = append(b, `,"kind":`...)
	b = appendString(b, e.Kind)
	b = append(b, `,"text":`...)
	b = appendString(b, e.Text)
	if len(e.Data) > 0 {
		data, err := json.Marshal(finite(e.Data))
		if err != nil {
			return nil, fmt.Errorf("runlog: event %q: %w", e.Kind, err)
		}
		b = append(b, `,"data":`...)
		b = append(b, data...)
	}
	return append(b, "}\n"...), nil
}

// finite copies v with every NaN and infinity, which JSON lacks, made null.
func finite(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
	case float32:
		return finite(float64(v))
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, x := range v {
			c[k] = finite(x)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = finite(x)
		}
		return c
	case []float64:
		c := make([]any, len(v))
		for i, x := range v {
			c[i] = finite(x)
		}
		return c
	case map[string]float64:
		c := make(map[string]any, len(v))
		for k, x := range v {
			c[k] = finite(x)
		}
		return c
	}
	return v
}

// decodeTick reads one line of metrics.jsonl; resume tells a marker from a tick.
func decodeTick(line []byte) (t Tick, resume bool, err error) {
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		return t, false, err
	}
	nimg, ok := m["nimg"].(float64)
	if !ok {
		return t, false, fmt.Errorf("runlog: tick without nimg")
	}
	at, _ := m["time"].(float64)
	t = Tick{Nimg: int64(nimg), Time: fromSeconds(at), Scalars: make(map[string]float64, len(m))}
	for k, v := range m {
		if reserved[k] {
			continue
		}
		switch v := v.(type) {
		case float64:
			t.Scalars[k] = v
		case nil:
			t.Scalars[k] = math.NaN()
		}
	}
	_, resume = m["resume"]
	return t, resume, nil
}

// decodeEvent reads one line of events.jsonl.
func decodeEvent(line []byte) (Event, error) {
	var e struct {
		Time float64        `json:"time"`
		Nimg int64          `json:"nimg"`
		Kind string         `json:"kind"`
		Text string         `json:"text"`
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	if e.Kind == "" {
		return Event{}, fmt.Errorf("runlog: event without kind")
	}
	return Event{fromSeconds(e.Time), e.Nimg, e.Kind, e.Text, e.Data}, nil
}

func fromSeconds(s float64) time.Time { return time.UnixMilli(int64(math.Round(s * 1e3))) }

// blank reports whether a line holds nothing but space.
func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }
