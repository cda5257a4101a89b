package loop_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// withoutConfig is the last checkpoint less the settings that it states.
func withoutConfig(t *testing.T, dir string) []byte {
	t.Helper()
	f, err := checkpoint.Read(checkpointPath(dir, 64))
	check(t, err)
	delete(f.Metadata, run.MetaConfig)
	path := filepath.Join(t.TempDir(), "same.safetensors")
	check(t, checkpoint.Write(path, f))
	return read(t, path)
}

// TestPacer: over any number of steps slices take no more than their share, and as
// much of it as whole slices can.
func TestPacer(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		step, slice time.Duration
		share       float64
		want        int // slices after 1000 steps
	}{
		{550 * ms, 350 * ms, 0.06, 100}, // 5481 ms for 156 steps, 10 steps each
		{100 * ms, 900 * ms, 0.5, 111},  // 9 steps each
		{900 * ms, 100 * ms, 0.5, 1000}, // no more than one after a step
		{100 * ms, 900 * ms, 1, 1000},
	} {
		if got := loop.PacedSlices(1000, c.step, c.slice, c.share); got < c.want || got > c.want+1 {
			t.Errorf("steps of %v, slices of %v, share %v: %d slices, want %d", c.step, c.slice, c.share, got, c.want)
		}
	}
}

// TestBudget: with next to no time for evaluations a run measures the same at the same
// images and ends with the same checkpoint, also in parts, and says what it did; or,
// where it is to keep to the budget, leaves evaluations out.
func TestBudget(t *testing.T) {
	t.Parallel()
	text := measuring("gdd", networks(t))
	set := func(live string) string { return strings.Replace(text, "[live]\n", "[live]\n"+live+"\n", 1) }
	slow := newRun(t, set("fid_share = 1e-9"))
	l := open(t, slow)
	steps(t, l, 12) // the second is due after 8, and waits for the first
	save(t, l)
	l.Close()
	train(t, slow)
	fast := newRun(t, set("fid_share = 1"))
	train(t, fast)
	if got, want := fids(t, slow), fids(t, fast); !maps.Equal(got, want) || len(want) != 3 {
		t.Errorf("values by images seen %v, want %v", got, want)
	}
	if a, b := withoutConfig(t, slow), withoutConfig(t, fast); !bytes.Equal(a, b) {
		t.Error("the last checkpoints differ")
	}
	said := func(dir string) (list []string) {
		for _, e := range events(t, dir, runlog.Machine) {
			if strings.HasPrefix(e.Text, "live.fid_share = 1e-09 was not enough") {
				list = append(list, e.Text)
			}
		}
		return list
	}
	if list := said(slow); len(list) == 0 || !strings.HasSuffix(list[0], "that of 0.0 kimg, at 250 of 600 images, is finished first, beyond that share") {
		t.Errorf("events %q", list)
	}

	strict := newRun(t, set("fid_share = 1e-9\nfid_late = \"skip\""))
	train(t, strict)
	if got := fids(t, strict); len(got) != 2 || got[0] == 0 || got[64] == 0 {
		t.Errorf("values by images seen %v, want those of the first and the last weights", got)
	}
	if list := said(strict); len(list) == 0 || !strings.HasSuffix(list[0], "continues, and none is made at 0.0 kimg") {
		t.Errorf("events %q", list)
	}
}
