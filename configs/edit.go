package configs

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

// Set returns the TOML text with one setting changed, or added where it was
// missing; comments, order and layout stay. The key may be the last part of a
// dotted key where that is unambiguous. The value is written as in the file,
// except that strings need no quotes and a list may be given as a,b,c. Set
// checks the type only: parse the result to validate it. A published network brings
// its settings: those of them that the text states follow model.network.
func Set(text, key, value string) (string, error) {
	if glob, ok := strings.CutPrefix(key, ratesKey+"."); ok {
		return setRate(text, glob, value)
	}
	f, err := resolveKey(key)
	if err != nil {
		return "", err
	}
	switch f.kind {
	case reflect.TypeFor[Schedule]():
		v, ok := decodeLiteral(strings.TrimSpace(value))
		if s, ok2, bad := scheduleOf(v); ok && ok2 && bad == nil {
			return setSchedule(text, s)
		}
		return "", wrongType(f, value)
	case reflect.TypeFor[Rates]():
		if r, ok := ratesOf(strings.TrimSpace(value)); ok {
			return SetRates(text, r)
		}
		return "", wrongType(f, value)
	}
	literal, err := literalOf(f, value)
	if err != nil {
		return "", err
	}
	_, _, layout, err := decode("config.toml", text)
	if err != nil {
		return "", err
	}
	edited := replaceOrInsert(layout, f.key, literal)
	if _, _, _, err := decode("config.toml", edited); err != nil {
		return "", fmt.Errorf("configs: %s: this layout cannot be edited: set it in the file by hand", f.key)
	}
	if f.key == networkKey {
		return followNetwork(edited)
	}
	return edited, nil
}

func rawValue(text, key string) (string, bool) {
	e, ok := scanLayout(text).find(key)
	return text[e.at.lo:e.at.hi], ok
}

var plainNumber = regexp.MustCompile(`^[-+0-9][-+0-9a-zA-Z._]*$`)

// wrongType refuses a value that is none of the setting's type.
func wrongType(f field, value string) error {
	return fmt.Errorf("configs: %s: got %s, want %s", f.key, shown(quote(value)), f.typeName())
}

// literalOf returns a value in TOML notation for field f.
func literalOf(f field, value string) (string, error) {
	trimmed := strings.TrimSpace(value)
	bad := wrongType(f, value)
	dst := reflect.New(f.kind).Elem()
	switch f.kind {
	case reflect.TypeFor[string]():
		if v, ok := decodeLiteral(trimmed); ok && store(dst, v) {
			return quote(dst.String()), nil
		}
		return quote(value), nil
	case reflect.TypeFor[bool]():
		if trimmed == "true" || trimmed == "false" {
			return trimmed, nil
		}
		return "", bad
	case reflect.TypeFor[[]int](), reflect.TypeFor[[]float64](), reflect.TypeFor[[]string]():
		if !strings.HasPrefix(trimmed, "[") {
			trimmed = listOf(f, trimmed)
		}
		if v, ok := decodeLiteral(trimmed); ok && store(dst, v) {
			return format(dst.Interface()), nil
		}
		return "", bad
	}
	if plainNumber.MatchString(trimmed) {
		if v, ok := decodeLiteral(trimmed); ok && store(dst, v) {
			return trimmed, nil
		}
	}
	if f.kind == reflect.TypeFor[float64]() { // forms that Go reads and TOML does not, such as .5
		if x, err := strconv.ParseFloat(trimmed, 64); err == nil && !math.IsNaN(x) && !math.IsInf(x, 0) {
			return formatFloat(x), nil
		}
	}
	return "", bad
}

// listOf turns a,b,c into a TOML array.
func listOf(f field, text string) string {
	if text == "" {
		return "[]"
	}
	parts := strings.Split(text, ",")
	for i, p := range parts {
		if p = strings.TrimSpace(p); f.kind == reflect.TypeFor[[]string]() {
			p = quote(strings.Trim(p, `"'`))
		}
		parts[i] = p
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// decodeLiteral reads the one TOML value that text consists of.
func decodeLiteral(text string) (any, bool) {
	var tree map[string]any
	if _, err := toml.Decode("x = "+text, &tree); err != nil || len(tree) != 1 {
		return nil, false
	}
	return tree["x"], true
}

func replaceOrInsert(l layout, key, literal string) string {
	if e, ok := l.find(key); ok {
		return l.text[:e.at.lo] + literal + l.text[e.at.hi:]
	}
	table, name := "", key
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		table, name = key[:i], key[i+1:]
	}
	if table == "" {
		return l.insertRoot(name, literal)
	}
	if inline, ok := l.find(table); ok {
		return l.insertInline(inline, name, literal)
	}
	if h, ok := l.header(table); ok {
		at := h.end
		indent := ""
		for _, e := range l.entries {
			if e.table == table && e.at.hi > at {
				at, indent = e.at.hi, l.indentOf(e)
			}
		}
		return l.insertLine(at, indent+name+" = "+literal)
	}
	for i := len(l.entries) - 1; i >= 0; i-- { // table written as dotted keys
		if e := l.entries[i]; e.table == "" && strings.HasPrefix(e.key, table+".") {
			return l.insertLine(e.at.hi, key+" = "+literal)
		}
	}
	nl := l.newline()
	text := l.text
	if text != "" {
		if !strings.HasSuffix(text, "\n") {
			text += nl
		}
		text += nl
	}
	return text + "[" + table + "]" + nl + name + " = " + literal + nl
}

// insertRoot adds a key before the first table.
func (l layout) insertRoot(name, literal string) string {
	at := -1
	for _, e := range l.entries {
		if e.table == "" && e.at.hi > at {
			at = e.at.hi
		}
	}
	if at < 0 {
		return name + " = " + literal + l.newline() + l.text
	}
	return l.insertLine(at, name+" = "+literal)
}

// insertInline adds a key at the end of an inline table.
func (l layout) insertInline(e entry, name, literal string) string {
	end := e.at.hi - 1 // the closing brace
	body := strings.TrimRight(l.text[e.at.lo+1:end], " \t\r\n")
	sep := ", "
	if strings.TrimSpace(body) == "" || strings.HasSuffix(body, ",") {
		sep = " "
	}
	head := l.text[:e.at.lo+1] + body
	return head + sep + name + " = " + literal + " " + l.text[end:]
}

// insertLine adds a line below the one that holds offset at.
func (l layout) insertLine(at int, line string) string {
	nl := l.newline()
	i := strings.IndexByte(l.text[at:], '\n')
	if i < 0 {
		return l.text + nl + line + nl
	}
	at += i + 1
	return l.text[:at] + line + nl + l.text[at:]
}

// indentOf returns the space in front of an entry's key.
func (l layout) indentOf(e entry) string {
	lines := strings.SplitN(l.text, "\n", e.line+1)
	line := lines[e.line-1]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

func (l layout) newline() string {
	if strings.Contains(l.text, "\r\n") {
		return "\r\n"
	}
	return "\n"
}
