package trainer_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/control"
)

// TestFaultForkByContent forks from a checkpoint without its suffix that another
// program has saved again: without the space that only innate sets.
func TestFaultForkByContent(t *testing.T) {
	runs, dir := trained(t)
	data, err := os.ReadFile(filepath.Join(dir, control.CheckpointsDir, "000000032.safetensors"))
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
