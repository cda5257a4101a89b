package configs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
)

func TestSet(t *testing.T) {
	tests := []struct {
		name, text, key, value, want string
	}{
		{"keeps comments and layout",
			"# top\nmethod = \"gdd\"   # m\n\n[live]\n  gen_lr   =  5e-4   # why\n  disc_lr = 1e-4\n", "live.gen_lr", "2e-4",
			"# top\nmethod = \"gdd\"   # m\n\n[live]\n  gen_lr   =  2e-4   # why\n  disc_lr = 1e-4\n"},
		{"short key", "[live]\ngen_lr = 1\n", "gen_lr", "0.5", "[live]\ngen_lr = 0.5\n"},
		{"adds a key below the last of its table, indented alike",
			"[live]\n  gen_lr = 1 # a\n\n# about run\n[run]\nseed = 1\n", "live.disc_lr", ".25",
			"[live]\n  gen_lr = 1 # a\n  disc_lr = 0.25\n\n# about run\n[run]\nseed = 1\n"},
		{"adds to an empty table", "[live] # nothing yet\n[run]\n", "live.gen_lr", "1", "[live] # nothing yet\ngen_lr = 1\n[run]\n"},
		{"adds to the last line without newline", "[live]\ngen_lr = 1", "live.disc_lr", "1", "[live]\ngen_lr = 1\ndisc_lr = 1\n"},
		{"adds a table", "method = \"gdd\"\n", "freeze.preset", "none", "method = \"gdd\"\n\n[freeze]\npreset = \"none\"\n"},
		{"adds a table to an empty text", "", "freeze.preset", "none", "[freeze]\npreset = \"none\"\n"},
		{"adds a root key", "# c\nmethod = 'gdd'\n[run]\n", "name", "x", "# c\nmethod = 'gdd'\nname = \"x\"\n[run]\n"},
		{"adds the first root key", "[run]\nseed = 1\n", "name", "x", "name = \"x\"\n[run]\nseed = 1\n"},
		{"dotted keys", "live.gen_lr = 1 # c\nname = 'x'\n", "live.gen_lr", "0.5", "live.gen_lr = 0.5 # c\nname = 'x'\n"},
		{"adds beside dotted keys", "live.gen_lr = 1\nname = 'x'\n", "live.disc_lr", "1", "live.gen_lr = 1\nlive.disc_lr = 1\nname = 'x'\n"},
		{"inline table", "live = { gen_lr = 1, disc_lr = 1 } # c\n", "live.disc_lr", "0.5", "live = { gen_lr = 1, disc_lr = 0.5 } # c\n"},
		{"adds to an inline table", "live = { gen_lr = 1 }\n", "live.disc_lr", "0.5", "live = { gen_lr = 1, disc_lr = 0.5 }\n"},
		{"adds to an empty inline table", "live = {}\n", "live.disc_lr", "0.5", "live = { disc_lr = 0.5 }\n"},
		{"replaces an array over several lines",
			"[freeze]\nfreeze = [ # what\n  \"a]\", # one\n  'b#',\n]  # end\ntrain = []\n", "freeze.freeze", `["x", 'y']`,
			"[freeze]\nfreeze = [\"x\", \"y\"]  # end\ntrain = []\n"},
		{"list without brackets", "[freeze]\nfreeze = []\n", "freeze.freeze", "enc.*, dec.*", "[freeze]\nfreeze = [\"enc.*\", \"dec.*\"]\n"},
		{"empty list", "[freeze]\nfreeze = ['a']\n", "freeze.freeze", "", "[freeze]\nfreeze = []\n"},
		{"integers without brackets", "[model]\nchannel_mult = [1]\n", "channel_mult", "1,2,4", "[model]\nchannel_mult = [1, 2, 4]\n"},
		{"quotes what needs it", "name = 'x'\n", "name", "a \"b\"\\\n\x01é", "name = \"a \\\"b\\\"\\\\\\n\\u0001é\"\n"},
		{"takes quoted strings", "name = 'x'\n", "name", "'lit\\eral'", "name = \"lit\\\\eral\"\n"},
		{"keys in strings and comments are none",
			"# gen_lr = 3\nname = '''\n[live]\ngen_lr = 1\n'''\n[live]\n# gen_lr = 2\ngen_lr = 4\n", "live.gen_lr", "5",
			"# gen_lr = 3\nname = '''\n[live]\ngen_lr = 1\n'''\n[live]\n# gen_lr = 2\ngen_lr = 5\n"},
		{"multi-line string with quotes inside", "name = \"\"\"a\\\"\"\"\"\"\nmethod = 'gdd'\n", "method", "edm", "name = \"\"\"a\\\"\"\"\"\"\nmethod = \"edm\"\n"},
		{"windows lines", "[live]\r\ngen_lr = 1 # c\r\n", "live.disc_lr", "1", "[live]\r\ngen_lr = 1 # c\r\ndisc_lr = 1\r\n"},
		{"windows lines, value at the end", "[live]\r\ngen_lr = 1\r\n", "live.gen_lr", "0.5", "[live]\r\ngen_lr = 0.5\r\n"},
		{"quoted keys", "[\"live\"]\n'gen_lr' = 1\n", "live.gen_lr", "0.5", "[\"live\"]\n'gen_lr' = 0.5\n"},
		{"escapes in a quoted key", "[live]\n\"gen\\u005flr\" = 1 # c\n", "live.gen_lr", "0.5", "[live]\n\"gen\\u005flr\" = 0.5 # c\n"},
		{"truth value", "[run]\ntensorboard = true # c\n", "tensorboard", " false ", "[run]\ntensorboard = false # c\n"},
		{"integer for a float stays", "[live]\ntotal_kimg = 1.0\n", "total_kimg", "50", "[live]\ntotal_kimg = 50\n"},
	}
	for _, tt := range tests {
		got, err := configs.Set(tt.text, tt.key, tt.value)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for _, tt := range []struct{ text, key, value, want string }{
		{"", "live.genlr", "1", "no such setting (did you mean live.gen_lr?)"},
		{"", "features", "x", "ambiguous, want disc.features | fid.features"},
		{"", "live.gen_lr", "fast", `live.gen_lr: got "fast", want a finite number`},
		{"", "live.gen_lr", "nan", "want a finite number"},
		{"", "live.gen_lr", "1\nmethod = 3", "want a finite number"},
		{"", "live.gen_lr", "1 # x", "want a finite number"},
		{"", "live.gen_lr", "", "want a finite number"},
		{"", "run.batch", "1.5", "want an integer"},
		{"", "model.channel_mult", "1,b", "want an array of integers"},
		{"", "freeze.freeze", "[1]", "want an array of strings"},
		{"", "freeze.freeze", "[\"a\"", "want an array of strings"},
		{"", "run.tensorboard", "yes", `run.tensorboard: got "yes", want true or false`},
		{"", "run.tensorboard", "1", "want true or false"},
		{"", "run.tensorboard", "\"true\"", "want true or false"},
		{"a = \n", "live.gen_lr", "1", "syntax"},
		{"\ufeffname = 'x'\n", "name", "y", "config.toml:1: syntax: got a byte order mark"},
		{strings.Repeat("#", 1<<20), "live.gen_lr", "1", "this layout cannot be edited"}, // no room for more
	} {
		got, err := configs.Set(tt.text, tt.key, tt.value)
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s = %q: got %q, %v, want %q", tt.key, tt.value, got, err, tt.want)
		}
	}
}

