package run_test

import (
	"strings"
	"testing"

	"innate/trainer/run"
)

func TestNote(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ words, want, err string }{
		{"b +a", "a b", ""},
		{"a -b c -nowhere", "a c", ""},
		{"d bad!", "a c", `run: tag: got "bad!"`},
		{"+", "a c", "run: tag: got an empty one"},
		{"--x", "a c", ""}, // no such tag
		{"-a -c", "", ""},
	} {
		err := run.Note(dir, strings.Fields(c.words), nil)
		if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: got error %v, want %q", c.words, err, c.err)
		}
		about, err := run.ReadAbout(dir)
		if got := strings.Join(about.Tags, " "); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.words, got, err, c.want)
		}
	}
	if err := run.Note(dir, []string{"bad tag"}, new("a note")); err == nil {
		t.Error("a bad tag was taken")
	}
	if about, _ := run.ReadAbout(dir); about.Note != "" {
		t.Errorf("got note %q beside a bad tag, want none", about.Note)
	}
	for _, text := range []string{" a note\n", ""} {
		if err := run.Note(dir, nil, &text); err != nil {
			t.Fatal(err)
		}
		if about, _ := run.ReadAbout(dir); about.Note != strings.TrimSpace(text) {
			t.Errorf("got note %q, want %q", about.Note, strings.TrimSpace(text))
		}
	}
}

func TestTagged(t *testing.T) {
	a := run.About{Tags: []string{"good", "mine"}}
	for tags, want := range map[string]bool{"": true, "good": true, "good mine": true, "goo": false, "!bad": true, "good !mine": false} {
		if got := a.Tagged(strings.Fields(tags)); got != want {
			t.Errorf("%q: got %v, want %v", tags, got, want)
		}
	}
}
