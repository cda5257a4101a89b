package metrics_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"innate/metrics"
)

// TestRowFile ends a measurement after any of its steps, spoils the end of its file
// as a kill or a power failure would, and continues: with the same numbers to the
// bit, and without the images that were seen before.
func TestRowFile(t *testing.T) {
	seen := 0
	want := results(t, allStatistics(t, nil, &seen))
	for steps := range 7 {
		for name, spoil := range map[string]func(b []byte) []byte{
			"whole":     func(b []byte) []byte { return b },
			"cut short": func(b []byte) []byte { return b[:max(0, len(b)-5)] },
			"more":      func(b []byte) []byte { return append(b, 1, 2, 3) },
			"a bit":     func(b []byte) []byte { b[len(b)-9] ^= 4; return b },
			"empty":     func([]byte) []byte { return nil },
		} {
			path := filepath.Join(t.TempDir(), "m.rows")
			open := func() *metrics.RowFile {
				f, err := metrics.OpenRowFile(path, "this one")
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			store := open()
			j := allStatistics(t, store, &seen)
			for range steps {
				if _, err := j.Step(); err != nil {
					t.Fatal(err)
				}
			}
			store.Close()
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, spoil(b), 0o644); err != nil {
				t.Fatal(err)
			}
			seen = 0
			store = open()
			if got := results(t, allStatistics(t, store, &seen)); !slices.Equal(got, want) {
				t.Errorf("%s after %d steps: got %v, want %v", name, steps, got, want)
			}
			batches := 6 - min(steps, 6)
			if again := seen / 8; name == "whole" && again != batches || name == "cut short" && again > batches+1 {
				t.Errorf("%s after %d steps: %d batches made, want %d", name, steps, again, batches)
			}
			seen = 0
			store.Close()
			store = open() // of a whole measurement nothing is made again
			if got := results(t, allStatistics(t, store, &seen)); !slices.Equal(got, want) || seen != 0 {
				t.Errorf("%s after %d steps, again: got %v of %d images, want %v of none", name, steps, got, seen, want)
			}
			if err := store.Remove(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("the file of a finished measurement: %v", err)
			}
		}
	}
}

// TestRowFileOfAnother begins anew where the file is of another measurement.
func TestRowFileOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.rows")
	seen := 0
	for _, identity := range []string{"one", "another one", "one", "on"} {
		store, err := metrics.OpenRowFile(path, identity)
		if err != nil {
			t.Fatal(err)
		}
		seen = 0
		results(t, allStatistics(t, store, &seen))
		if seen != 48 {
			t.Errorf("%s: %d images made, want 48", identity, seen)
		}
		store.Close()
	}
}

// TestRowFileRecorded: once numbers are recorded a file says so in place of its batches,
// until somebody measures the same again.
func TestRowFileRecorded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.rows")
	open := func(identity string) *metrics.RowFile {
		t.Helper()
		f, err := metrics.OpenRowFile(path, identity)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	row := []float32{1, 2, 3}
	measure := func(f *metrics.RowFile) {
		t.Helper()
		for range 2 {
			if err := f.Append(row, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := open("this one")
	measure(f)
	if err := f.SetRecorded(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || len(b) > 20 {
		t.Errorf("%d bytes are left, %v; want a line or two", len(b), err)
	}
	f = open("this one")
	if !f.Recorded() {
		t.Error("not recorded after SetRecorded")
	}
	if ok, err := f.Next(make([]float32, 3), nil); ok || err != nil {
		t.Errorf("a batch in place of the mark: %v, %v", ok, err)
	}
	measure(f)
	f.Close()
	f = open("this one")
	if f.Recorded() {
		t.Error("recorded with batches in the file")
	}
	for range 2 {
		got := make([]float32, 3)
		if ok, err := f.Next(got, nil); !ok || err != nil || !slices.Equal(got, row) {
			t.Errorf("read %v, %v, %v; want %v", got, ok, err, row)
		}
	}
	if err := f.SetRecorded(); err != nil {
		t.Fatal(err)
	}
	if f = open("another"); f.Recorded() {
		t.Error("another measurement is recorded")
	}
	f.Close()
}
