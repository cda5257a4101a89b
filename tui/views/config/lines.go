package config

import (
	"slices"
	"strings"
	"unicode/utf8"

	"innate/configs"
	"innate/tui/session"
	"innate/tui/widget"
)

// fileText is config.toml line by line.
type fileText struct {
	lines []textLine
	keys  []string // setting on each line, or ""
}

// maxLine bounds, in bytes, what is drawn of a line.
const maxLine = 1000

// emptyOr writes a value, also one that there is nothing of to see.
func emptyOr(value string) string {
	if value == `""` || value == "[]" {
		return "empty"
	}
	return widget.Plain(value)
}

// splitFile makes the lines of a file.
func splitFile(f *session.ConfigFile) fileText {
	base := "preset " // what changes are counted from
	if f.Preset == "" {
		base = "default "
	}
	keyAt := map[int]string{}
	for key, line := range f.Lines {
		keyAt[line] = key
	}
	var text fileText
	table := ""
	for raw := range strings.Lines(f.Text) {
		l := textLine{Text: drawable(raw)}
		key := keyAt[len(text.lines)]
		if name, ok := strings.CutPrefix(strings.TrimSpace(l.Text), "["); ok && key == "" {
			name, _, _ = strings.Cut(name, "]")
			table, l.Head = strings.TrimSpace(name), true
		}
		if old, changed := f.Changed[key]; changed {
			l.Was = base + emptyOr(old)
		}
		switch {
		case key != "":
			l.Fixed = !isLive(key)
		case table != "":
			l.Fixed = !inLiveTable(table + ".")
		}
		text.lines, text.keys = append(text.lines, l), append(text.keys, key)
	}
	return text
}

// isLive reports whether a setting may change during the run.
func isLive(key string) bool { return configs.IsLive(key) }

// inLiveTable reports whether a key stands where all settings are live.
func inLiveTable(key string) bool {
	return strings.HasPrefix(key, "live.") || strings.HasPrefix(key, "freeze.")
}

// drawable makes a line of a file fit for the screen.
func drawable(raw string) string {
	raw = strings.TrimRight(raw, "\r\n")
	if len(raw) > maxLine {
		n := maxLine
		for n > maxLine-utf8.UTFMax && !utf8.RuneStart(raw[n]) {
			n--
		}
		raw = raw[:n]
	}
	return widget.Plain(strings.ReplaceAll(raw, "\t", "    "))
}

// firstLive is the first line that may be changed during the run, where
// the cursor starts; the first of all if there is none.
func (f *fileText) firstLive() int {
	return max(slices.IndexFunc(f.keys, inLiveTable), 0)
}

// key returns the setting on a line, or "".
func (f *fileText) key(line int) string {
	if line >= len(f.keys) {
		return ""
	}
	return f.keys[line]
}
