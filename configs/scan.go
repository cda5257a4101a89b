package configs

import (
	"slices"
	"strconv"
	"strings"
)

// span is a half-open range of bytes of a text.
type span struct{ lo, hi int }

// entry is one key = value of a TOML text.
type entry struct {
	key   string // full dotted key
	table string // the table it was written under: its header's, or the inline table's
	line  int    // of the key, from 1
	at    span   // of the value
	leaf  bool   // not an inline table
}

// header is one [table] line.
type header struct {
	key  string
	line int
	end  int // offset behind the closing bracket
}

// layout is where things stand in a TOML text; Set edits by it and messages
// point by it. The scanner does not judge syntax, which the TOML library does
// next, and finds its way in whatever that accepts.
type layout struct {
	text    string
	entries []entry
	headers []header

	deepLine int     // the first line that goes beyond maxDepth; 0 for none
	later    *beyond // what is first not TOML 1.0; nil for nothing
}

func scanLayout(text string) layout {
	s := scanner{text: text, listed: map[string]int{}}
	if strings.HasPrefix(text, byteOrderMark) {
		s.pos = len(byteOrderMark)
	}
	s.document()
	return layout{text, s.entries, s.headers, s.deepLine, s.later}
}

// byteOrderMark is what some Windows editors put in front of UTF-8.
const byteOrderMark = "\ufeff"

func (l layout) find(key string) (entry, bool) {
	for _, e := range l.entries {
		if e.key == key {
			return e, true
		}
	}
	return entry{}, false
}

func (l layout) header(key string) (header, bool) {
	for _, h := range l.headers {
		if h.key == key {
			return h, true
		}
	}
	return header{}, false
}

// lineOf returns the line of a key, or of the nearest table around it, or 1.
func (l layout) lineOf(key string) int {
	for {
		if e, ok := l.find(key); ok {
			return e.line
		}
		if h, ok := l.header(key); ok {
			return h.line
		}
		i := strings.LastIndexByte(key, '.')
		if i < 0 {
			return 1
		}
		key = key[:i]
	}
}

type scanner struct {
	text    string
	pos     int
	entries []entry
	headers []header

	listed   map[string]int // how many of a table that is written as a list
	depth    int            // of the value at pos
	deepLine int
	later    *beyond

	counted, lines int // newlines before offset counted
}

// line returns the line of an offset, not before that of the last call.
func (s *scanner) line(pos int) int {
	s.lines += strings.Count(s.text[s.counted:pos], "\n")
	s.counted = pos
	return 1 + s.lines
}

// tooDeep ends the scan.
func (s *scanner) tooDeep() {
	if s.deepLine == 0 {
		s.deepLine = 1 + strings.Count(s.text[:s.pos], "\n")
	}
	s.pos = len(s.text)
}

func (s *scanner) more() bool { return s.pos < len(s.text) }

func (s *scanner) peek() byte {
	if !s.more() {
		return 0
	}
	return s.text[s.pos]
}

// skip passes space, newlines and comments.
func (s *scanner) skip() {
	for s.more() {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '#':
			s.toLineEnd()
		default:
			return
		}
	}
}

func (s *scanner) toLineEnd() {
	if i := strings.IndexByte(s.text[s.pos:], '\n'); i >= 0 {
		s.pos += i
	} else {
		s.pos = len(s.text)
	}
}

func (s *scanner) document() {
	table := ""
	for s.skip(); s.more(); s.skip() {
		start := s.pos
		if s.peek() == '[' {
			for s.peek() == '[' {
				s.pos++
			}
			line, array := s.line(start), s.pos-start > 1
			table = s.key("]")
			if array && (slices.Contains(listed, table) || table == scheduleKey) {
				k := s.listed[table]
				s.listed[table]++
				table = numbered(table, k)
			}
			for s.peek() == ']' {
				s.pos++
			}
			s.headers = append(s.headers, header{table, line, s.pos})
			s.toLineEnd()
			continue
		}
		s.keyValue(table, "\n")
		s.toLineEnd()
		if s.pos == start { // not TOML; never loop
			return
		}
	}
}

