package configs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
)

// Limits of a configuration file, far beyond what a run has to say: parsing
// takes time and memory by the square of the depth.
const (
	maxFileBytes = 1 << 20
	maxDepth     = 16 // tables and arrays in each other, and parts of a dotted key
)

// source remembers the text that a Config was read from.
type source struct {
	name   string // as messages print it
	layout layout
}

// errorAt returns an error about a key: its file and line where known.
func (s *source) errorAt(key, got, want string) *keyError {
	return s.wrong(key, fmt.Sprintf("%s: got %s, want %s", shown(key), shown(got), want))
}

// wrong is errorAt in the caller's words.
func (s *source) wrong(key, text string) *keyError {
	if s == nil {
		return &keyError{key: key, text: text}
	}
	return &keyError{key, s.name, s.layout.lineOf(key), text}
}

// keyError is an error about one key; the first by line is reported.
type keyError struct {
	key  string
	file string // as messages print it; "" for what was not read from one
	line int
	text string
}

func (e *keyError) Error() string {
	if e.file == "" {
		return "configs: " + e.text
	}
	return fmt.Sprintf("configs: %s:%d: %s", e.file, e.line, e.text)
}

// At gives an error of the trainer about a key, or a table, the place in the
// file that any other refusal has.
func (c *Config) At(key string, err error) error {
	return c.src.wrong(key, clip(err.Error(), 3*maxShown))
}

// KeyOf returns the key, or the table, that an error is about; "" for none.
func KeyOf(err error) string {
	var e *keyError
	if errors.As(err, &e) {
		return e.key
	}
	return ""
}

// Named gives what err says of a key, if it does, the place in the file that its reader
// knows by name, when the text was parsed by another.
func Named(name string, err error) error {
	var e *keyError
	if errors.As(err, &e) && e.file != "" {
		e.file = name
	}
	return err
}

// Load reads and checks a configuration file.
func Load(path string) (*Config, error) {
	text, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(filepath.Base(path), text)
}

// ReadFile returns the text of a configuration file, which must be a regular
// file of at most 1 MiB. It never waits, as for the writer of a pipe.
func ReadFile(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", fmt.Errorf("configs: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("configs: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", &keyError{"", path, 1, fmt.Sprintf("got a %s, want a regular file", kindOf(info.Mode()))}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1)) // it may grow meanwhile
	if err != nil {
		return "", fmt.Errorf("configs: %w", err)
	}
	if len(b) > maxFileBytes {
		return "", tooBig(path, max(info.Size(), int64(len(b))))
	}
	return string(b), nil
}

func tooBig(name string, size int64) error {
	return &keyError{"", name, 1, fmt.Sprintf("got %d bytes, want at most %d", size, maxFileBytes)}
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "directory"
	case mode&fs.ModeNamedPipe != 0:
		return "named pipe"
	}
	return "device"
}

// Parse reads a TOML text over the defaults of its method and validates the
// result. The name stands for the file in messages.
func Parse(name, text string) (*Config, error) {
	tree, keys, layout, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	src := &source{name, layout}
	method, ok := tree["method"].(string)
	if !ok {
		return nil, src.errorAt("method", src.raw("method", "nothing"), oneOf(Methods()))
	}
	c, err := Default(method)
	if err != nil {
		return nil, src.errorAt("method", src.raw("method", ""), oneOf(Methods()))
	}
	c.src = src
	c.startFrom(tree)
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

// decode reads a TOML text within the limits into nested maps, and lists its
// keys in order.
func decode(name, text string) (map[string]any, []toml.Key, layout, error) {
	if len(text) > maxFileBytes {
		return nil, nil, layout{}, tooBig(name, int64(len(text)))
	}
	if i := invalidUTF8(text); i >= 0 {
		return nil, nil, layout{}, &keyError{"", name, 1 + strings.Count(text[:i], "\n"),
			fmt.Sprintf("syntax: got byte 0x%02x, want UTF-8", text[i])}
	}
	l := scanLayout(text)
	if l.deepLine > 0 {
		return nil, nil, l, &keyError{"", name, l.deepLine, fmt.Sprintf("got deeper nesting, want at most %d levels", maxDepth)}
	}
	var tree map[string]any
	meta, err := toml.Decode(text, &tree)
	if err != nil {
		return nil, nil, l, syntaxError(name, err)
	}
	if b := l.check(); b != nil {
		return nil, nil, l, &keyError{"", name, b.line, "syntax: " + b.text}
	}
	keys := meta.Keys()
	for _, table := range listed {
		keys = numberTables(table, tree, keys, l)
	}
	return tree, keys, l, nil
}

// numberTables turns a list of tables, such as discriminators that are written as
// [[disc]] each, into the tables disc, disc1 and so on, as the layout calls them.
func numberTables(table string, tree map[string]any, keys []toml.Key, l layout) []toml.Key {
	list, ok := tree[table].([]map[string]any)
	if _, header := l.header(table); !ok || !header {
		return keys
	}
	for k, item := range list {
		if _, taken := tree[numbered(table, k)]; k == 0 || !taken {
			tree[numbered(table, k)] = item
		}
	}
	k, out := -1, make([]toml.Key, len(keys))
	for i, key := range keys {
		if key[0] == table {
			if len(key) == 1 {
				k++
			}
			key = append(toml.Key{numbered(table, k)}, key[1:]...)
		}
		out[i] = key
	}
	return out
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(text string) int {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return i
		}
	}
	return -1
}

