// Package golden compares what a test has made with a file in its testdata, and
// rewrites the file where the test runs with -update. It is for tests alone.
package golden

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"unicode/utf8"
)

// update is the one flag for all golden files. A package whose tests compare
// none does not know it: make golden names those that do.
var update = flag.Bool("update", false, "rewrite golden files instead of comparing with them")

// Check fails the test unless the file at path holds got.
func Check(tb testing.TB, path string, got []byte) {
	tb.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		at, line := firstDifference(got, want)
		tb.Errorf("%s: line %d differs: got %q, want %q; after a change that is meant, run with -update and read the diff", path, line, at[0], at[1])
		if utf8.Valid(got) {
			tb.Logf("got:\n%s", got)
		}
	}
}

// firstDifference returns the first line at which two texts differ, in both, and
// its number from 1.
func firstDifference(got, want []byte) (at [2]string, line int) {
	g, w := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		var a, b []byte
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if !bytes.Equal(a, b) || i >= len(g) || i >= len(w) {
			return [2]string{string(a), string(b)}, i + 1
		}
	}
	return at, 0
}
