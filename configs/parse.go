package configs

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// maxFileBytes bounds a configuration file.
const maxFileBytes = 1 << 20

// source remembers the text that a Config was read from.
type source struct {
	name   string // as messages print it
	layout layout
}

// errorAt returns an error about a key: its file and line where known.
func (s *source) errorAt(key, got, want string) error {
	return &keyError{s.place(key), s.line(key), fmt.Sprintf("%s: got %s, want %s", key, got, want)}
}

func (s *source) place(key string) string {
	if s == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", s.name, s.line(key))
}

func (s *source) line(key string) int {
	if s == nil {
		return 0
	}
	return s.layout.lineOf(key)
}

// keyError is an error about one key; the first by line is reported.
type keyError struct {
	place string
	line  int
	text  string
}

func (e *keyError) Error() string { return "configs: " + e.place + e.text }

// Load reads and checks a configuration file.
func Load(path string) (*Config, error) {
	text, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), text)
}

// ReadFile returns the text of a configuration file, which must be a regular
// file of at most 1 MiB.
func ReadFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("configs: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("configs: %s: not a regular file", path)
	}
	if info.Size() > maxFileBytes {
		return "", fmt.Errorf("configs: %s: got %d bytes, want at most %d", path, info.Size(), maxFileBytes)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("configs: %w", err)
	}
	return string(b), nil
}

// Parse reads a TOML text over the defaults of its method and validates the
// result. The name stands for the file in messages.
func Parse(name, text string) (*Config, error) {
	tree, keys, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	src := &source{name, scanLayout(text)}
	method, ok := tree["method"].(string)
	if !ok {
		return nil, src.errorAt("method", src.raw("method", "nothing"), oneOf(Methods()))
	}
	c, err := Default(method)
	if err != nil {
		return nil, src.errorAt("method", src.raw("method", ""), oneOf(Methods()))
	}
	c.src = src
	for _, key := range keys {
		if err := c.assign(key, tree); err != nil {
			return nil, err
		}
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// decode reads a TOML text into nested maps, and lists its keys in order.
func decode(name, text string) (map[string]any, []toml.Key, error) {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			line := 1 + strings.Count(text[:i], "\n")
			return nil, nil, &keyError{fmt.Sprintf("%s:%d: ", name, line), line,
				fmt.Sprintf("syntax: got byte 0x%02x, want UTF-8", text[i])}
		}
	}
	var tree map[string]any
	meta, err := toml.Decode(text, &tree)
	if err != nil {
		return nil, nil, syntaxError(name, err)
	}
	return tree, meta.Keys(), nil
}

// assign stores the value of one key of the file.
func (c *Config) assign(key toml.Key, tree map[string]any) error {
	name := strings.Join(key, ".")
	v, ok := lookup(tree, key)
	if !ok {
		// Below an array of tables, which the schema has none of: the array
		// itself has been refused before.
		return nil
	}
	f, known := byKey[name]
	known = known && len(key) == 1+strings.Count(name, ".") // "live.gen_lr" = 1 in quotes is one part
	if _, table := v.(map[string]any); table && !known {
		if isTable(name) {
			return nil
		}
		return &keyError{c.src.place(name), c.src.line(name), name + ": no such table"}
	}
	if !known {
		if isTable(name) {
			return c.src.errorAt(name, c.src.raw(name, "an array of tables"), "a table")
		}
		return &keyError{c.src.place(name), c.src.line(name), key.String() + ": no such setting" + suggest(name, c.Method)}
	}
	if !f.usedBy(c.Method) {
		return &keyError{c.src.place(name), c.src.line(name),
			fmt.Sprintf("%s: not a setting of method %q, only of %s", name, c.Method, strings.Join(f.methods, " and "))}
	}
	if !store(f.of(c), v) {
		return c.src.errorAt(name, c.src.raw(name, "a table"), f.want())
	}
	return nil
}

func lookup(tree map[string]any, key []string) (any, bool) {
	var v any = tree
	for _, part := range key {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[part]; !ok {
			return nil, false
		}
	}
	return v, true
}

// raw returns the value of a key as the file spells it, on one line.
func (s *source) raw(key, missing string) string {
	e, ok := s.layout.find(key)
	if !ok {
		return missing
	}
	text := strings.Join(strings.Fields(s.layout.text[e.at.lo:e.at.hi]), " ")
	if r := []rune(text); len(r) > 60 {
		text = string(r[:59]) + "…"
	}
	return text
}

// store converts a decoded TOML value; false means that its type is wrong or a
// number not finite.
func store(dst reflect.Value, v any) bool {
	switch p := dst.Addr().Interface().(type) {
	case *string:
		s, ok := v.(string)
		*p = s
		return ok
	case *int:
		n, ok := v.(int64)
		*p = int(n)
		return ok
	case *int64:
		n, ok := v.(int64)
		*p = n
		return ok
	case *float64:
		switch n := v.(type) {
		case int64:
			*p = float64(n)
		case float64:
			*p = n
		default:
			return false
		}
		return !math.IsNaN(*p) && !math.IsInf(*p, 0)
	case *[]int:
		return storeList(p, v, func(n int64) int { return int(n) })
	case *[]string:
		return storeList(p, v, func(s string) string { return s })
	}
	panic(fmt.Sprintf("configs: field of type %s has no conversion", dst.Type()))
}

func storeList[From, To any](dst *[]To, v any, convert func(From) To) bool {
	list, ok := v.([]any)
	if !ok {
		return false
	}
	out := make([]To, len(list))
	for i, x := range list {
		from, ok := x.(From)
		if !ok {
			return false
		}
		out[i] = convert(from)
	}
	*dst = out
	return true
}

// syntaxError turns the TOML library's error into our form.
func syntaxError(name string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return fmt.Errorf("configs: %s:1: %w", name, err)
	}
	text := "syntax: " + strings.Join(strings.Fields(pe.Message), " ")
	if pe.LastKey != "" {
		text = pe.LastKey + ": " + text
	}
	line := max(pe.Position.Line, 1)
	return &keyError{fmt.Sprintf("%s:%d: ", name, line), line, text}
}
