package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	"innate/configs"
)

// TestBadFiles parses every testdata/*.bad.toml, whose message stands in the
// .txt beside it.
func TestBadFiles(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.bad.toml")
	if len(files) < 70 {
		t.Fatalf("got %d bad files, want at least 70", len(files))
	}
	said := ""
	for _, file := range files {
		want, err := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		_, err = configs.Load(file)
		if err == nil {
			t.Errorf("%s: accepted, want %s", file, want)
			continue
		}
		if got := err.Error(); got != strings.TrimSuffix(string(want), "\n") {
			t.Errorf("%s:\n got %s\nwant %s", file, got, want)
		}
		said += err.Error() + "\n"
	}
	// Every setting has a bad file: one that is read without a check has none.
	for _, method := range configs.Methods() {
		c, err := configs.Default(method)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Entries() {
			if !strings.Contains(said, ": "+e.Key+": ") {
				t.Errorf("no testdata/*.bad.toml is about %s", e.Key)
			}
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	for _, method := range configs.Methods() {
		c, err := configs.Default(method)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		parsed, err := configs.Parse("x.toml", "method = \""+method+"\"\n")
		if err != nil {
			t.Fatal(err)
		}
		if d := configs.Diff(c, parsed); len(d) > 0 {
			t.Errorf("%s: an empty file differs from the defaults: %v", method, d)
		}
	}
	if _, err := configs.Default("gan"); err == nil || !strings.Contains(err.Error(), `got "gan"`) {
		t.Errorf("got %v, want an error that names the method", err)
	}
}

func TestParseReadsEveryKind(t *testing.T) {
	c, err := configs.Parse("x.toml", `
method = 'gdd'
name = "a"
run = { seed = 0x10, batch = 1_0 }
live.gen_lr = 1
live."disc_lr" = 5e-1
[freeze]
freeze = [ "enc.*",
  'dec.*', # the rest
]
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Run.Seed != 16 || c.Run.Batch != 10 || c.Live.GenLR != 1 || c.Live.DiscLR != 0.5 || c.Name != "a" ||
		strings.Join(c.Freeze.Freeze, " ") != "enc.* dec.*" {
		t.Errorf("got %+v", c)
	}
	if c.Live.R1Interval != 16 {
		t.Errorf("r1_interval: got %d, want the default 16", c.Live.R1Interval)
	}
}

func TestLoadRefusesOddFiles(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.toml")
	if err := os.WriteFile(big, make([]byte, 2<<20), 0o644); err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(dir, "pipe.toml") // opening one for reading waits for a writer
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                           "got a directory, want a regular file",
		pipe:                          "pipe.toml:1: got a named pipe, want a regular file",
		"/dev/null":                   "got a device, want a regular file",
		big:                           "big.toml:1: got 2097152 bytes, want at most 1048576",
		filepath.Join(dir, "no.toml"): "no such file",
	} {
		if _, err := configs.Load(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

// TestValidateWithoutFile checks a value that was set by the program.
func TestValidateWithoutFile(t *testing.T) {
	c, _ := configs.Default(configs.GDD)
	c.Live.GenLR = 2
	if err := c.Validate(); err == nil || err.Error() != "configs: live.gen_lr: got 2.0, want in (0, 1]" {
		t.Errorf("got %v", err)
	}
	c.Method = "gan"
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), `method: got "gan"`) {
		t.Errorf("got %v", err)
	}
}

func TestPresets(t *testing.T) {
	names := configs.Presets()
	for _, want := range []string{"mnist-disc-cnn", "mnist-edm", "mnist-fid-cnn", "mnist-gdd", "mnist-gdd-i"} {
		found := false
		for _, n := range names {
			found = found || n == want
		}
		if !found {
			t.Errorf("no preset %s in %v", want, names)
		}
	}
	for _, name := range names {
		c, err := configs.Preset(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if c.Name != name {
			t.Errorf("preset %s calls itself %s", name, c.Name)
		}
		text, _ := configs.PresetText(name)
		commentsAgree(t, name, text)
		if s := configs.Summary(text); len(s) < 40 || strings.Contains(s, "#") {
			t.Errorf("preset %s: summary %q", name, s)
		}
		// A preset explains itself: it has a comment for what it states, and those of
		// the demo state every setting.
		for line := range strings.Lines(text) {
			if field, rest, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") && !strings.Contains(rest, "#") && !slices.Contains([]string{"name", "method"}, strings.TrimSpace(field)) {
				t.Errorf("preset %s does not explain %s", name, strings.TrimSpace(line))
			}
		}
		for _, e := range c.Entries() {
			if !strings.HasPrefix(name, "mnist-") {
				break
			}
			key := e.Key[strings.LastIndexByte(e.Key, '.')+1:]
			stated := false
			for line := range strings.Lines(text) {
				field, rest, ok := strings.Cut(line, "=")
				stated = stated || strings.HasPrefix(strings.TrimLeft(line, "# ["), e.Key+"]") // a table, or a list of them
				stated = stated || ok && strings.TrimSpace(field) == key && (strings.Contains(rest, "#") || !strings.Contains(e.Key, "."))
			}
			if !stated {
				t.Errorf("preset %s does not explain %s", name, e.Key)
			}
		}
	}
	if _, err := configs.Preset("mnist"); err == nil || !strings.Contains(err.Error(), "mnist-gdd-i") {
		t.Errorf("got %v, want an error that lists the presets", err)
	}
}

// commentsAgree checks that a comment which lists the values of a setting lists
// those that the schema has.
func commentsAgree(t *testing.T, preset, text string) {
	t.Helper()
	table := ""
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(line, "["); ok {
			table = strings.TrimSpace(header[:strings.IndexByte(header, ']')]) + "."
		}
		key, rest, _ := strings.Cut(line, "=")
		_, comment, _ := strings.Cut(rest, "#")
		if _, want := configs.Doc(table + strings.TrimSpace(key)); strings.Contains(comment, " | ") && !strings.Contains(comment, want) {
			t.Errorf("preset %s: %s: comment%swant %s", preset, key, comment, want)
		}
	}
}

// TestDoc checks that every setting says what it is, and what it may be, in one
// line.
func TestDoc(t *testing.T) {
	for _, method := range configs.Methods() {
		c, err := configs.Default(method)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.Entries() {
			what, want := configs.Doc(e.Key)
			if what == "" || want == "" || len(what) > 80 || strings.Contains(what+want, "\n") || what != e.Doc || want != e.Want {
				t.Errorf("%s: what %q, want %q; the entry says %q and %q", e.Key, what, want, e.Doc, e.Want)
			}
			if len(e.Choices) > 0 && e.Choices[0] != "true" && strings.Join(e.Choices, " | ") != want {
				t.Errorf("%s: choices %v, want %s", e.Key, e.Choices, want)
			}
			// Each choice can be chosen.
			for _, choice := range e.Choices {
				text, err := configs.Set("", e.Key, choice)
				if err == nil && choice == configs.FilesSet {
					text, err = configs.Set(text, "data.path", "images.zip")
				}
				if err != nil {
					t.Errorf("%s = %s: %v", e.Key, choice, err)
				} else if _, err := configs.Parse("x.toml", "method = '"+method+"'\n"+text); err != nil && e.Key != "method" {
					t.Errorf("%s = %s: %v", e.Key, choice, err)
				}
			}
		}
	}
	if what, want := configs.Doc("nice"); what == "" || want != "in [0, 19]" {
		t.Errorf("short key: got %q and %q", what, want)
	}
	if what, want := configs.Doc("nothing"); what != "" || want != "" {
		t.Errorf("unknown key: got %q and %q", what, want)
	}
}

func TestDiffFromPreset(t *testing.T) {
	text, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	edited, err := configs.Set(text, "run.nice", "5")
	if err != nil {
		t.Fatal(err)
	}
	const own = "name = 'mine'\nmethod = 'gdd'\n[live]\ngen_lr = 1e-3\n"
	for _, tt := range []struct{ text, preset, want string }{
		{text, "mnist-gdd-i", "[]"},
		{edited, "mnist-gdd-i", "[run.nice: 0 → 5]"},
		{own, "", "[live.gen_lr: 0.0005 → 0.001]"},
		{strings.Replace(own, "mine", "mnist-edm", 1), "", "[live.gen_lr: 0.0005 → 0.001]"}, // a preset of another method
	} {
		changes, preset, err := configs.DiffFromPreset(tt.text)
		if err != nil || preset != tt.preset || fmt.Sprint(changes) != tt.want {
			t.Errorf("got %v from %q, %v, want %s from %q", changes, preset, err, tt.want, tt.preset)
		}
	}
	if _, _, err := configs.DiffFromPreset("method = 3"); err == nil {
		t.Error("a text that cannot be read was compared")
	}
}

// TestLimits parses what is too large or too deep to be a configuration: the
// TOML library takes time and memory by the square of the depth.
func TestLimits(t *testing.T) {
	const n = 200_000
	long := "method = 'gdd'\nname = '" + strings.Repeat("a", n) + "'\n"
	for _, tt := range []struct{ name, text, want string }{
		{"arrays", "\na = " + strings.Repeat("[", n), "config.toml:2: got deeper nesting, want at most 16 levels"},
		{"closed arrays", "a = " + strings.Repeat("[", n) + strings.Repeat("]", n), "deeper nesting"},
		{"inline tables", strings.Repeat("a = {", n), "deeper nesting"},
		{"dotted key", "a" + strings.Repeat(".a", n) + " = 1", "deeper nesting"},
		{"quoted dotted key", "'a'" + strings.Repeat(".\"a\"", n/2) + " = 1", "deeper nesting"},
		{"header", "[a" + strings.Repeat(".a", n) + "]", "deeper nesting"},
		{"inside a list", "a = [1, {" + strings.Repeat("a = {", n), "deeper nesting"},
		{"bytes", strings.Repeat("#\n", 1<<19) + "#", "config.toml:1: got 1048577 bytes, want at most 1048576"},
		{"value in a message", long, "config.toml:2: name: got \"aaa"},
		{"key in a message", "method = 'gdd'\n" + strings.Repeat("a", n) + " = 1\n", "config.toml:2: aaa"},
		{"escapes of TOML 1.1", "method = 'gdd'\nname = \"" + strings.Repeat(`\e`, n) + "\"\n", "config.toml:2: syntax: got the escape \\e"},
		{"tables stated twice", "method = 'gdd'\nlive.a = 1\nx.a = 1\n[x]\n", "config.toml:4: syntax: x: got it again as [x]"},
		{"terminal codes in a key", "method = 'gdd'\n\"\\u001b[2Jx\" = 1\n", "config.toml:2: "},
		{"terminal codes in a name", "method = 'gdd'\nname = \"\\u009b2J\"\n", "config.toml:2: name"},
	} {
		start := time.Now()
		_, err := configs.Parse("config.toml", tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.200v, want %s", tt.name, err, tt.want)
			continue
		}
		if s := err.Error(); len(s) > 500 || strings.ContainsFunc(s, unicode.IsControl) {
			t.Errorf("%s: message of %d bytes, want a short line: %.200q", tt.name, len(s), s)
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%s: took %v", tt.name, took)
		}
	}
	deep := "a = " + strings.Repeat("[", 15) + strings.Repeat("]", 15)
	if _, err := configs.Parse("config.toml", deep); err == nil || strings.Contains(err.Error(), "nesting") {
		t.Errorf("15 levels: got %v, want only a key that does not exist", err)
	}
}

func TestOpen(t *testing.T) {
	text, c, err := configs.Open("mnist-gdd-i")
	if err != nil || c.Freeze.Preset != "gdd-i" || !strings.HasPrefix(text, "# The demo") {
		t.Errorf("got %v, %v", c, err)
	}
	path := filepath.Join(t.TempDir(), "mine.toml")
	if err := os.WriteFile(path, []byte("method = \"edm\"\nname = \"mine\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, c, err = configs.Open(path); err != nil || c.Name != "mine" {
		t.Errorf("got %v, %v", c, err)
	}
	if _, _, err = configs.Open("nonsense"); err == nil || !strings.Contains(err.Error(), "neither a file nor a preset") {
		t.Errorf("got %v", err)
	}
}

func TestDiffAndCheckReload(t *testing.T) {
	const text = "name = 'x'\nmethod = 'gdd'\n\n[run]\nbatch = 64\nseed = 42\n"
	old, err := configs.Parse("config.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	edit := func(kv ...string) *configs.Config {
		t.Helper()
		edited := text
		for i := 0; i < len(kv); i += 2 {
			var err error
			if edited, err = configs.Set(edited, kv[i], kv[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		c, err := configs.Parse("config.toml", edited)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if d := configs.Diff(old, edit()); len(d) != 0 {
		t.Errorf("no edit: got %v", d)
	}
	live := edit("live.gen_lr", "2e-4", "freeze.train", "dec.*")
	d := configs.Diff(old, live)
	if len(d) != 2 || d[0].String() != "live.gen_lr: 0.0005 → 0.0002" || !d[0].Live || d[1].New != `["dec.*"]` {
		t.Errorf("got %v", d)
	}
	if err := configs.CheckReload(old, live); err != nil {
		t.Errorf("live settings refused: %v", err)
	}
	err = configs.CheckReload(old, edit("live.gen_lr", "2e-4", "run.batch", "128", "disc.width", "8", "run.seed", "1"))
	want := "configs: config.toml:6: run.seed: got 1, want 42: fixed once a run has started (also changed: run.batch, disc.width)"
	if err == nil || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
}

func TestCloneAndLiveMap(t *testing.T) {
	c, _ := configs.Preset("mnist-gdd-i")
	c.Freeze.Freeze = []string{"a"}
	n := c.Clone()
	n.Freeze.Freeze[0] = "b"
	if c.Freeze.Freeze[0] != "a" {
		t.Error("the clone shares the list of the original")
	}
	m := c.LiveMap()
	if m["gen_lr"] != 5e-4 || m["r1_interval"] != 16 {
		t.Errorf("got %v", m)
	}
	if _, ok := m["lr"]; ok {
		t.Errorf("got a setting of another method in %v", m)
	}
}
