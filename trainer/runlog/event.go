package runlog

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Line encodes the event.
func (e Event) Line() (Line, error) {
	b := append([]byte(nil), `{"type":"event","time":`...)
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
			return Line{}, fmt.Errorf("runlog: event %q: %w", e.Kind, err)
		}
		b = append(b, `,"data":`...)
		b = append(b, data...)
	}
	return Line{TypeEvent, append(b, "}\n"...)}, nil
}

// ResumeEvent is what Writer.Resume has to tell in events.jsonl.
func ResumeEvent(nimg int64, at time.Time, text string) Event {
	return Event{Time: at, Nimg: nimg, Kind: Resume, Text: text, Data: map[string]any{"nimg": nimg}}
}

func appendString(b []byte, s string) []byte {
	q, _ := json.Marshal(s) // a string always encodes
	return append(b, q...)
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

// DecodeEvent reads one line of events.jsonl, or of the stream. One without a
// type is of an older build and reads the same.
func DecodeEvent(line []byte) (Event, error) {
	var e struct {
		Type string         `json:"type"`
		Time float64        `json:"time"`
		Nimg int64          `json:"nimg"`
		Kind string         `json:"kind"`
		Text string         `json:"text"`
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	if e.Type != "" && e.Type != TypeEvent.String() {
		return Event{}, fmt.Errorf("runlog: type %q, want %q", e.Type, TypeEvent)
	}
	if e.Kind == "" {
		return Event{}, fmt.Errorf("runlog: event without kind")
	}
	return Event{fromSeconds(e.Time), e.Nimg, e.Kind, e.Text, e.Data}, nil
}