func TestSetFreeze(t *testing.T) {
	text := "[freeze]\npreset = \"gdd-i\" # p\nfreeze = [\n  \"a\",\n]\n"
	got, err := configs.SetFreeze(text, configs.Freeze{Preset: "gdd-i", Freeze: []string{"a", "b"}})
	if want := "[freeze]\npreset = \"gdd-i\" # p\nfreeze = [\"a\", \"b\"]\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	got, err = configs.SetFreeze("method = \"gdd\"\n", configs.Freeze{Preset: "none", Train: []string{"x"}})
	if want := "method = \"gdd\"\n\n[freeze]\npreset = \"none\"\ntrain = [\"x\"]\n"; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.toml"), filepath.Join(dir, "link.toml")
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real.toml", link); err != nil {
		t.Fatal(err)
	}
	if err := configs.WriteFile(link, "new"); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(real)
	info, _ := os.Stat(real)
	if string(b) != "new" || info.Mode().Perm() != 0o640 {
		t.Errorf("got %q with mode %v, want new with mode 0640", b, info.Mode())
	}
	if target, err := os.Readlink(link); err != nil || target != "real.toml" {
		t.Errorf("the link is gone: %q, %v", target, err)
	}
	entries, _ := os.ReadDir(dir)
	if len(entries) != 2 {
		t.Errorf("got %d files, want no temporary one left", len(entries))
	}
	if err := configs.WriteFile(filepath.Join(dir, "none", "x.toml"), "x"); err == nil {
		t.Error("got no error for a missing directory")
	}
}

func TestEdit(t *testing.T) {
	const text = "method = \"gdd\"\n[live]\ngen_lr = 1e-3 # c\n"
	old, err := configs.Parse("config.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	got, c, err := configs.Edit("config.toml", text, old, map[string]string{"gen_lr": "2e-3", "freeze.preset": "none"})
	want := "method = \"gdd\"\n[live]\ngen_lr = 2e-3 # c\n\n[freeze]\npreset = \"none\"\n"
	if err != nil || got != want || c.Live.GenLR != 2e-3 || c.Freeze.Preset != "none" {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for set, want := range map[string]string{
		"run.batch":   "fixed once a run has started",
		"live.lr":     "not a setting of method",
		"live.nope":   "no such setting",
		"live.gen_lr": "want in (0, 1]",
	} {
		got, c, err := configs.Edit("config.toml", text, old, map[string]string{set: "32", "disc_lr": "1e-4"})
		if err == nil || got != "" || c != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want %q", set, got, err, want)
		}
	}
}
