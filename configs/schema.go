package configs

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is one setting, found by reflection over Config so that a struct field
// with its tags is all that a new setting needs.
type field struct {
	key     string // dotted
	index   []int  // into Config, for reflect.Value.FieldByIndex
	kind    reflect.Type
	methods []string        // that use it, of those that ship; nil: all
	users   map[string]bool // methods from elsewhere that use it
	alive   bool            // may change between steps, though its table may not
	doc     string          // what it means
	want    string          // the values it may have, in words …
	rule    rule            // … and as a check
}

func (f field) live() bool {
	return f.alive || strings.HasPrefix(f.key, "live.") || strings.HasPrefix(f.key, "freeze.") || f.key == ratesKey
}

// table is the table that the setting stands in; "" at the top.
func (f field) table() string { return f.key[:max(0, strings.LastIndexByte(f.key, '.'))] }

// more reports whether the setting is one of a further discriminator or judge.
func (f field) more() bool {
	for k := 1; k < max(maxDiscs, maxJudges); k++ {
		if f.table() == DiscName(k) || f.table() == JudgeName(k) {
			return true
		}
	}
	return false
}

func (f field) usedBy(method string) bool {
	return f.methods == nil || f.users[method] || slices.Contains(f.methods, method)
}

func (f field) of(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(f.index) }

// IsLive reports whether a setting may change during the run.
func IsLive(key string) bool {
	f, known := byKey[key]
	return known && f.live()
}

// typeName says in words what type the field has.
func (f field) typeName() string {
	switch f.kind {
	case reflect.TypeFor[string]():
		return "a string"
	case reflect.TypeFor[float64]():
		return "a finite number"
	case reflect.TypeFor[bool]():
		return "true or false"
	case reflect.TypeFor[[]int]():
		return "an array of integers"
	case reflect.TypeFor[[]float64]():
		return "an array of numbers"
	case reflect.TypeFor[[]string]():
		return "an array of strings"
	case reflect.TypeFor[Schedule]():
		return "an array of tables"
	case reflect.TypeFor[Rates]():
		return "a table of numbers"
	}
	return "an integer"
}

// schema lists the settings in the order of the struct.
var schema = schemaOf(reflect.TypeFor[Config](), "", nil)

var byKey = func() map[string]field {
	m := make(map[string]field, len(schema))
	for _, f := range schema {
		m[f.key] = f
	}
	return m
}()

func schemaOf(t reflect.Type, prefix string, index []int) []field {
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		if !sf.IsExported() {
			continue
		}
		key := prefix + sf.Tag.Get("toml")
		at := append(slices.Clone(index), i)
		if sf.Anonymous {
			fields = append(fields, schemaOf(sf.Type, prefix, at)...)
			continue
		}
		if sf.Type.Kind() == reflect.Struct {
			fields = append(fields, schemaOf(sf.Type, key+".", at)...)
			continue
		}
		var methods []string
		if only, ok := sf.Tag.Lookup("for"); ok {
			methods = strings.Fields(only)
		}
		want := sf.Tag.Get("want")
		fields = append(fields, field{key, at, sf.Type, methods, map[string]bool{}, sf.Tag.Get("live") != "", sf.Tag.Get("doc"), want, parseRule(want)})
	}
	return fields
}

// isTable reports whether a key names a table of the schema.
func isTable(key string) bool {
	for _, f := range schema {
		if strings.HasPrefix(f.key, key+".") {
			return true
		}
	}
	return false
}

// Doc says what a setting means and which values it may have, each in one
// line. The key may be short as for Set; an unknown one has no words.
func Doc(key string) (what, want string) {
	f, err := resolveKey(key)
	if err != nil {
		return "", ""
	}
	return f.doc, f.wanted()
}

// Entry is one setting of a run with its value in TOML notation.
type Entry struct {
	Key     string
	Value   string
	Live    bool
	Doc     string   // what it means, in one line
	Want    string   // the values it may have, in words
	Choices []string // those values where they are a few names, or nil
}

// Entries lists the settings that c's method uses, in the order of the schema; of
// discriminators and judges those that there are.
func (c *Config) Entries() []Entry {
	var list []Entry
	var there []string
	for k := range c.Discs() {
		there = append(there, DiscName(k))
	}
	for k := range c.Judges() {
		there = append(there, JudgeName(k))
	}
	for _, f := range schema {
		if f.usedBy(c.Method) && (!f.more() || slices.Contains(there, f.table())) {
			list = append(list, Entry{f.key, format(f.of(c).Interface()), f.live(), f.doc, f.wanted(), f.choices()})
		}
	}
	return list
}

// LiveMap returns the settings of [live] that c's method uses, named without
// the table: "gen_lr" to 0.0005. Values are float64, int or string.
func (c *Config) LiveMap() map[string]any {
	m := map[string]any{}
	for _, f := range schema {
		if name, ok := strings.CutPrefix(f.key, "live."); ok && f.usedBy(c.Method) {
			m[name] = f.of(c).Interface()
		}
	}
	return m
}

// Clone returns a deep copy.
func (c *Config) Clone() *Config {
	n := *c
	for _, f := range schema {
		switch v := f.of(&n); s := v.Interface().(type) {
		case []int:
			v.Set(reflect.ValueOf(slices.Clone(s)))
		case []float64:
			v.Set(reflect.ValueOf(slices.Clone(s)))
		case []string:
			v.Set(reflect.ValueOf(slices.Clone(s)))
		case Schedule:
			v.Set(reflect.ValueOf(s.clone()))
		case Rates:
			v.Set(reflect.ValueOf(slices.Clone(s)))
		}
	}
	return &n
}

// resolveKey accepts a full key, or its last part where that is unambiguous.
func resolveKey(key string) (field, error) {
	if f, ok := byKey[key]; ok {
		return f, nil
	}
	var hits []string
	for _, f := range schema {
		if !f.more() && f.key[strings.LastIndexByte(f.key, '.')+1:] == key {
			hits = append(hits, f.key)
		}
	}
	switch len(hits) {
	case 0:
		return field{}, fmt.Errorf("configs: %s: no such setting%s", shown(key), suggest(key, ""))
	case 1:
		return byKey[hits[0]], nil
	}
	return field{}, fmt.Errorf("configs: %s: ambiguous, want %s", key, oneOf(hits))
}

// suggest names the nearest key of the schema (of the method, if given), or
// says nothing when none is near.
func suggest(key, method string) string {
	if len(key) > maxShown {
		return ""
	}
	best, bestDist := "", len(key)/3+2
	for _, f := range schema {
		if method != "" && !f.usedBy(method) {
			continue
		}
		if d := distance(key, f.key); d < bestDist {
			best, bestDist = f.key, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is Levenshtein's edit distance over bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diag
			if a[i] != b[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, diag+1)
		}
	}
	return row[len(b)]
}
