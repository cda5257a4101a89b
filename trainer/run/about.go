package run

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// About is what people, and the queue of a sweep, have noted of a run. It has no
// part in the training. AboutFile keeps it.
type About struct {
	Group string   `json:"group,omitempty"` // the ensemble or sweep that the run belongs to; "" of a run alone
	Point string   `json:"point,omitempty"` // what its group calls the settings by which it differs; runs of one differ in seed alone
	Tags  []string `json:"tags,omitempty"`  // sorted, each once
	Note  string   `json:"note,omitempty"`  // any text of at most MaxNote bytes
}

// Bounds of what is noted.
const (
	MaxTags = 32
	MaxNote = 4096 // bytes
)

var tagWords = regexp.MustCompile(`^[\pL\pN][\pL\pN._/-]{0,31}$`)

// ReadAbout reads what is noted of a run. Nothing noted is the zero About; a file that
// cannot be read, or that says what Check refuses, is an error.
func ReadAbout(dir string) (a About, err error) {
	path := filepath.Join(dir, AboutFile)
	b, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return About{}, nil
	}
	if err != nil {
		return About{}, fmt.Errorf("run: %w", err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return About{}, fmt.Errorf("run: %s: %w", path, err)
	}
	if err := a.Check(); err != nil {
		return About{}, fmt.Errorf("%w in %s", err, path)
	}
	return a, nil
}

// EditAbout changes what is noted of a run. Nothing is written where edit changes
// nothing, or makes what Check refuses. Of two edits at the same moment the later one
// may undo the first: they are made by people.
func EditAbout(dir string, edit func(*About)) error {
	old, err := ReadAbout(dir)
	if err != nil {
		return err
	}
	a := old
	a.Tags = slices.Clone(old.Tags)
	edit(&a)
	slices.Sort(a.Tags)
	a.Tags = slices.Compact(a.Tags)
	if err := a.Check(); err != nil {
		return err
	}
	if a.Group == old.Group && a.Point == old.Point && a.Note == old.Note && slices.Equal(a.Tags, old.Tags) {
		return nil
	}
	return writeJSONFile(dir, AboutFile, a)
}

// Check refuses what lists could not show.
func (a About) Check() error {
	for _, tag := range a.Tags {
		if !tagWords.MatchString(tag) {
			return fmt.Errorf("run: tag: got %.40q, want 1 to 32 letters, digits and any of ._/-, a letter or digit first", tag)
		}
	}
	if len(a.Tags) > MaxTags {
		return fmt.Errorf("run: tags: got %d, want at most %d", len(a.Tags), MaxTags)
	}
	if len(a.Note) > MaxNote {
		return fmt.Errorf("run: note: got %d bytes, want at most %d", len(a.Note), MaxNote)
	}
	for _, text := range []struct{ name, text, but string }{{"group", a.Group, ""}, {"point", a.Point, ""}, {"note", a.Note, "\n\t"}} {
		if strings.ContainsFunc(text.text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(text.but, r) }) {
			return fmt.Errorf("run: %s: got %.40q, want no control characters", text.name, text.text)
		}
	}
	return nil
}
