package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/configs"
)

// Messages stay short, whatever is in the file.
const maxMessageBytes = 1000

// addTexts makes the presets and the bad files the seeds of a fuzz target.
func addTexts(f *testing.F, add func(text string)) {
	f.Helper()
	for _, name := range configs.Presets() {
		text, err := configs.PresetText(name)
		if err != nil {
			f.Fatal(err)
		}
		add(text)
	}
	files, _ := filepath.Glob("testdata/*.bad.toml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		add(string(b))
	}
	add("method = 'gdd'\r\nlive = { gen_lr = 1e-3, }\r\nfreeze.freeze = [ # why\n 'a#', # b\n]\n")
	add("\ufeff'method' = \"\"\"gdd\"\"\"\n[\"live\"]\n\"gen\\u005flr\" = 0.1 # c\n")
}

// FuzzParse parses anything: a valid config, or one line with a place.
func FuzzParse(f *testing.F) {
	addTexts(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		c, err := configs.Parse("f.toml", text)
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "configs: f.toml:") || len(s) > maxMessageBytes {
				t.Errorf("got %q, want one line with a place", s)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("parsed, but not valid: %v", err)
		}
		if len(text) > configs.MaxFileBytes {
			t.Errorf("parsed %d bytes, want at most %d", len(text), configs.MaxFileBytes)
		}
	})
}

// FuzzSet sets a setting in any text that parses: what then parses has that
// value, and all other values and comments are as they were.
func FuzzSet(f *testing.F) {
	addTexts(f, func(text string) {
		f.Add(text, uint8(0), "x")
		f.Add(text, uint8(20), "3.5")
		f.Add(text, uint8(45), "a*, 'b'")
	})
	f.Fuzz(func(t *testing.T, text string, setting uint8, value string) {
		old, err := configs.Parse("f.toml", text)
		if err != nil {
			return
		}
		entries := old.Entries()
		e := entries[int(setting)%len(entries)]
		edited, err := configs.Set(text, e.Key, value)
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || len(s) > maxMessageBytes {
				t.Errorf("got %q, want one line", s)
			}
			return // of another type, or an odd layout: refused, not damaged
		}
		commentsKept(t, text, edited, e)
		now, err := configs.Parse("f.toml", edited)
		if err != nil {
			// Out of range; nothing else in the file can have become wrong.
			if e.Key != "method" && !strings.Contains(err.Error(), ": "+e.Key+": ") && !strings.Contains(err.Error(), "model.") {
				t.Errorf("%s = %q: %v in\n%s", e.Key, value, err, edited)
			}
			return
		}
		for _, d := range configs.Diff(old, now) {
			if d.Key != e.Key && e.Key != "method" {
				t.Errorf("%s = %q also changed %v in\n%s", e.Key, value, d, edited)
			}
		}
		// The value that was read is the one that was set: setting it again, as
		// it is written now, changes no setting.
		again, err := configs.Set(edited, e.Key, entryOf(t, now, e.Key).Value)
		if err != nil {
			t.Fatalf("%s: again: %v in\n%s", e.Key, err, edited)
		}
		last, err := configs.Parse("f.toml", again)
		if err != nil || len(configs.Diff(now, last)) > 0 {
			t.Errorf("%s: again: %v, %v in\n%s", e.Key, configs.Diff(now, last), err, again)
		}
	})
}

func entryOf(t *testing.T, c *configs.Config, key string) configs.Entry {
	t.Helper()
	for _, e := range c.Entries() {
		if e.Key == key {
			return e
		}
	}
	t.Fatalf("no %s under method %s", key, c.Method)
	return configs.Entry{}
}

// commentsKept checks that an edit took nothing out of a text but the old
// value, which can hold a comment or a line end only as a string or a list.
func commentsKept(t *testing.T, text, edited string, old configs.Entry) {
	t.Helper()
	head := 0
	for head < min(len(text), len(edited)) && text[head] == edited[head] {
		head++
	}
	tail := 0
	for tail < min(len(text), len(edited))-head && text[len(text)-1-tail] == edited[len(edited)-1-tail] {
		tail++
	}
	removed := text[head : len(text)-tail]
	if strings.ContainsAny(removed, "#\n") && !strings.ContainsAny(old.Value[:1], "\"[") {
		t.Errorf("setting %s removed %q from\n%s\nand made\n%s", old.Key, removed, text, edited)
	}
}

// FuzzDebounce looks at a file that changes at any time: only what has stood long
// enough is reported, nothing twice in a row, and in the end whatever it says.
// Each byte is a look: what it finds, and how long after the one before.
func FuzzDebounce(f *testing.F) {
	f.Add([]byte{0x11, 0x31, 0x31, 0x31})
	f.Add([]byte{0x10, 0x11, 0x10, 0xf0, 0xf0, 0xf2, 0x02, 0x02, 0x52})
	f.Fuzz(func(t *testing.T, script []byte) {
		type look struct {
			what string
			at   time.Time
		}
		now := time.Unix(1763854000, 0)
		s := configs.NewDebouncer("known", now)
		reported, looks := "known", []look{{"known", now}}
		see := func(text, problem string) (news bool, again time.Duration) {
			news, again = s.See(text, problem, now)
			what := text + problem
			looks = append(looks, look{what, now})
			if !news {
				return news, again
			}
			need := configs.DebounceTime
			if what == "" {
				need = configs.PollEvery
			}
			stood := time.Duration(0)
			for i := len(looks) - 1; i >= 0 && looks[i].what == what; i-- {
				stood = now.Sub(looks[i].at)
			}
			if stood < need || what == reported {
				t.Fatalf("reported %q after %v, the last was %q; looks %v", what, stood, reported, looks)
			}
			reported = what
			return news, again
		}
		text, problem := "known", ""
		for _, b := range script {
			now = now.Add(time.Duration(b>>3) * 10 * time.Millisecond)
			text, problem = []string{"", "known", "a", "b", "c", "", "", "d"}[b&7], ""
			if b&7 > 4 && text == "" {
				problem = "configs: no file"
			}
			see(text, problem)
		}
		for range 10 { // nothing changes any more
			_, again := see(text, problem)
			now = now.Add(again)
		}
		if reported != text+problem {
			t.Errorf("at the end reported %q, the file says %q", reported, text+problem)
		}
	})
}