// keyValue reads key = value up to one of the bytes in stop.
func (s *scanner) keyValue(table, stop string) {
	line := s.line(s.pos)
	key := join(table, s.key("="))
	s.pos = min(s.pos+1, len(s.text)) // =
	s.blank()
	at, leaf := s.value(key, stop)
	s.entries = append(s.entries, entry{key, table, line, at, leaf})
}

// blank passes space within a line.
func (s *scanner) blank() {
	for s.more() && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
}

// key reads a dotted key, bare or quoted, and stops at the byte stop.
func (s *scanner) key(stop string) string {
	var parts []string
	for s.more() {
		if len(parts) > maxDepth {
			s.tooDeep()
		}
		s.blank()
		switch c := s.peek(); {
		case c == '"' || c == '\'':
			lo := s.pos
			s.str()
			part := s.text[lo+1 : max(lo+1, s.pos-1)]
			if c == '"' && strings.Contains(part, `\`) { // TOML's escapes are Go's, nearly
				if plain, err := strconv.Unquote(s.text[lo:s.pos]); err == nil {
					part = plain
				}
			}
			parts = append(parts, part)
		case c == '.':
			s.pos++
		case c == stop[0] || c == '\n':
			return strings.Join(parts, ".")
		default:
			lo := s.pos
			for s.more() && !strings.ContainsRune(" \t.\"'\n"+stop, rune(s.peek())) {
				s.pos++
			}
			parts = append(parts, s.text[lo:s.pos])
		}
	}
	return strings.Join(parts, ".")
}

// value passes one value, which for numbers, booleans and dates ends before a
// byte of stop or a comment.
func (s *scanner) value(key, stop string) (at span, leaf bool) {
	lo := s.pos
	if s.depth++; s.depth > maxDepth {
		s.tooDeep()
	}
	defer func() { s.depth-- }()
	switch s.peek() {
	case '"', '\'':
		s.str()
	case '[':
		s.pos++
		for s.skip(); s.more() && s.peek() != ']'; s.skip() {
			before := s.pos
			if s.peek() == ',' {
				s.pos++
				continue
			}
			s.value(key, ",]\n")
			if s.pos == before {
				break
			}
		}
		s.pos = min(s.pos+1, len(s.text))
	case '{':
		s.pos++
		comma := -1
		for s.inlineSkip(); s.more() && s.peek() != '}'; s.inlineSkip() {
			before := s.pos
			if s.peek() == ',' {
				comma = s.pos
				s.pos++
				continue
			}
			comma = -1
			s.keyValue(key, ",}\n")
			if s.pos == before {
				break
			}
		}
		if comma >= 0 {
			s.noteBeyond(comma, "got a comma before the end of an inline table, want none there: one is TOML 1.1")
		}
		s.pos = min(s.pos+1, len(s.text))
		return span{lo, s.pos}, false
	default:
		for s.more() && !strings.ContainsRune("#\r"+stop, rune(s.peek())) {
			s.pos++
		}
		return span{lo, lo + len(strings.TrimRight(s.text[lo:s.pos], " \t"))}, true
	}
	return span{lo, s.pos}, true
}

// str passes a string of any of TOML's four kinds.
func (s *scanner) str() {
	q := s.text[s.pos : s.pos+1]
	if triple := q + q + q; strings.HasPrefix(s.text[s.pos:], triple) {
		s.pos += 3
		s.until(triple, q == `"`)
		for s.peek() == q[0] { // up to two quotes may stand before the closing three
			s.pos++
		}
		return
	}
	s.pos++
	s.until(q, q == `"`)
}

// until passes everything up to and including the closing quotes.
func (s *scanner) until(closing string, escapes bool) {
	for s.more() {
		if strings.HasPrefix(s.text[s.pos:], closing) {
			s.pos += len(closing)
			return
		}
		if escapes && s.peek() == '\\' {
			s.escape()
			s.pos++
		}
		s.pos++
	}
	s.pos = len(s.text)
}

func join(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}
