package trainer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/run"
)

// TestFaultForkByContent forks from a checkpoint without its suffix that another
// program has saved again: without the space that only innate sets.
func TestFaultForkByContent(t *testing.T) {
	runs, dir := trained(t)
	data, err := os.ReadFile(filepath.Join(dir, run.CheckpointsDir, "000000032.safetensors"))
	check(t, err)
	length := int(data[0]) | int(data[1])<<8 | int(data[2])<<16
	header, values := data[8:8+length], data[8+length:]
	resaved := filepath.Join(runs, "resaved")
	check(t, os.WriteFile(resaved, bytes.Join([][]byte{data[:8], {'{'}, header[2:], {' '}, values}, nil), 0o644))

	want := resaved + ": changed by another program since innate wrote it; the values are the same"
	for _, o := range []trainer.ForkOptions{{Source: resaved}, {Source: dir, At: resaved}} {
		o.RunsDir = runs
		f, err := trainer.Fork(o)
		if err != nil || f.Nimg != 32 || f.Note != want {
			t.Errorf("fork of %s at %q: %d images, note %q, %v; want 32 and %q", o.Source, o.At, f.Nimg, f.Note, err, want)
		}
	}
	text := filepath.Join(runs, "notes")
	check(t, os.WriteFile(text, []byte("hello"), 0o644))
	if _, err := trainer.Fork(trainer.ForkOptions{RunsDir: runs, Source: text}); err == nil || !strings.Contains(err.Error(), "notes: a text, want safetensors") {
		t.Errorf("fork of a text: %v", err)
	}
}

// TestFaultDeleteLeftovers deletes a run whose config an editor had open, and
// refuses while there is something of somebody's own beside it.
func TestFaultDeleteLeftovers(t *testing.T) {
	for _, name := range []string{
		"config.toml~", ".config.toml.swp", ".config.toml.swo", ".config.toml.un~", "4913", "#config.toml#",
		"config.toml.save", "config.toml.save.1", ".config.toml.kate-swp", ".config.toml.kak.Ab3xYz",
		".goutputstream-AB12CD", "config.toml___jb_tmp___", ".DS_Store", "samples/.DS_Store", "samples/Thumbs.db",
		"._config.toml", ".directory", ".nfs00000000012345670000001a", "checkpoints/.fuse_hidden0000001200000001",
	} {
		dir := create(t)
		check(t, os.WriteFile(filepath.Join(dir, name), []byte("name = 1"), 0o644))
		if err := run.Delete(dir, false); err != nil {
			t.Errorf("beside %s: %v", name, err)
		}
	}
	dir := create(t)
	check(t, os.Symlink("someone@host.1234:1700000000", filepath.Join(dir, ".#config.toml")))
	if err := run.Delete(dir, false); err != nil {
		t.Errorf("beside a lock of Emacs: %v", err)
	}
	for _, name := range []string{"thesis.tex", "config.toml.bak", "4913.txt", "weights.save", "samples/notes", ".swp"} {
		dir := create(t)
		check(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
		if err := run.Delete(dir, false); err == nil || !strings.HasSuffix(err.Error(), "no trainer wrote: "+name) {
			t.Errorf("beside %s: %v, want a refusal", name, err)
		}
	}
	dir = create(t)
	check(t, os.Mkdir(filepath.Join(dir, "data~"), 0o755))
	if err := run.Delete(dir, false); err == nil || !strings.HasSuffix(err.Error(), "no trainer wrote: data~") {
		t.Errorf("beside a folder: %v, want a refusal", err)
	}
}
