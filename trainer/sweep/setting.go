package sweep

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"innate/configs"
)

// Setting is a setting of a run by its key, with its value as configs.Set takes it.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`

	line int // of the sweep's file; 0 for what it does not say
}

func (s Setting) String() string { return s.Key + "=" + s.Value }

// Settings are settings in order: of two of a key the later one counts.
type Settings []Setting

// Value is that of a key; ok is false if it is not among them.
func (s Settings) Value(key string) (value string, ok bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].Key == key {
			return s[i].Value, true
		}
	}
	return "", false
}

// methodKey is a setting by which others are there or not.
const methodKey = "method"

// Apply edits the text of a configuration: to another method first, if there is one
// among the settings, which keeps what both methods use.
func (s Settings) Apply(text string) (string, error) {
	var err error
	if method, ok := s.Value(methodKey); ok {
		if text, err = configs.ForMethod(text, method); err != nil {
			return "", err
		}
	}
	for _, set := range s {
		if set.Key == methodKey {
			continue
		}
		if text, err = configs.Set(text, set.Key, set.Value); err != nil {
			return "", &settingError{set, err}
		}
	}
	return text, nil
}

// settingError is an error about one of the settings.
type settingError struct {
	Setting
	err error
}

func (e *settingError) Error() string { return plain(e.err) }
func (e *settingError) Unwrap() error { return e.err }

// placed is what configs puts in front of an error about a text that nobody wrote.
var placed = regexp.MustCompile(`^configs: ([^ :]*:\d+: )?`)

// plain is an error about a configuration without the place in it, which is another's:
// the text was put together here.
func plain(err error) string { return placed.ReplaceAllString(err.Error(), "") }

// lineOf is the line of the setting that an error is about; 0 where it is not known.
func (s Settings) lineOf(err error) int {
	var about *settingError
	if errors.As(err, &about) {
		return about.line
	}
	key, _, _ := strings.Cut(plain(err), ":")
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].Key == key {
			return s[i].line
		}
	}
	return 0
}

// flatten makes settings of nested tables, in the order of their keys.
func flatten(prefix string, tree map[string]any) (list Settings, err error) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		key := prefix + name
		if table, ok := tree[name].(map[string]any); ok {
			below, err := flatten(key+".", table)
			if err != nil {
				return nil, err
			}
			list = append(list, below...)
			continue
		}
		value, err := literal(tree[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		list = append(list, Setting{Key: key, Value: value})
	}
	return list, nil
}

// literal writes a value as configs.Set takes it: a string as it is.
func literal(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case map[string]any: // in a list, as of freeze.schedule
		items := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text, err := element(v[key])
			if err != nil {
				return "", err
			}
			items = append(items, key+" = "+text)
		}
		return "{" + strings.Join(items, ", ") + "}", nil
	case []map[string]any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return literal(list)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			text, err := element(item)
			if err != nil {
				return "", err
			}
			items[i] = text
		}
		return "[" + strings.Join(items, ", ") + "]", nil
	}
	return "", fmt.Errorf("got %T, want a string, a number, true, false, a list or a table", v)
}

// element writes a value inside of another, where a string has quotes.
func element(v any) (string, error) {
	text, err := literal(v)
	if _, ok := v.(string); ok {
		text = strconv.Quote(text)
	}
	return text, err
}
