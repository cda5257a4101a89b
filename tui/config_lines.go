package tui

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"innate/configs"
	"innate/trainer/control"
	"innate/tui/panes"
)

// configFile is config.toml as last read, with all that the view needs to know
// of it: reading happens outside Update.
type configFile struct {
	text   string
	parsed *configs.Config // nil if it doesn't parse
	err    error           // why it cannot be read

	lines    []panes.ConfigLine
	keys     []string // setting on each line, or ""
	lineOf   map[string]int
	entries  map[string]configs.Entry
	preset   string            // that the run is named after, or ""
	presets  map[string]string // values there …
	defaults map[string]string // … and by default
}

// maxLine bounds, in bytes, what is drawn of a line.
const maxLine = 1000

// readConfig reads config.toml of a run.
func readConfig(dir string) *configFile {
	f := &configFile{entries: map[string]configs.Entry{}}
	if f.text, f.err = configs.ReadFile(filepath.Join(dir, control.ConfigFile)); f.err != nil {
		return f
	}
	// What is wrong with the text is the trainer's to say, in its status.
	f.parsed, _ = configs.Parse(control.ConfigFile, f.text)
	was := map[string]string{}
	if c := f.parsed; c != nil {
		for _, e := range c.Entries() {
			f.entries[e.Key] = e
		}
		changes, preset, err := configs.DiffFromPreset(f.text)
		if err == nil {
			f.preset = preset
			for _, d := range changes {
				was[d.Key] = f.base() + " " + emptyOr(d.Old)
			}
		}
		f.defaults = valuesOf(configs.Default(c.Method))
		f.presets = valuesOf(configs.Preset(f.preset))
	}
	f.split(was)
	return f
}

// base names what changes are counted from.
func (f *configFile) base() string {
	if f.preset == "" {
		return "default"
	}
	return "preset"
}

// emptyOr writes a value, also one that there is nothing of to see.
func emptyOr(value string) string {
	if value == `""` || value == "[]" {
		return "empty"
	}
	return panes.Plain(value)
}

// valuesOf lists the values of a configuration, of which there may be none.
func valuesOf(c *configs.Config, err error) map[string]string {
	values := map[string]string{}
	if err == nil {
		for _, e := range c.Entries() {
			values[e.Key] = e.Value
		}
	}
	return values
}

// split makes the lines; was holds what settings were instead.
func (f *configFile) split(was map[string]string) {
	f.lineOf = map[string]int{}
	keyAt := map[int]string{}
	for key, line := range configs.Lines(f.text) {
		f.lineOf[key], keyAt[line-1] = line-1, key
	}
	table := ""
	for raw := range strings.Lines(f.text) {
		l := panes.ConfigLine{Text: drawable(raw)}
		key := keyAt[len(f.lines)]
		if name, ok := strings.CutPrefix(strings.TrimSpace(l.Text), "["); ok && key == "" {
			name, _, _ = strings.Cut(name, "]")
			table, l.Head = strings.TrimSpace(name), true
		}
		l.Was = was[key]
		switch {
		case key != "":
			l.Fixed = !isLive(key)
		case table != "":
			l.Fixed = !isLive(table + ".")
		}
		f.lines, f.keys = append(f.lines, l), append(f.keys, key)
	}
}

// isLive reports whether a setting may change while the run goes on.
func isLive(key string) bool {
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
	return panes.Plain(strings.ReplaceAll(raw, "\t", "    "))
}

// firstLive is the first line that may be changed while the run goes on, where
// the cursor starts; the first of all if there is none.
func (f *configFile) firstLive() int {
	return max(slices.IndexFunc(f.keys, isLive), 0)
}

// key returns the setting on a line, or "".
func (f *configFile) key(line int) string {
	if f == nil || line >= len(f.keys) {
		return ""
	}
	return f.keys[line]
}
