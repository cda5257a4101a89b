package runlog

import (
	"bytes"
	"math"
	"strconv"
)

// scanner reads lines of metrics.jsonl. Those that Tick.encode writes, which is
// nearly all, it reads by itself, ten times as fast as encoding/json and with no
// garbage; anything else it leaves to decodeTick. Both agree on every line.
type scanner struct {
	order []string // names in the order of the line before
	names map[string]string
}

// Bounds of what is kept of names: a file that isn't ours may have any number.
const (
	maxNames    = 4096
	maxNameSize = 256
)

// decode reads one line; resume tells a marker from a tick.
func (s *scanner) decode(line []byte) (t Tick, resume bool, err error) {
	if t, resume, ok := s.scan(line); ok {
		return t, resume, nil
	}
	return decodeTick(line)
}

// scan reads {"nimg":1,"time":2,"name":3,"other":null}: no space, no escapes, no
// values but numbers and null. ok is false for other lines.
func (s *scanner) scan(line []byte) (t Tick, resume, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"nimg":`))
	if !ok {
		return t, false, false
	}
	nimg, rest, ok := scanNumber(rest)
	if !ok {
		return t, false, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"time":`)); !ok {
		return t, false, false
	}
	at, rest, ok := scanNumber(rest)
	if !ok {
		return t, false, false
	}
	t = Tick{Nimg: int64(nimg), Time: fromSeconds(at), Scalars: make(map[string]float64, len(s.order))}
	for i := 0; ; i++ {
		switch {
		case len(rest) == 1 && rest[0] == '}':
			return t, resume, true
		case len(rest) < 2 || rest[0] != ',' || rest[1] != '"':
			return t, false, false
		}
		rest = rest[2:]
		n := nameEnd(rest)
		if n < 0 || n+1 >= len(rest) || rest[n+1] != ':' {
			return t, false, false
		}
		name := s.name(i, rest[:n])
		value := math.NaN()
		if rest = rest[n+2:]; bytes.HasPrefix(rest, []byte("null")) {
			rest = rest[len("null"):]
		} else if value, rest, ok = scanNumber(rest); !ok {
			return t, false, false
		}
		switch {
		case name == "resume":
			resume = true
		case reserved[name]:
			return t, false, false // once more
		default:
			t.Scalars[name] = value
		}
	}
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

// name returns the i-th name of a line. Lines mostly have the names of the line
// before, so looking there saves most of the searching.
func (s *scanner) name(i int, b []byte) string {
	if i < len(s.order) && s.order[i] == string(b) {
		return s.order[i]
	}
	name, ok := s.names[string(b)]
	if !ok {
		name = string(b)
		if len(s.names) >= maxNames || len(name) > maxNameSize {
			return name
		}
		if s.names == nil {
			s.names = map[string]string{}
		}
		s.names[name] = name
	}
	switch {
	case i < len(s.order):
		s.order[i] = name
	case i == len(s.order):
		s.order = append(s.order, name)
	}
	return name
}

// scanNumber reads the number of JSON that b starts with. ok is false if there is
// none, or if a float64 cannot hold it.
func scanNumber(b []byte) (v float64, rest []byte, ok bool) {
	i := 0
	digits := func() bool {
		from := i
		for i < len(b) && '0' <= b[i] && b[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(b) && b[i] == '-' {
		i++
	}
	if i < len(b) && b[i] == '0' { // no digit may follow a leading zero
		i++
	} else if !digits() {
		return 0, b, false
	}
	if i < len(b) && b[i] == '.' {
		if i++; !digits() {
			return 0, b, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if !digits() {
			return 0, b, false
		}
	}
	v, err := strconv.ParseFloat(string(b[:i]), 64)
	return v, b[i:], err == nil
}
