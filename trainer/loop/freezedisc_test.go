package loop_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// frozenDisc is a run whose discriminators, over the same features, freeze what their
// tables say.
func frozenDisc(t *testing.T, first, second string) string {
	text := quiet(t, "gdd")
	at := strings.Index(text, "features = ")
	features, rest, _ := strings.Cut(text[at:], "\n")
	text = text[:at] + features + "\n" + first + rest
	if second == "" {
		return text
	}
	return strings.Replace(text, "[live]", "[disc1]\nin_size = 8\n"+features+"\n"+second+"[live]", 1)
}

// tensorsOf reads those of a checkpoint under a prefix.
func tensorsOf(t *testing.T, path, prefix string) map[string][]float32 {
	t.Helper()
	f, err := checkpoint.Read(path)
	check(t, err)
	set, err := f.Params(prefix)
	check(t, err)
	of := map[string][]float32{}
	for _, p := range set.All() {
		of[p.Name] = p.Data
	}
	return of
}

// TestFreezeDisc: what is frozen of a discriminator keeps its bits, of the one that is
// meant alone, while the rest trains; the generator's step is the same, since gradients
// flow through it as before.
func TestFreezeDisc(t *testing.T) {
	t.Parallel()
	trained := func(first, second string, n int) string {
		dir := newRun(t, frozenDisc(t, first, second))
		l := open(t, dir)
		defer l.Close()
		for range n {
			steps(t, l, 1)
			save(t, l)
		}
		return dir
	}
	const blocks = "freeze_blocks = 1\n"
	frozen, free := trained(blocks, "freeze_layers = [\"heads.1.cls.*\"]\n", 6), trained("", "weight = 1.0\n", 6)
	of := func(dir string, nimg int, prefix string) map[string][]float32 {
		return tensorsOf(t, checkpointPath(dir, nimg), prefix)
	}
	for prefix, is := range map[string]func(name string) bool{
		"disc/": func(name string) bool {
			return strings.Contains(name, ".body.0.") || strings.Contains(name, ".body.1.")
		},
		"disc1/": func(name string) bool { return strings.HasPrefix(name, "heads.1.cls.") },
	} {
		before, after, n := of(frozen, 4, prefix), of(frozen, 24, prefix), 0
		for name, values := range before {
			if kept := slices.Equal(after[name], values); kept != is(name) {
				t.Errorf("%s%s: kept its bits: %v, want %v", prefix, name, kept, is(name))
			}
			if is(name) {
				n++
			}
		}
		if n == 0 || n == len(before) {
			t.Errorf("%s: %d of %d tensors frozen, want some", prefix, n, len(before))
		}
	}
	same := func(nimg int) bool {
		a, b := of(frozen, nimg, "gen/"), of(free, nimg, "gen/")
		for name := range a {
			if !slices.Equal(a[name], b[name]) {
				return false
			}
		}
		return true
	}
	if !same(4) {
		t.Error("the generator's first step is another with frozen layers of a discriminator")
	}
	if same(8) {
		t.Error("the generator's second step is the same, after one in which less of the discriminators trained")
	}
}

// TestFreezeDiscIsExact breaks off runs whose discriminator is frozen in part, in
// micro-batches too, and goes on.
func TestFreezeDiscIsExact(t *testing.T) {
	t.Parallel()
	text := frozenDisc(t, "freeze_blocks = 1\n", "")
	resumed(t, text, 3, 2)
	resumed(t, inParts(text), 3)
}

// TestFreezeDiscIsLive freezes and thaws layers of a discriminator of a run, and goes
// back to before; what cannot be is refused with its line.
func TestFreezeDiscIsLive(t *testing.T) {
	t.Parallel()
	text := frozenDisc(t, "", "")
	dir, plain := newRun(t, text), newRun(t, text)
	l, p := open(t, dir), open(t, plain)
	defer l.Close()
	defer p.Close()
	steps(t, p, 6)
	save(t, p)
	steps(t, l, 2)
	change(t, l, "disc.freeze_layers", "[\"heads.0.*\"]")
	steps(t, l, 2)
	save(t, l)
	if got := events(t, dir, runlog.Freeze); len(got) != 1 || !strings.HasPrefix(got[0].Text, "disc: ") || got[0].Nimg != 8 || got[0].Data["frozen_params"] == float64(0) {
		t.Errorf("events %v, want one of the discriminator at 8 images", got)
	}
	if shares := l.Status().DiscFrozen; len(shares) != 1 || shares[0] <= 0 {
		t.Errorf("status says %v of the discriminator is frozen", shares)
	}
	before := string(read(t, filepath.Join(dir, run.ConfigFile)))
	for value, want := range map[string]string{
		"[\"heads.9.*\"]": `disc.freeze_layers: freeze: pattern "heads.9.*" matches no parameter`,
		"[\"*\"]":         "tensors are frozen, want at least one to train",
	} {
		if err := l.Set(map[string]string{"disc.freeze_layers": value}); err == nil || !strings.Contains(err.Error(), "config.toml:") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want the line and %s", value, err, want)
		}
	}
	if string(read(t, filepath.Join(dir, run.ConfigFile))) != before {
		t.Error("a refused setting is in config.toml")
	}
	change(t, l, "disc.freeze_layers", "[]")
	if shares := l.Status().DiscFrozen; shares != nil {
		t.Errorf("status says %v of the discriminator is frozen, which trains", shares)
	}
	change(t, l, "disc.freeze_blocks", "1")
	steps(t, l, 1)
	check(t, back(l, 8))
	steps(t, l, 4)
	save(t, l)
	if !bytes.Equal(read(t, checkpointPath(dir, 24)), read(t, checkpointPath(plain, 24))) {
		t.Error("gone back to before layers of the discriminator were frozen, another checkpoint than without")
	}
	bad := newRun(t, frozenDisc(t, "freeze_layers = [\"tails.*\"]\n", ""))
	if _, err := loop.Open(bad); err == nil || !strings.Contains(err.Error(), `disc.freeze_layers`) || !strings.Contains(err.Error(), "tails.*") {
		t.Errorf("got %v, want a refusal at the start", err)
	}
}
