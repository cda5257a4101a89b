package runlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Decoder reads lines of metrics.jsonl, those of older builds included. What
// Tick.Line writes, which is nearly all, it reads by itself, with no garbage but
// the values; anything else it leaves to encoding/json. Both agree on every
// line. It is not safe for concurrent use.
type Decoder struct {
	shapes map[string]*shape
	last   [typeCount + 1]*shape // of each type, and of lines without one
	names  []string              // scratch
	key    []byte                // scratch
	values []float64             // scratch
	room   []float64             // where the next rows' values go
}

// Bounds of what is kept: a file that isn't ours may have any number of names.
const (
	maxShapes = 256
	maxNames  = 4096 // in a shape that is kept
	roomFor   = 4096 // values of several rows, in one piece
)

// shape is the names of a line. Lines mostly have the names of the line before.
type shape struct {
	names []string
	keys  [][]byte // each name as it stands in a line: ,"name":
	old   oldShape
}

// Row reads one line, without its newline. The values are the caller's.
func (d *Decoder) Row(line []byte) (Row, error) {
	if row, ok := d.Scan(line); ok {
		return row, nil
	}
	return decodeRow(line)
}

// Scan reads {"type":"tick","nimg":1,"time":2,"name":3,"other":null}, or the same
// without a type: no space, no escapes, no values but numbers and null. ok is
// false for other lines.
func (d *Decoder) Scan(line []byte) (row Row, ok bool) {
	last := &d.last[typeCount]
	old := true
	rest, found := bytes.CutPrefix(line, []byte(`{"type":"`))
	if found {
		n := nameEnd(rest)
		if n < 0 {
			return row, false
		}
		if row.Type, ok = typeNamed(rest[:n]); !ok || row.Type > TypeResume {
			return row, false
		}
		old, last, rest = false, &d.last[row.Type], rest[n+1:]
		if rest, ok = bytes.CutPrefix(rest, []byte(`,"nimg":`)); !ok {
			return row, false
		}
	} else if rest, ok = bytes.CutPrefix(line, []byte(`{"nimg":`)); !ok {
		return row, false
	}
	nimg, rest, ok := scanNumber(rest)
	if !ok {
		return row, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"time":`)); !ok {
		return row, false
	}
	at, rest, ok := scanNumber(rest)
	if !ok {
		return row, false
	}
	row.Nimg, row.Time = int64(nimg), fromSeconds(at)
	s, ok := d.scanScalars(rest, *last)
	if !ok || !old && s.old.t == TypeResume {
		return row, false // a resume by name is of an old line alone
	}
	*last = s
	row.Names, row.Values = s.names, d.take()
	if old {
		s.old.apply(&row)
	}
	row.dropUnmeasured()
	return row, true
}

// scanScalars reads the rest of a line into d.values. It expects the names of
// the line before.
func (d *Decoder) scanScalars(rest []byte, expected *shape) (s *shape, ok bool) {
	d.values = d.values[:0]
	s = expected
	for {
		if len(rest) == 1 && rest[0] == '}' {
			break
		}
		i := len(d.values)
		if s != nil && i < len(s.keys) && bytes.HasPrefix(rest, s.keys[i]) {
			rest = rest[len(s.keys[i]):]
		} else {
			if s != nil { // from here on it has names of its own
				d.names, s = append(d.names[:0], s.names[:i]...), nil
			} else if i == 0 {
				d.names = d.names[:0]
			}
			if len(rest) < 2 || rest[0] != ',' || rest[1] != '"' {
				return nil, false
			}
			rest = rest[2:]
			n := nameEnd(rest)
			if n < 0 || n+1 >= len(rest) || rest[n+1] != ':' {
				return nil, false
			}
			d.names, rest = append(d.names, string(rest[:n])), rest[n+2:]
		}
		value := math.NaN()
		if bytes.HasPrefix(rest, []byte("null")) {
			rest = rest[len("null"):]
		} else if value, rest, ok = scanNumber(rest); !ok {
			return nil, false
		}
		d.values = append(d.values, value)
	}
	if n := len(d.values); s != nil && n < len(s.names) {
		d.names, s = append(d.names[:0], s.names[:n]...), nil
	} else if s == nil && n == 0 {
		d.names = d.names[:0]
	}
	if s == nil {
		return d.shape()
	}
	return s, true
}

// shape finds the shape with d.names, or makes it.
func (d *Decoder) shape() (*shape, bool) {
	d.key = d.key[:0]
	for _, name := range d.names {
		d.key = append(append(d.key, name...), 0)
	}
	if s, ok := d.shapes[string(d.key)]; ok {
		return s, true
	}
	s := &shape{names: slices.Clone(d.names)}
	seen := make(map[string]bool, len(s.names))
	for _, name := range s.names {
		if seen[name] || reserved[name] && name != "resume" {
			return nil, false // once more
		}
		seen[name] = true
		s.keys = append(s.keys, fmt.Appendf(nil, `,"%s":`, name))
	}
	s.old = oldShapeOf(s.names)
	if len(d.shapes) < maxShapes && len(s.names) <= maxNames {
		if d.shapes == nil {
			d.shapes = map[string]*shape{}
		}
		d.shapes[string(d.key)] = s
	}
	return s, true
}

// take copies d.values to a place of their own.
func (d *Decoder) take() []float64 {
	n := len(d.values)
	if n > cap(d.room)-len(d.room) {
		d.room = make([]float64, 0, max(n, roomFor))
	}
	from := len(d.room)
	d.room = append(d.room, d.values...)
	return d.room[from : from+n : from+n]
}

// nameEnd returns where the quote is that ends a name of printable ASCII without
// escapes, -1 for other names.
func nameEnd(b []byte) int {
	for i, c := range b {
		switch {
		case c == '"':
			return i
		case c < 0x20 || c == '\\' || c >= 0x80:
			return -1
		}
	}
	return -1
}

// decodeRow reads one line of metrics.jsonl by encoding/json.
func decodeRow(line []byte) (row Row, err error) {
	var m map[string]any
	if err := json.Unmarshal(line, &m); err != nil {
		return row, err
	}
	nimg, ok := m["nimg"].(float64)
	if !ok {
		return row, fmt.Errorf("runlog: tick without nimg")
	}
	at, _ := m["time"].(float64)
	row = Row{Nimg: int64(nimg), Time: fromSeconds(at)}
	name, typed := m["type"].(string)
	if typed {
		if row.Type, ok = typeNamed([]byte(name)); !ok || row.Type > TypeResume {
			return row, fmt.Errorf("runlog: metrics: type %q, want tick, fid, test or resume", name)
		}
	}
	for k, v := range m {
		if _, number := v.(float64); (number || v == nil) && (!reserved[k] || k == "resume" && !typed) {
			row.Names = append(row.Names, k)
		}
	}
	slices.Sort(row.Names)
	for _, k := range row.Names {
		v, ok := m[k].(float64)
		if !ok {
			v = math.NaN()
		}
		row.Values = append(row.Values, v)
	}
	if !typed {
		old := oldShapeOf(row.Names)
		if _, resume := m["resume"]; resume {
			old.t = TypeResume
		}
		old.apply(&row)
	}
	row.dropUnmeasured()
	return row, nil
}
