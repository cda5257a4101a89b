package loop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/configs"
	"innate/trainer/loop"
	"innate/trainer/run"
)

// mutations is how often the tests below change a config: INNATE_FUZZ_CONFIG
// times, or less in the default suite.
func mutations(t *testing.T, fewer int) int {
	t.Helper()
	text := os.Getenv("INNATE_FUZZ_CONFIG")
	if text == "" {
		return fewer
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	return n
}

// longRun creates a run that ends long after its test, and returns its config,
// which states every setting: one that a command adds must not go again.
func longRun(t *testing.T) (dir, text string) {
	t.Helper()
	text = config("gdd", networks(t))
	for _, r := range [][2]string{
		{"total_kimg = 0.064", "total_kimg = 900000.0 # long"}, {"fid_kimg = 0.032", "fid_kimg = 0"},
		{"sample_kimg = 0.032", "sample_kimg = 0"}, {"checkpoint_kimg = 0.016", "checkpoint_kimg = 0"},
		{"preset = \"gdd-i\"", "preset = \"gdd-i\" # p\nfreeze = [\n  \"map_*\", # several\n]\ntrain = []"},
	} {
		if !strings.Contains(text, r[0]) {
			t.Fatalf("no %q in the config", r[0])
		}
		text = strings.Replace(text, r[0], r[1], 1)
	}
	c, err := configs.Parse(run.ConfigFile, text)
	check(t, err)
	for _, e := range c.Entries() {
		if configs.Lines(text)[e.Key] == 0 {
			text, err = configs.Set(text, e.Key, e.Value)
			check(t, err)
		}
	}
	dir = newRun(t, text)
	text, err = configs.ReadFile(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	return dir, text
}

// oddValues stand in for values of every type.
var oddValues = []string{
	"nan", "-inf", "1e400", "-1", "0", "1", "99999999999999999999", "0x7fffffffffffffff", "1e-320", "true", "\"x\"", "''", "[]",
	"[1, 2]", "[[]]", "{}", "{ a = 1 }", "1979-05-27", "", "=", "\"\"\"", "[\"no_such_*\"]", "[\"*\"]", "[\"[\"]", "[\"\\u0000\"]",
}

// goodEdits are changes that a run takes.
var goodEdits = [][2]string{
	{"live.gen_lr", "3e-4"}, {"live.gen_lr", "1"}, {"live.disc_lr", "1e-5"}, {"live.r1_interval", "7"}, {"live.beta2", ".9"},
	{"live.tick_kimg", "0.1"}, {"live.keep_checkpoints", "4"}, {"live.diverge_action", "off"}, {"live.diverge_factor", "3"},
	{"freeze.preset", "none"}, {"freeze.preset", "gdd-i+qkv"}, {"freeze.freeze", "map_*,enc.8x8_block0.*"}, {"freeze.train", "map_*"},
}

// mutate spoils a config, or now and then just changes it.
func mutate(rng *rand.Rand, text string) string {
	if rng.IntN(4) == 0 {
		e := goodEdits[rng.IntN(len(goodEdits))]
		if edited, err := configs.Set(text, e[0], e[1]); err == nil {
			text = edited
		}
		if rng.IntN(2) == 0 {
			return text
		}
	}
	for range 1 + rng.IntN(3) {
		text = spoil(rng, text)
	}
	return text
}

func spoil(rng *rand.Rand, text string) string {
	at := rng.IntN(len(text) + 1)
	lines := strings.SplitAfter(text, "\n")
	i, j := rng.IntN(len(lines)), rng.IntN(len(lines))
	insert := func(s string) string { return text[:at] + s + text[at:] }
	switch rng.IntN(18) {
	case 0: // a bit flips
		if at < len(text) {
			b := []byte(text)
			b[at] ^= 1 << rng.IntN(8)
			return string(b)
		}
	case 1:
		return insert(string([]byte{byte(rng.IntN(256))}))
	case 2:
		return text[:at]
	case 3:
		lines[i] = ""
	case 4:
		lines[i] += lines[i]
	case 5:
		lines[i], lines[j] = lines[j], lines[i]
	case 6, 7, 8: // another value
		if key, _, ok := strings.Cut(lines[i], "="); ok {
			lines[i] = key + "= " + oddValues[rng.IntN(len(oddValues))] + "\n"
		}
	case 9:
		lines[i] += "no_such_key = 1\n"
	case 10:
		lines[i] += []string{"[live]\n", "[no_such]\n", "[[live]]\n", "[run]\nseed = 7\n"}[rng.IntN(4)]
	case 11:
		return insert([]string{"\xff", "\x00", "\xed\xa0\x80", "\u2028", "\x1b[2J"}[rng.IntN(5)])
	case 12:
		return "\ufeff" + text
	case 13:
		return strings.ReplaceAll(text, "\n", "\r\n")
	case 14: // a fixed setting
		key := []string{"run.seed", "run.batch", "run.threads", "disc.width", "fid.samples"}[rng.IntN(5)]
		if edited, err := configs.Set(text, key, fmt.Sprint(1+rng.IntN(9))); err == nil {
			return edited
		}
	case 15:
		return insert([]string{strings.Repeat("[", 5000), strings.Repeat("a.", 5000), strings.Repeat("a={", 5000)}[rng.IntN(3)])
	case 16:
		return strings.Replace(text, "gdd", []string{"edm", "", "classifier"}[rng.IntN(3)], 1)
	case 17: // rarely: a megabyte, or nothing at all
		switch rng.IntN(20) {
		case 0:
			return insert(strings.Repeat("#junk\n", 1<<18))
		case 1:
			return ""
		}
	}
	return strings.Join(lines, "")
}

var refusal = regexp.MustCompile(`^configs: config\.toml:[1-9][0-9]*: [^\n]{1,600}$`)

// asJSON makes live settings comparable, whichever way they came.
func asJSON(t *testing.T, live map[string]any) string {
	t.Helper()
	b, err := json.Marshal(live)
	check(t, err)
	return string(b)
}

// TestConfigUnderFire drives mutated configs through the loop: each applies
// whole, or is refused with its line and changes nothing.
func TestConfigUnderFire(t *testing.T) {
	t.Parallel()
	dir, good := longRun(t)
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	rng := rand.New(rand.NewPCG(3, 14))
	applied, refused, stepped := 0, 0, 0
	n := mutations(t, 300)
	for i := range n {
		text := mutate(rng, good)
		before := d.Config()
		d.Reload(text)
		s, after := d.Status(), d.Config()
		want, parseErr := configs.Reload(run.ConfigFile, text, before)
		if s.ConfigError != "" {
			refused++
			if !refusal.MatchString(s.ConfigError) {
				t.Errorf("mutation %d: refusal %.300q, want one line with the place", i, s.ConfigError)
			}
			if parseErr == nil && !strings.Contains(s.ConfigError, "freeze: ") {
				t.Errorf("mutation %d: refused a valid config: %s", i, s.ConfigError)
			}
			want = before
		} else {
			applied++
			if parseErr != nil {
				t.Fatalf("mutation %d: applied, but %v", i, parseErr)
			}
		}
		if changes := configs.Diff(want, after); len(changes) > 0 {
			t.Errorf("mutation %d: in force but not asked for: %v", i, changes)
		}
		if torn := d.Torn(); torn != "" {
			t.Errorf("mutation %d: %s", i, torn)
		}
		if got := asJSON(t, s.Live); got != asJSON(t, want.LiveMap()) {
			t.Errorf("mutation %d: status says %s, want %s", i, got, asJSON(t, want.LiveMap()))
		}
		// A large grid takes long; that is not what is tested here.
		if i%50 == 0 && after.Live.SampleCount <= 16 {
			check(t, d.Step())
			stepped++
		}
		if t.Failed() {
			t.Fatalf("the text:\n%.3000q", text)
		}
	}
	if applied < n/10 || refused < n/3 || stepped < n/100 {
		t.Errorf("%d applied, %d refused, %d steps of %d mutations: the test has lost its aim", applied, refused, stepped, n)
	}
	t.Logf("%d mutations: %d applied, %d refused, %d steps", n, applied, refused, stepped)
	last, err := configs.Set(good, "live.gen_lr", "1.25e-4")
	check(t, err)
	if d.Reload(last); d.Config().Live.GenLR != 1.25e-4 || d.Status().ConfigError != "" {
		t.Errorf("a good edit at the end: gen_lr %v, %s", d.Config().Live.GenLR, d.Status().ConfigError)
	}
}

// TestWatchedConfigUnderFire writes mutated configs to a run that trains, in the
// ways editors do.
func TestWatchedConfigUnderFire(t *testing.T) {
	t.Parallel()
	dir, good := longRun(t)
	client, _ := background(t, dir)
	path := filepath.Join(dir, run.ConfigFile)
	rng := rand.New(rand.NewPCG(2, 71))
	old, err := configs.Parse(run.ConfigFile, good)
	check(t, err)
	written := map[string]bool{asJSON(t, old.LiveMap()): true} // live settings of every text written

	// arrive waits until the run has taken up a text, or refused it.
	arrive := func(text string) {
		t.Helper()
		next, parseErr := configs.Reload(run.ConfigFile, text, old)
		s := until(t, client, "an edit to be noticed", func(s run.Status) bool {
			if live := asJSON(t, s.Live); !written[live] {
				t.Fatalf("in force is what nobody wrote: %s", live)
			}
			if parseErr != nil {
				return s.ConfigError == parseErr.Error()
			}
			return asJSON(t, s.Live) == asJSON(t, next.LiveMap()) && s.ConfigError == "" ||
				refusal.MatchString(s.ConfigError) && strings.Contains(s.ConfigError, "freeze: ")
		})
		if parseErr == nil && s.ConfigError == "" {
			old = next
		}
	}
	for i := range min(mutations(t, 10), 60) {
		text := mutate(rng, good)
		if len(text) > 1<<20 || text == "" { // of their own below, and in configs
			continue
		}
		if c, err := configs.Parse(run.ConfigFile, text); err == nil {
			if c.Live.TotalKimg < 1000 || c.Live.SampleCount > 16 {
				continue // it would end, rightly, or draw for long
			}
			written[asJSON(t, c.LiveMap())] = true
		}
		switch i % 3 {
		case 0:
			check(t, configs.WriteFile(path, text))
		case 1:
			check(t, os.WriteFile(path, []byte(text), 0o644))
		case 2:
			half := text[:len(text)/2]
			if c, err := configs.Parse(run.ConfigFile, half); err == nil {
				written[asJSON(t, c.LiveMap())] = true
			}
			check(t, os.WriteFile(path, []byte(half), 0o644))
			time.Sleep(10 * time.Millisecond)
			check(t, os.WriteFile(path, []byte(text), 0o644))
		}
		arrive(text)
	}

	// What is no text is refused, too, and opening it does not wait.
	refusedWith := func(what string) {
		t.Helper()
		until(t, client, "the refusal of "+what, func(s run.Status) bool { return strings.Contains(s.ConfigError, what) })
		if _, err := client.Set(context.Background(), map[string]string{"live.gen_lr": "1e-4"}); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("a command meanwhile: %v, want an error about %s", err, what)
		}
	}
	check(t, os.WriteFile(path, bytes.Repeat([]byte("#\n"), 1<<20), 0o644))
	refusedWith("config.toml:1: got 2097152 bytes, want at most 1048576")
	check(t, os.Remove(path))
	check(t, syscall.Mkfifo(path, 0o644))
	refusedWith("config.toml:1: got a named pipe")
	check(t, os.Remove(path))
	check(t, os.Mkdir(path, 0o755))
	refusedWith("config.toml:1: got a directory")
	check(t, os.Remove(path))

	last, err := configs.Set(good, "live.gen_lr", "1.25e-4")
	check(t, err)
	check(t, os.WriteFile(path, []byte(last), 0o644))
	s := until(t, client, "the last edit", func(s run.Status) bool { return s.Live["gen_lr"] == 1.25e-4 && s.ConfigError == "" })
	_, err = client.Resume(context.Background()) // a mutated diverge_action may have paused it
	check(t, err)
	until(t, client, "training to continue", func(now run.Status) bool { return now.Nimg > s.Nimg })
}
