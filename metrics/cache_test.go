package metrics_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"innate/metrics"
)

func cacheOf(t *testing.T, most int64) *metrics.Cache {
	t.Helper()
	return &metrics.Cache{Dir: filepath.Join(t.TempDir(), "features"), MaxBytes: most, Warn: func(err error) { t.Error(err) }}
}

func lineOf(identity string) func() (string, error) {
	return func() (string, error) { return identity, nil }
}

// pass reads rows of three values and one logit, in batches, or makes them; made counts
// those that it has.
func pass(t *testing.T, c *metrics.Cache, identity string, nimg, batch int) (all []float32, made int) {
	t.Helper()
	r, err := c.Open("set", lineOf(identity), nimg, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for first := 0; first < nimg; first += batch {
		n := min(batch, nimg-first)
		features, logits := make([]float32, 3*n), make([]float32, n)
		ok, err := r.Next(features, logits)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			for i := range features {
				features[i] = float32(len(identity)*1000 + first*3 + i)
			}
			for i := range logits {
				logits[i] = -float32(first + i)
			}
			if err := r.Append(features, logits); err != nil {
				t.Fatal(err)
			}
			made += n
		}
		all = append(append(all, features...), logits...)
	}
	r.Finish()
	return all, made
}

func entries(t *testing.T, c *metrics.Cache) []string {
	t.Helper()
	list, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestCache keeps rows over passes, and makes them anew where a byte has changed, one is
// missing or there is one too many.
func TestCache(t *testing.T) {
	c := cacheOf(t, 1<<20)
	want, made := pass(t, c, "a", 7, 3)
	if made != 7 {
		t.Fatalf("made %d rows, want 7", made)
	}
	if got, made := pass(t, c, "a", 7, 3); made != 0 || !slices.Equal(got, want) {
		t.Errorf("kept: made %d, got %v, want %v", made, got, want)
	}
	path := filepath.Join(c.Dir, entries(t, c)[0])
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	flipped[20] ^= 1
	for name, spoilt := range map[string][]byte{"a bit": flipped, "short": whole[:len(whole)-1], "long": append(slices.Clone(whole), 0), "empty": nil, "another": append(append(slices.Clone(whole[:len(whole)-6]), 'b'), whole[len(whole)-5:]...)} {
		if err := os.WriteFile(path, spoilt, 0o644); err != nil {
			t.Fatal(err)
		}
		if got, made := pass(t, c, "a", 7, 3); made != 7 || !slices.Equal(got, want) {
			t.Errorf("%s: made %d rows, want 7, and the same", name, made)
		}
		if again, err := os.ReadFile(path); err != nil || !slices.Equal(again, whole) {
			t.Errorf("%s: not mended: %v", name, err)
		}
	}
	r, err := c.Open("set", lineOf("unfinished"), 2, 4)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Append([]float32{1, 2, 3}, []float32{4}); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if list := entries(t, c); len(list) != 1 {
		t.Errorf("kept %v, want one entry and nothing of a pass that ended early", list)
	}
}

// TestCacheIsBounded has room for two entries: what was used last stays.
func TestCacheIsBounded(t *testing.T) {
	c := cacheOf(t, 300)
	at := time.Now().Add(-time.Hour)
	for _, identity := range []string{"a", "b"} {
		before := entriesOrNone(c)
		pass(t, c, identity, 7, 7)
		for _, name := range entries(t, c) {
			if !slices.Contains(before, name) {
				at = at.Add(time.Minute)
				if err := os.Chtimes(filepath.Join(c.Dir, name), at, at); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	pass(t, c, "a", 7, 7) // now used after b
	old := filepath.Join(c.Dir, ".innate-1.tmp")
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	yesterday := at.Add(-48 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	pass(t, c, "c", 7, 7)
	if list := entries(t, c); len(list) != 2 {
		t.Errorf("kept %v, want two entries", list)
	}
	for identity, want := range map[string]int{"a": 0, "c": 0} {
		if _, made := pass(t, c, identity, 7, 7); made != want {
			t.Errorf("%s: made %d rows, want %d", identity, made, want)
		}
	}
	if _, made := pass(t, c, "b", 7, 7); made != 7 {
		t.Errorf("b: made %d rows, want 7: it was not used for longest", made)
	}
}

func entriesOrNone(c *metrics.Cache) (names []string) {
	list, _ := os.ReadDir(c.Dir)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// TestCacheHint: what a set is need not be known before it has been seen, unless an entry
// has its hint; what cannot be known is not kept.
func TestCacheHint(t *testing.T) {
	c := cacheOf(t, 1<<20)
	asked := 0
	identity := func() (string, error) { asked++; return "a", nil }
	open := func(hint string) *metrics.CachedRows {
		t.Helper()
		r, err := c.Open(hint, identity, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := open("one")
	if asked != 0 || c.May("one") {
		t.Errorf("asked %d times what it is, before an entry has the hint", asked)
	}
	if err := r.Append([]float32{3}, nil); err != nil {
		t.Fatal(err)
	}
	r.Finish()
	if asked != 1 || !c.May("one") || c.May("two") {
		t.Errorf("asked %d times, entry %v, of another hint %v; want once, and an entry", asked, c.May("one"), c.May("two"))
	}
	open("two").Close()
	r = open("one")
	got := []float32{0}
	if ok, err := r.Next(got, nil); asked != 2 || !ok || err != nil || got[0] != 3 {
		t.Errorf("asked %d times, got %v, %v, %v", asked, ok, err, got)
	}
	r.Close()
	said := 0
	c.Warn = func(error) { said++ }
	r, err := c.Open("three", func() (string, error) { return "", os.ErrPermission }, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Append([]float32{3}, nil); err != nil {
		t.Fatal(err)
	}
	r.Finish()
	if list := entries(t, c); len(list) != 1 || said != 1 {
		t.Errorf("kept %v with %d warnings, want one entry and a warning", list, said)
	}
}

// TestCacheWithoutRoom measures although nothing can be kept.
func TestCacheWithoutRoom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := &metrics.Cache{Dir: file}
	if _, err := c.Open("set", lineOf("a"), 1, 1); err == nil {
		t.Error("a folder that is a file: no error")
	}
}

// TestFactorIsKept: a covariance is factored once, whether or not it is positive
// semidefinite beyond rounding, and what a spoilt file held anew; distances are the same
// to the bit.
func TestFactorIsKept(t *testing.T) {
	const d = 32
	defer metrics.KeepFactors(d)()
	s := metrics.Stats{Mu: make([]float64, d), Sigma: make([]float64, d*d)}
	for i := range d { // two by two correlated
		s.Sigma[i*d+i], s.Sigma[i*d+(i^1)] = 2+float64(i%7), 1
	}
	other := s
	other.Mu = slices.Repeat([]float64{0.5}, d)
	below := s
	below.Sigma = slices.Clone(s.Sigma)
	below.Sigma[0], below.Sigma[1], below.Sigma[d] = -1e-9, 0, 0 // no Cholesky factor
	for name, ref := range map[string]metrics.Stats{"Cholesky's": s, "the root": below} {
		c := cacheOf(t, 1<<30)
		want, err := metrics.Frechet(other, ref)
		if err != nil {
			t.Fatal(err)
		}
		distance := func(c *metrics.Cache) float64 {
			t.Helper()
			r, err := c.Reference(ref)
			if err != nil {
				t.Fatal(err)
			}
			got, err := r.Distance(other)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := distance(nil); got != want {
			t.Errorf("%s: without a cache %v, want %v", name, got, want)
		}
		first := distance(c)
		list := entries(t, c)
		if len(list) != 1 || first != want {
			t.Fatalf("%s: kept %v, got %v, want one factor and %v", name, list, first, want)
		}
		path := filepath.Join(c.Dir, list[0])
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		if got := distance(c); got != want {
			t.Errorf("%s: from the file %v, want %v", name, got, want)
		}
		info, err := os.Stat(path)
		if err != nil || info.ModTime().Equal(old) {
			t.Errorf("%s: the file was not used: %v", name, err)
		}
		flipped := slices.Clone(whole)
		flipped[len(flipped)/2] ^= 1
		for _, spoilt := range [][]byte{flipped, whole[:len(whole)-8], nil} {
			if err := os.WriteFile(path, spoilt, 0o644); err != nil {
				t.Fatal(err)
			}
			if got := distance(c); got != want {
				t.Errorf("%s: from %d spoilt bytes %v, want %v", name, len(spoilt), got, want)
			}
			if again, err := os.ReadFile(path); err != nil || !slices.Equal(again, whole) {
				t.Errorf("%s: not mended: %v", name, err)
			}
		}
		small := cacheOf(t, 1) // has room for nothing
		if got := distance(small); got != want || len(entries(t, small)) != 0 {
			t.Errorf("%s: a full cache: %v with %v", name, got, entries(t, small))
		}
	}
}
