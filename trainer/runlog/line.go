package runlog

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
)

// Type says what a line of the log is. In the files and on the stream it is the
// line's member "type"; an event's own "kind" (config, freeze, …) is another
// thing.
type Type uint8

// The zero Type is what most lines are.
const (
	TypeTick   Type = iota // means over a tick of training
	TypeFID                // an evaluation, of FID or else, at the images seen by the weights that were measured
	TypeTest               // what a method without images measures on held-out data
	TypeResume             // what was written before, beyond this nimg, counts no more
	TypeEvent              // something that happened
	TypeLayers             // what a step did to every tensor
	typeCount
)

var typeNames = [typeCount]string{"tick", "fid", "test", "resume", "event", "layers"}

func (t Type) String() string { return typeNames[t] }

// typeNamed finds a type by its name.
func typeNamed(name []byte) (Type, bool) {
	for t := range typeCount {
		if string(name) == typeNames[t] {
			return t, true
		}
	}
	return 0, false
}

// Tick is scalars on their way into metrics.jsonl: means since the last tick, or
// what was measured.
type Tick struct {
	Type    Type // TypeTick, TypeFID or TypeTest
	Nimg    int64
	Time    time.Time
	Scalars map[string]float64 // NaN where there was no data
}

// Row is a line of metrics.jsonl as it is read. Rows are many, so they have no
// map: those with the same names share the list of them. A measurement without a
// value is left out.
type Row struct {
	Type   Type // TypeTick, TypeFID, TypeTest or TypeResume
	Nimg   int64
	Time   time.Time
	Names  []string  // distinct; not to be changed
	Values []float64 // of Names; NaN where there was no data
}

// drop leaves the scalar i out, without touching what the row shares.
func (r *Row) drop(i int) {
	r.Names = slices.Concat(r.Names[:i], r.Names[i+1:])
	r.Values = slices.Concat(r.Values[:i], r.Values[i+1:])
}

// dropUnmeasured leaves out what an evaluation or a test has no value of.
func (r *Row) dropUnmeasured() {
	if r.Type != TypeFID && r.Type != TypeTest {
		return
	}
	for i := len(r.Values) - 1; i >= 0; i-- {
		if math.IsNaN(r.Values[i]) {
			r.drop(i)
		}
	}
}

// Scalars returns the values by name.
func (r *Row) Scalars() map[string]float64 {
	m := make(map[string]float64, len(r.Names))
	for i, name := range r.Names {
		m[name] = r.Values[i]
	}
	return m
}

// Value returns the scalar of that name.
func (r *Row) Value(name string) (v float64, ok bool) {
	i := slices.Index(r.Names, name)
	if i < 0 {
		return math.NaN(), false
	}
	return r.Values[i], true
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

// Line is an encoded line, newline included: the file and the stream get the
// same bytes.
type Line struct {
	Type Type
	Text []byte
}

// reserved keys of metrics.jsonl are not scalars.
var reserved = map[string]bool{"type": true, "nimg": true, "time": true, "resume": true}

// Line encodes the tick. Keys follow in sorted order so that equal ticks give
// equal bytes.
func (t Tick) Line() (Line, error) {
	b := appendHead(nil, t.Type, t.Nimg, t.Time)
	keys := make([]string, 0, len(t.Scalars))
	for k := range t.Scalars {
		if reserved[k] {
			return Line{}, fmt.Errorf("runlog: scalar %q: name is taken by the format", k)
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
	return Line{t.Type, append(b, "}\n"...)}, nil
}

// ResumeLine encodes the marker of a resume from a checkpoint at nimg. A run that
// resumes at its first image begins again, and nothing of before counts.
func ResumeLine(nimg int64, at time.Time) Line {
	if nimg == 0 {
		nimg = -1
	}
	return Line{TypeResume, append(appendHead(nil, TypeResume, nimg, at), "}\n"...)}
}

// appendHead begins a line with what all but events have.
func appendHead(b []byte, t Type, nimg int64, at time.Time) []byte {
	b = append(b, `{"type":"`...)
	b = append(b, t.String()...)
	b = append(b, `","nimg":`...)
	b = strconv.AppendInt(b, nimg, 10)
	b = append(b, `,"time":`...)
	return appendTime(b, at)
}

func appendTime(b []byte, at time.Time) []byte {
	return strconv.AppendFloat(b, float64(at.UnixMilli())/1e3, 'f', 3, 64)
}

func fromSeconds(s float64) time.Time { return time.UnixMilli(int64(math.Round(s * 1e3))) }
