package configs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reload parses the new text of a started run's configuration and checks that
// it is whole and differs from old in live settings only. On an error old stays
// in force.
func Reload(name, text string, old *Config) (*Config, error) {
	c, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	if err := checkWhole(old, c); err != nil {
		return nil, err
	}
	if err := CheckReload(old, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Rewrite is Reload for a text that this program has made, which may leave out what
// the old one states, such as an entry of the schedule.
func Rewrite(name, text string, old *Config) (*Config, error) {
	c, err := Parse(name, text)
	if err != nil {
		return nil, err
	}
	if err := CheckReload(old, c); err != nil {
		return nil, err
	}
	return c, nil
}

// Edit changes settings of a started run by key, all or none, and returns the
// new text for the file beside what it says.
func Edit(name, text string, old *Config, set map[string]string) (string, *Config, error) {
	var err error
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if text, err = Set(text, key, set[key]); err != nil {
			return "", nil, err
		}
	}
	c, err := Rewrite(name, text, old)
	if err != nil {
		return "", nil, err
	}
	return text, c, nil
}

// checkWhole refuses a text that may be the beginning of one still being
// written, however long its writer pauses: it lacks settings that old's text
// states, which would fall back to defaults that nobody asked for, or ends
// within a number. So a line that is to go is a line with the default first, or
// goes while no trainer runs.
func checkWhole(old, c *Config) error {
	if old.src == nil || c.src == nil {
		return nil
	}
	var missing []string
	for _, f := range schema {
		if old.src.layout.states(f.key) && !c.src.layout.states(f.key) {
			missing = append(missing, f.key)
		}
	}
	for _, r := range old.Rates { // a line that is to go becomes 1
		if !slices.ContainsFunc(c.Rates, func(n Rate) bool { return n.Glob == r.Glob }) {
			return c.src.errorAtEnd(ratesKey, fmt.Sprintf("no line for %s", quote(r.Glob)), "it stated as before, or with 1.0 for none")
		}
	}
	if len(missing) > 0 {
		f := byKey[missing[0]]
		want := fmt.Sprintf("it stated as before: the run has %s, the default is %s", format(f.of(old).Interface()), defaultOf(f, c.Method))
		if len(missing) > 1 {
			want += "; also missing: " + shown(strings.Join(c.byTable(missing[1:]), ", "))
		}
		return c.src.errorAtEnd(f.key, "nothing", want)
	}
	if e, ok := c.src.layout.unfinished(); ok {
		key := e.key
		if strings.HasPrefix(key, scheduleKey) {
			key = scheduleKey
		}
		if f, known := byKey[key]; known && format(f.of(old).Interface()) != format(f.of(c).Interface()) {
			return c.src.errorAt(f.key, c.src.raw(f.key, ""), "an end of its line: the file may be half written")
		}
	}
	return nil
}

// byTable names keys, but a table of which the text has nothing left by its name alone:
// of half a file that is all that one wants to know.
func (c *Config) byTable(keys []string) (names []string) {
	for _, key := range keys {
		name := key
		if table, _, nested := strings.Cut(key, "."); nested && !slices.ContainsFunc(schema, func(f field) bool {
			return strings.HasPrefix(f.key, table+".") && c.src.layout.states(f.key)
		}) {
			name = "[" + table + "]"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// defaultOf is the default of a setting in TOML notation.
func defaultOf(f field, method string) string {
	c, err := Default(method)
	if err != nil {
		return "unknown" // never: the method has been parsed
	}
	return format(f.of(c).Interface())
}

// states reports whether the text has a line for a setting, or tables for a list.
func (l layout) states(key string) bool {
	_, ok := l.find(key)
	if key == scheduleKey {
		_, table := l.header(key)
		return ok || table
	}
	return ok
}

// unfinished returns the entry whose value ends with the text, if that value has
// no end of its own, as a string and a list do.
func (l layout) unfinished() (entry, bool) {
	for _, e := range l.entries {
		if e.at.hi == len(l.text) && e.leaf && e.at.hi > e.at.lo {
			return e, !strings.ContainsAny(l.text[e.at.hi-1:], `"']`)
		}
	}
	return entry{}, false
}

// errorAtEnd is errorAt for a key that the text lacks: the place is that of its
// table, or else the end of the text.
func (s *source) errorAtEnd(key, got, want string) *keyError {
	e := s.errorAt(key, got, want)
	if table, _, dotted := strings.Cut(key, "."); !dotted || !s.layout.statesTable(table) {
		e.line = 1 + strings.Count(strings.TrimRight(s.layout.text, "\r\n"), "\n")
	}
	return e
}

// statesTable reports whether the text has a table, as a header or inline.
func (l layout) statesTable(table string) bool {
	_, header := l.header(table)
	return header || l.states(table)
}
