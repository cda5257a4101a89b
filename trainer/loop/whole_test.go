package loop_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultPausedWriter writes the beginning of a config, as a writer that
// pauses before [freeze] does: nothing is frozen and no interval changes, the
// refusal names what is missing, and the whole text is then taken up.
func TestFaultPausedWriter(t *testing.T) {
	t.Parallel()
	dir, good := longRun(t)
	good, err := configs.Set(good, "freeze.preset", "none") // the default is gdd-i
	check(t, err)
	path := filepath.Join(dir, run.ConfigFile)
	check(t, os.WriteFile(path, []byte(good), 0o644))
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	before, status := d.Config(), d.Status()
	head, _, ok := strings.Cut(good, "[freeze]")
	if !ok {
		t.Fatalf("no [freeze] in\n%s", good)
	}
	half, _, ok := strings.Cut(good, "fid_kimg")
	if !ok {
		t.Fatalf("no fid_kimg in\n%s", good)
	}
	for missing, text := range map[string]string{"[freeze]": head, "live.": half} {
		d.Reload(text)
		if changes := configs.Diff(before, d.Config()); len(changes) > 0 {
			t.Errorf("without %s and what follows: in force %v", missing, changes)
		}
		if got, want := d.Status().FrozenFraction, status.FrozenFraction; got != want {
			t.Errorf("without %s: %v of the parameters are frozen, want %v as before", missing, got, want)
		}
		if got := d.Status().ConfigError; !strings.Contains(got, "got nothing, want it stated as before") || !strings.Contains(got, missing) {
			t.Errorf("without %s: the status says %q", missing, got)
		}
	}
	// A command does not write over the edit under way.
	check(t, os.WriteFile(path, []byte(head), 0o644))
	if err := d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.gen_lr": "1e-4"}}); err == nil || !strings.Contains(err.Error(), "got nothing, want it stated as before") {
		t.Errorf("a command meanwhile: %v, want the refusal", err)
	}
	check(t, os.WriteFile(path, []byte(good), 0o644))
	d.Reload(good)
	if got := d.Status().ConfigError; got != "" || d.Torn() != "" {
		t.Errorf("the whole text: refused with %q, torn %q", got, d.Torn())
	}
	if frozen := events(t, dir, runlog.Freeze); len(frozen) > 0 {
		t.Errorf("freezing changed: %v", frozen)
	}
	check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.gen_lr": "1e-4"}}))
}

// TestFaultWatchedWriterPauses is the same through the file, as a shell does it.
func TestFaultWatchedWriterPauses(t *testing.T) {
	t.Parallel()
	dir, good := longRun(t)
	client, _ := background(t, dir)
	before, err := client.Status(context.Background())
	check(t, err)
	path := filepath.Join(dir, run.ConfigFile)
	head, tail, _ := strings.Cut(good, "[freeze]")
	check(t, os.WriteFile(path, []byte(head), 0o644))
	s := until(t, client, "the refusal of half a config", func(s run.Status) bool {
		if s.FrozenFraction != before.FrozenFraction {
			t.Fatalf("%v of the parameters are frozen, want %v as before", s.FrozenFraction, before.FrozenFraction)
		}
		return s.ConfigError != ""
	})
	if !strings.Contains(s.ConfigError, ": got nothing, want it stated as before") || !strings.Contains(s.ConfigError, "also missing: ") || !strings.Contains(s.ConfigError, "[freeze]") {
		t.Errorf("got %q, want all that is missing", s.ConfigError)
	}
	check(t, os.WriteFile(path, []byte(head+"[freeze]"+strings.Replace(tail, "gdd-i", "none", 1)), 0o644))
	until(t, client, "the whole config", func(s run.Status) bool { return s.ConfigError == "" && s.FreezePreset == "none" })
}

// TestFaultUnwrittenSetGoesBack sets what the config does not state, where the
// file cannot be written: the run goes back to the text that lacks it.
func TestFaultUnwrittenSetGoesBack(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("gdd", networks(t)))
	if lines := configs.Lines(config("gdd", "")); lines["live.beta1"] > 0 {
		t.Fatal("the config states live.beta1 already")
	}
	// The file lies, by a link, where its own name has room and that of the new
	// text has not.
	const longest = 4095 - len("/config.toml") - 1
	deep := t.TempDir()
	for len(deep) < longest {
		deep += "/" + strings.Repeat("d", max(1, min(200, longest-len(deep)-1)))
	}
	check(t, os.MkdirAll(deep, 0o755))
	path := filepath.Join(dir, run.ConfigFile)
	check(t, os.Rename(path, filepath.Join(deep, "config.toml")))
	check(t, os.Symlink(filepath.Join(deep, "config.toml"), path))
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	err = d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.beta1": "0.5"}})
	if err == nil || !strings.Contains(err.Error(), "file name too long") || strings.Contains(err.Error(), "going back") {
		t.Errorf("got %v, want that the file cannot be written", err)
	}
	if got := d.Config().Live.Beta1; got != 0 || d.Torn() != "" {
		t.Errorf("live.beta1 is %v, want 0 as before; torn: %s", got, d.Torn())
	}
}

// TestFaultFIDThatCannotBe turns evaluations on where the reference is missing:
// the setting is refused with its line, and the run continues.
func TestFaultFIDThatCannotBe(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	text := strings.Replace(config("gdd", nets), "fid_kimg = 0.032", "fid_kimg = 0", 1)
	dir := newRun(t, text)
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	check(t, err)
	ref := configs.Locate(dir, cfg.FID.Reference)
	check(t, os.Rename(ref, ref+".away"))
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	err = d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.fid_kimg": "0.004"}})
	if err == nil || !strings.HasPrefix(err.Error(), "configs: config.toml:") || !strings.Contains(err.Error(), filepath.Base(ref)) {
		t.Errorf("got %v, want the line of live.fid_kimg and the missing file", err)
	}
	if got := d.Config().Live.FIDKimg; got != 0 || d.Torn() != "" {
		t.Errorf("live.fid_kimg is %v, want 0 as before; torn: %s", got, d.Torn())
	}
	check(t, d.Step())
	check(t, os.Rename(ref+".away", ref))
	check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.fid_kimg": "0.004"}}))
	check(t, d.Step())
}
