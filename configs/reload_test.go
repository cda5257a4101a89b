package configs_test

import (
	"strings"
	"testing"

	"innate/configs"
)

// TestFaultHalfWritten cuts a config as a writer that pauses leaves it: after
// every line, and after every byte. What comes in force is the config before,
// or the whole of the new one, never something between.
func TestFaultHalfWritten(t *testing.T) {
	text, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	// Every value of the run differs from its default, so that a line that goes
	// missing shows.
	for _, e := range [][2]string{
		{"live.gen_lr", "1e-3"}, {"live.disc_lr", "1e-4"}, {"live.fid_kimg", "0"}, {"live.sample_kimg", "0"}, {"live.layers_kimg", "0"},
		{"live.diverge_action", "off"}, {"live.diverge_factor", "200.0"}, {"freeze.preset", "none"}, {"freeze.freeze", "map_*"}, {"freeze.train", "enc.*"},
	} {
		if text, err = configs.Set(text, e[0], e[1]); err != nil {
			t.Fatal(err)
		}
	}
	const short = "method = \"gdd\"\n[freeze]\npreset = \"none\"\n[live]\nfid_kimg = 0\ndiverge_factor = 200.0\n"
	for _, text := range []string{text, short} { // a number ends the second
		old, err := configs.Parse("config.toml", text)
		if err != nil {
			t.Fatal(err)
		}
		next := strings.Replace(text, "= 200.0", "= 350.0", 1)
		whole, err := configs.Reload("config.toml", next, old)
		if err != nil {
			t.Fatal(err)
		}
		if d := configs.Diff(old, whole); len(d) != 1 || d[0].Key != "live.diverge_factor" {
			t.Fatalf("the whole text: got %v, want another live.diverge_factor", d)
		}
		for cut := range next {
			if len(next)-cut > 300 && next[cut] != '\n' { // every byte near the end, else every line
				continue
			}
			c, err := configs.Reload("config.toml", next[:cut], old)
			if err != nil {
				if s := err.Error(); strings.Contains(s, "\n") || !strings.HasPrefix(s, "configs: config.toml:") || len(s) > 500 {
					t.Fatalf("cut at %d: got %q, want one line with a place", cut, s)
				}
				continue
			}
			if d := configs.Diff(old, c); len(d) > 0 && len(configs.Diff(whole, c)) > 0 {
				t.Errorf("cut behind %q: in force %v, which nobody wrote", next[max(0, cut-30):cut], d)
			}
		}
	}
}

// TestFaultMissingSettings checks what a text that lacks settings is refused
// with, and how lines can go all the same.
func TestFaultMissingSettings(t *testing.T) {
	const text = "method = \"gdd\"\nname = \"a\"\n\n[run]\nbatch = 64\n\n[live]\nfid_kimg = 0 # off\nsample_kimg = 2.0\n\n[freeze]\npreset = \"none\"\ntrain = []\n"
	for _, tt := range []struct{ name, old, next, want string }{
		{"a table", text, text[:strings.Index(text, "[freeze]")],
			`configs: config.toml:9: freeze.preset: got nothing, want it stated as before: the run has "none", the default is "gdd-i"; also missing: [freeze]`},
		{"a line", text, strings.Replace(text, "fid_kimg = 0 # off\n", "", 1),
			"configs: config.toml:7: live.fid_kimg: got nothing, want it stated as before: the run has 0.0, the default is 10.0"},
		{"a line in a comment", text, strings.Replace(text, "fid_kimg", "# fid_kimg", 1), "configs: config.toml:7: live.fid_kimg: got nothing"},
		{"a fixed one, of the default's value", text, strings.Replace(text, "batch = 64\n", "", 1), "configs: config.toml:4: run.batch: got nothing"},
		{"the root's", text, strings.Replace(text, "name = \"a\"\n", "", 1), "configs: config.toml:12: name: got nothing"},
		{"dotted keys", "method = 'gdd'\nlive.fid_kimg = 0\nlive.gen_lr = 1\n", "method = 'gdd'\nlive.gen_lr = 1\n", "configs: config.toml:2: live.fid_kimg: got nothing"},
		{"an inline table", "method = 'gdd'\nlive = { fid_kimg = 0, gen_lr = 1 }\n", "method = 'gdd'\nlive = { gen_lr = 1 }\n", "configs: config.toml:2: live.fid_kimg: got nothing"},
		{"half a number", "method = 'gdd'\nlive.total_kimg = 400.0\n", "method = 'gdd'\nlive.total_kimg = 40",
			"configs: config.toml:2: live.total_kimg: got 40, want an end of its line: the file may be half written"},

		{"the default first", strings.Replace(text, "fid_kimg = 0 # off", "fid_kimg = 10.0", 1), strings.Replace(text, "fid_kimg = 0 # off", "fid_kimg = 10.0 # going", 1), ""},
		{"another notation", "method = 'gdd'\nlive.fid_kimg = 0\n", "method = 'gdd'\n[live]\nfid_kimg = 0\n", ""},
		{"another order", "method = 'gdd'\n[live]\nfid_kimg = 0\n[run]\nseed = 42\n", "method = 'gdd'\n[run]\nseed = 42\n[live]\nfid_kimg = 1\n", ""},
		{"never stated", "method = 'gdd'\n", "method = 'gdd'\n[live]\ngen_lr = 1e-4\n", ""},
		{"no last line end, and no number", text, strings.Replace(text, "train = []\n", "train = ['enc.*']", 1), ""},
		{"no last line end, and the number in force", "method = 'gdd'\nlive.fid_kimg = 0\n", "method = 'gdd'\nlive.fid_kimg = 0.0", ""},
		{"no last line end, but a comment", "method = 'gdd'\nlive.fid_kimg = 0\n", "method = 'gdd'\nlive.fid_kimg = 5 # c", ""},
	} {
		old, err := configs.Parse("config.toml", tt.old)
		if err != nil {
			t.Fatal(err)
		}
		_, err = configs.Reload("config.toml", tt.next, old)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: refused: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)):
			t.Errorf("%s:\n got %v\nwant %s", tt.name, err, tt.want)
		}
	}
	// A run whose settings come from no file states none.
	old, err := configs.Default(configs.GDD)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := configs.Reload("config.toml", "method = 'gdd'\n", old); err != nil {
		t.Errorf("a run of defaults: %v", err)
	}
}

// TestReloadLosses: the weight of a distance changes while a run goes on, but a run that
// has begun without it stays without, and one with it keeps it: its averages are in
// checkpoints or are not.
func TestReloadLosses(t *testing.T) {
	text := func(weight string) string { return "method = \"gdd\"\n[fd]\nweight = " + weight + "\n" }
	for _, c := range []struct{ from, to, want string }{
		{"0.5", "2.0", ""},
		{"0.0", "0.5", "configs: x.toml:3: fd.weight: got 0.5, want 0.0: fixed once a run has started"},
		{"0.5", "0.0", "configs: x.toml:3: fd.weight: got 0.0, want 0.5: fixed once a run has started"},
	} {
		old, err := configs.Parse("x.toml", text(c.from))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := configs.Reload("x.toml", text(c.to), old); (err == nil) != (c.want == "") || err != nil && err.Error() != c.want {
			t.Errorf("%s to %s: got %v, want %q", c.from, c.to, err, c.want)
		}
	}
}
