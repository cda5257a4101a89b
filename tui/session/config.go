package session

import (
	"path/filepath"
	"strings"

	"innate/configs"
	"innate/trainer/run"
)

// ConfigFile is config.toml as last read, with what is known of its settings.
type ConfigFile struct {
	Text   string
	Parsed *configs.Config // nil if it doesn't parse
	Err    error           // why it cannot be read

	Lines    map[string]int // line of each setting, from 0
	Entries  map[string]configs.Entry
	Changed  map[string]string // value in the preset, or by default, of what differs from that
	Preset   string            // that the run is named after, or ""
	Presets  map[string]string // values there …
	Defaults map[string]string // … and by default
}

// readConfig reads config.toml of a run.
func readConfig(dir string) *ConfigFile {
	f := &ConfigFile{Entries: map[string]configs.Entry{}, Lines: map[string]int{}, Changed: map[string]string{}}
	if f.Text, f.Err = configs.ReadFile(filepath.Join(dir, run.ConfigFile)); f.Err != nil {
		return f
	}
	for key, line := range configs.Lines(f.Text) {
		f.Lines[key] = line - 1
	}
	// What is wrong with the text is the trainer's to say, in its status.
	f.Parsed, _ = configs.Parse(run.ConfigFile, f.Text)
	c := f.Parsed
	if c == nil {
		return f
	}
	for _, e := range c.Entries() {
		f.Entries[e.Key] = e
	}
	if changes, preset, err := configs.DiffFromPreset(f.Text); err == nil {
		f.Preset = preset
		for _, d := range changes {
			f.Changed[d.Key] = d.Old
		}
	}
	f.Defaults = valuesOf(configs.Default(c.Method))
	f.Presets = valuesOf(configs.Preset(f.Preset))
	return f
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

// Offer completes a setting: it offers the live ones and, once a key is typed,
// its present value.
func (f *ConfigFile) Offer(word string) []string {
	if f == nil || f.Parsed == nil {
		return nil
	}
	typed, _, valued := strings.Cut(word, "=")
	var offers []string
	for _, e := range f.Parsed.Entries() {
		short := e.Key[strings.LastIndexByte(e.Key, '.')+1:]
		switch {
		case !e.Live:
		case !valued:
			offers = append(offers, e.Key+"=")
		case typed == e.Key || typed == short:
			offers = append(offers, typed+"="+e.Value)
			if e.Value == "true" || e.Value == "false" {
				offers = append(offers, typed+"=true", typed+"=false")
			}
		}
	}
	return offers
}

// ShortValue writes a value in TOML notation for people: strings without quotes.
func ShortValue(s string) string {
	if s == `""` || s == "[]" {
		return "empty"
	}
	if rest, ok := strings.CutPrefix(s, `"`); ok && strings.Count(s, `"`) == 2 && !strings.Contains(s, `\`) {
		return strings.TrimSuffix(rest, `"`)
	}
	return s
}
