package configs

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A file dropped into presets/ is a preset; nothing else lists them.
//
//go:embed presets/*.toml
var presetFiles embed.FS

// Presets lists the names of the shipped runs, sorted.
func Presets() []string {
	files, err := fs.Glob(presetFiles, "presets/*.toml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(f, "presets/"), ".toml")
	}
	return names
}

// PresetText returns the file of a preset with its comments.
func PresetText(name string) (string, error) {
	b, err := presetFiles.ReadFile("presets/" + name + ".toml")
	if err != nil {
		return "", fmt.Errorf("configs: preset %q: none of %s", name, oneOf(Presets()))
	}
	return string(b), nil
}

// Preset returns the settings of a preset.
func Preset(name string) (*Config, error) {
	text, err := PresetText(name)
	if err != nil {
		return nil, err
	}
	return Parse(name+".toml", text)
}

// Summary returns what the leading comment of a configuration text says, as one
// line: what the run does.
func Summary(text string) string {
	var words []string
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok || strings.TrimSpace(comment) == "" {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	return strings.Join(words, " ")
}

// Open reads what a user names on a command line: a preset, or else a file. It
// returns the text too, which becomes the config.toml of a run.
func Open(presetOrPath string) (text string, c *Config, err error) {
	if text, err = PresetText(presetOrPath); err == nil {
		c, err = Parse(FileName(presetOrPath), text)
		return text, c, err
	}
	if _, statErr := os.Stat(presetOrPath); statErr != nil && !strings.ContainsAny(presetOrPath, "./") {
		return "", nil, fmt.Errorf("configs: %q: neither a file nor a preset (%s)", presetOrPath, oneOf(Presets()))
	}
	if text, err = ReadFile(presetOrPath); err != nil {
		return "", nil, err
	}
	c, err = Parse(presetOrPath, text)
	return text, c, err
}

// FileName is what errors of Open call the file of a preset, or the file at a path.
func FileName(presetOrPath string) string {
	if _, err := PresetText(presetOrPath); err == nil {
		return presetOrPath + ".toml"
	}
	return presetOrPath
}

// DiffFromPreset lists the settings of a configuration text that differ from
// those of the preset that it is named after, or else (preset is "") from the
// defaults of its method. The name itself is not compared.
func DiffFromPreset(text string) (changes []Change, preset string, err error) {
	c, err := Parse("config.toml", text)
	if err != nil {
		return nil, "", err
	}
	base, err := Preset(c.Name)
	if err == nil && base.Method == c.Method {
		return Diff(base, c), c.Name, nil
	}
	if base, err = Default(c.Method); err != nil {
		return nil, "", err
	}
	base.Name = c.Name
	return Diff(base, c), "", nil
}
