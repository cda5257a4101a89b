package configs

import (
	"fmt"
	"slices"
	"strings"
)

// A config is read by other programs, too, many of which know TOML 1.0 alone,
// such as Python's tomllib. The TOML library takes TOML 1.1, and tables that
// neither version allows, so that the scanner looks for what goes beyond 1.0.

// beyond is a place in a text that is not TOML 1.0.
type beyond struct {
	line int
	text string // what was got and what is wanted there
}

// noteBeyond notes the first thing that goes beyond TOML 1.0, at an offset.
func (s *scanner) noteBeyond(pos int, text string) {
	if s.later == nil {
		s.later = &beyond{1 + strings.Count(s.text[:pos], "\n"), text}
	}
}

// escape looks at the escape whose backslash stands at pos.
func (s *scanner) escape() {
	if rest := s.text[s.pos:]; strings.HasPrefix(rest, `\e`) || strings.HasPrefix(rest, `\x`) {
		s.noteBeyond(s.pos, fmt.Sprintf(`got the escape %s of TOML 1.1, want \u00HH, which TOML 1.0 has, too`, rest[:2]))
	}
}

// inlineSkip is skip between the parts of an inline table.
func (s *scanner) inlineSkip() {
	lo := s.pos
	s.skip()
	if i := strings.IndexAny(s.text[lo:s.pos], "#\n"); i >= 0 {
		s.noteBeyond(lo+i, "got an inline table over several lines, want it on one: more are TOML 1.1")
	}
}

// check returns the first place that is not TOML 1.0, nil if there is none. The
// text must be one that the TOML library takes.
func (l layout) check() *beyond {
	if strings.HasPrefix(l.text, byteOrderMark) {
		return &beyond{1, "got a byte order mark, want none: TOML 1.0 has none"}
	}
	twice := l.statedTwice()
	if l.later == nil || twice != nil && twice.line < l.later.line {
		return twice
	}
	return l.later
}

// statedTwice finds the first thing that is stated in more than one way. A table is a [header],
// dotted keys, or an inline table; a value is none of them.
func (l layout) statedTwice() *beyond {
	type statement struct {
		key, way string
		line     int
	}
	var all []statement
	for _, h := range l.headers {
		all = append(all, statement{h.key, "[" + h.key + "]", h.line})
	}
	for _, e := range l.entries {
		if i := strings.LastIndexByte(e.key, '.'); i > len(e.table) {
			all = append(all, statement{e.key[:i], "dotted keys", e.line})
		}
		all = append(all, statement{e.key, e.key + " = …", e.line})
	}
	slices.SortStableFunc(all, func(a, b statement) int { return a.line - b.line })
	first := map[string]statement{}
	for _, s := range all {
		before, known := first[s.key]
		if !known {
			first[s.key] = s
			continue
		}
		if s.way != before.way { // the same way twice is for the TOML library to judge
			return &beyond{s.line, fmt.Sprintf("%s: got it again as %s, want it stated in one way: line %d does by %s",
				shown(s.key), shown(s.way), before.line, shown(before.way))}
		}
	}
	return nil
}
