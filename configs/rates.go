package configs

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Rates are factors of the learning rate of the trained network's parameters, by
// glob, in the order of the file: of the lines that match a parameter the last one
// counts, and a parameter that none matches has the factor 1. Live.
type Rates []Rate

// Rate is a line of the table [rates].
type Rate struct {
	Glob   string
	Factor float64 // in (0, 1]
}

const (
	ratesKey = "rates"

	// wantFactor says which factors there are. 0 would be freezing, which saves the
	// arithmetic, too, and has its own settings.
	wantFactor = "in (0, 1]: what is not to train at all is frozen"
)

// formatRates writes the table inline.
func formatRates(r Rates) string {
	parts := make([]string, len(r))
	for i, f := range r {
		parts[i] = quote(f.Glob) + " = " + formatFloat(f.Factor)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// assignRate takes over a line of the table, or the table itself, which has none.
func (c *Config) assignRate(key toml.Key, v any) error {
	name := strings.Join(key, ".")
	if len(key) == 1 {
		if _, ok := v.(map[string]any); !ok {
			return c.src.errorAt(ratesKey, c.src.raw(ratesKey, "an array of tables"), byKey[ratesKey].typeName())
		}
		return nil
	}
	r := Rate{Glob: key[1]}
	if len(key) > 2 || !store(valueOf(&r.Factor), v) {
		return c.src.errorAt(name, c.src.raw(name, "a table"), `a finite number, for a glob in quotes such as "dec.*"`)
	}
	c.Rates = append(c.Rates, r)
	return nil
}

// ratesOf reads the table from inline TOML.
func ratesOf(text string) (Rates, bool) {
	var tree map[string]any
	meta, err := toml.Decode("rates = "+text, &tree)
	if _, table := tree[ratesKey].(map[string]any); err != nil || !table || len(tree) != 1 {
		return nil, false
	}
	c := &Config{}
	for _, key := range meta.Keys() {
		v, _ := lookup(tree, key)
		if c.assignRate(key, v) != nil {
			return nil, false
		}
	}
	return c.Rates, true
}

// rates checks factors and the syntax of globs. Whether they match anything is for
// the trainer to say.
func (v *validator) rates() {
	for _, r := range v.c.Rates {
		key := ratesKey + "." + r.Glob
		if _, err := path.Match(r.Glob, ""); err != nil || strings.TrimSpace(r.Glob) == "" {
			v.errs = append(v.errs, v.c.src.errorAt(key, quote(r.Glob), byKey[ratesKey].want))
		}
		if narrow := float32(r.Factor); !(r.Factor > 0 && r.Factor <= 1 && narrow > 0) {
			v.errs = append(v.errs, v.c.src.errorAt(key, formatFloat(r.Factor), wantFactor))
		}
	}
}

// SetRates returns the TOML text with the table [rates] changed where it differs from
// what the text says: a line stays where it was, goes, or is added at the end.
func SetRates(text string, rates Rates) (string, error) {
	c := &Config{}
	tree, keys, l, err := decode("config.toml", text)
	if err != nil {
		return "", err
	}
	for _, key := range keys {
		if v, ok := lookup(tree, key); ok && key[0] == ratesKey && c.assignRate(key, v) != nil {
			return "", errRates
		}
	}
	if formatRates(c.Rates) == formatRates(rates) {
		return text, nil
	}
	if _, inline := l.find(ratesKey); inline {
		text = replaceOrInsert(l, ratesKey, formatRates(rates))
	} else {
		text = editRates(text, c.Rates, rates)
	}
	if _, _, _, err := decode("config.toml", text); err != nil {
		return "", errRates
	}
	return text, nil
}

var errRates = fmt.Errorf("configs: %s: this layout cannot be edited: set it in the file by hand", ratesKey)

// editRates makes the lines of a text, which state now, state want: those stay that
// both have in the same order.
func editRates(text string, now, want Rates) string {
	kept := 0
	for _, r := range now {
		key := ratesKey + "." + r.Glob
		l := scanLayout(text)
		if kept < len(want) && want[kept].Glob == r.Glob {
			if want[kept].Factor != r.Factor {
				text = replaceOrInsert(l, key, formatFloat(want[kept].Factor))
			}
			kept++
			continue
		}
		e, _ := l.find(key)
		text = text[:l.lineStart(e.at.lo)] + text[l.lineEnd(e.at.hi):]
	}
	for _, r := range want[kept:] {
		text = addRate(text, r)
	}
	return text
}

// addRate adds a line at the end of the table.
func addRate(text string, r Rate) string {
	l := scanLayout(text)
	line := quote(r.Glob) + " = " + formatFloat(r.Factor)
	if h, ok := l.header(ratesKey); ok {
		return l.insertLine(max(l.tableEnd(h)-1, 0), line)
	}
	nl := l.newline()
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += nl
	}
	return text + nl + "[" + ratesKey + "]" + nl + line + nl
}

// setRate makes one glob the last line, with a factor.
func setRate(text, glob, value string) (string, error) {
	var factor float64
	v, ok := decodeLiteral(strings.TrimSpace(value))
	if !ok || !store(valueOf(&factor), v) {
		return "", fmt.Errorf("configs: %s.%s: got %s, want a finite number", ratesKey, shown(glob), shown(quote(value)))
	}
	c, err := Parse("config.toml", text)
	if err != nil {
		return "", err
	}
	rates := slices.DeleteFunc(slices.Clone(c.Rates), func(r Rate) bool { return r.Glob == glob })
	return SetRates(text, append(rates, Rate{glob, factor}))
}