// assign stores the value of one key of the file.
func (c *Config) assign(key toml.Key, tree map[string]any) error {
	name := strings.Join(key, ".")
	if len(key) > 2 && strings.HasPrefix(name, scheduleKey+".") {
		return nil // read with the list
	}
	v, ok := lookup(tree, key)
	if key[0] == ratesKey && ok {
		return c.assignRate(key, v)
	}
	if name == scheduleKey && len(key) == 2 && ok {
		return c.assignSchedule(v)
	}
	if !ok { // below what the text goes on to make a value, or below an array of tables
		return c.src.wrong(name, shown(name)+": no such setting")
	}
	f, known := byKey[name]
	known = known && len(key) == 1+strings.Count(name, ".") // "live.gen_lr" = 1 in quotes is one part
	if _, table := v.(map[string]any); table && !known {
		if isTable(name) {
			return nil
		}
		return c.src.wrong(name, shown(name)+": no such table")
	}
	if !known {
		if isTable(name) {
			return c.src.errorAt(name, c.src.raw(name, "an array of tables"), "a table")
		}
		return c.src.wrong(name, shown(key.String())+": no such setting"+suggest(name, c.Method))
	}
	if !f.usedBy(c.Method) {
		return c.src.wrong(name,
			fmt.Sprintf("%s: not a setting of method %q, only of %s", name, c.Method, strings.Join(f.methods, " and ")))
	}
	if !store(f.of(c), v) {
		return c.src.errorAt(name, c.src.raw(name, "a table"), f.typeName())
	}
	if x, ok := v.(float64); ok && x == 0 {
		// 1e-400 reads as 0, which often means never or none.
		literal := c.src.raw(name, "0")
		digits, _, _ := strings.Cut(strings.ToLower(literal), "e")
		if strings.ContainsAny(digits, "123456789") {
			return c.src.errorAt(name, literal, f.want+": it reads as 0")
		}
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
	return strings.Join(strings.Fields(s.layout.text[e.at.lo:e.at.hi]), " ")
}

// store converts a decoded TOML value; false means that its type is wrong or a
// number not finite.
func store(dst reflect.Value, v any) bool {
	switch p := dst.Addr().Interface().(type) {
	case *string:
		s, ok := v.(string)
		*p = s
		return ok
	case *bool:
		b, ok := v.(bool)
		*p = b
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
	case *[]float64:
		list, ok := v.([]any)
		*p = make([]float64, len(list))
		for i, x := range list {
			ok = ok && store(reflect.ValueOf(&(*p)[i]).Elem(), x)
		}
		return ok
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
		return &keyError{"", name, 1, "syntax: " + shown(err.Error())}
	}
	text := "syntax: " + shown(strings.Join(strings.Fields(pe.Message), " "))
	if pe.LastKey != "" {
		text = shown(pe.LastKey) + ": " + text
	}
	return &keyError{"", name, max(pe.Position.Line, 1), text}
}
