package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
run = { seed = 0x10, batch = 1_0, }
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
	for path, want := range map[string]string{
		dir:                           "not a regular file",
		big:                           "want at most",
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
		if s := configs.Summary(text); len(s) < 40 || strings.Contains(s, "#") {
			t.Errorf("preset %s: summary %q", name, s)
		}
		// A preset explains itself: it states every setting, with a comment.
		for _, e := range c.Entries() {
			key := e.Key[strings.LastIndexByte(e.Key, '.')+1:]
			stated := false
			for line := range strings.Lines(text) {
				field, rest, ok := strings.Cut(line, "=")
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

func FuzzParse(f *testing.F) {
	for _, name := range configs.Presets() {
		text, _ := configs.PresetText(name)
		f.Add(text)
	}
	files, _ := filepath.Glob("testdata/*.bad.toml")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := configs.Parse("f.toml", text)
		if err != nil {
			if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "configs: f.toml:") {
				t.Errorf("got %q, want one line with a place", s)
			}
			return
		}
		// What was accepted can be edited, and the edit is what is read.
		edited, err := configs.Set(text, "live.tick_kimg", "3.5")
		if err != nil {
			t.Skip() // an odd layout is refused, not damaged
		}
		n, err := configs.Parse("f.toml", edited)
		if err != nil {
			t.Fatalf("edited: %v\n%s", err, edited)
		}
		if n.Live.TickKimg != 3.5 {
			t.Fatalf("got %v, want 3.5 in\n%s", n.Live.TickKimg, edited)
		}
		for _, d := range configs.Diff(c, n) {
			if d.Key != "live.tick_kimg" {
				t.Fatalf("the edit also changed %v in\n%s", d, edited)
			}
		}
	})
}
