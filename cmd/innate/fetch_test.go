package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/models/published"
)

// publish puts files of a server of this test's at the head of the table.
func publish(t *testing.T, content map[string][]byte) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := content[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, r.URL.Path, time.Unix(1e9, 0), bytes.NewReader(b))
	}))
	t.Cleanup(s.Close)
	table := published.Files
	t.Cleanup(func() { published.Files = table })
	published.Files = []published.File{
		{Name: "net.pkl", URL: s.URL + "/net.pkl", What: "a teacher", Origin: "nobody"},
		{Name: "gone.pkl", URL: s.URL + "/gone.pkl", What: "a teacher", Origin: "nobody"},
		{Name: "far.pkl", URL: "http://127.0.0.1:1/far.pkl", What: "a teacher", Origin: "nobody"},
	}
}

// TestFetch brings a network, draws with it, and says what is here.
func TestFetch(t *testing.T) {
	teacher, err := os.ReadFile(filepath.Join("..", "..", "models", "edm", "testdata", "edm.pkl"))
	check(t, err)
	publish(t, map[string][]byte{"net.pkl": teacher})
	cache := t.TempDir()
	t.Setenv("INNATE_CACHE", cache)
	path := filepath.Join(cache, "net.pkl")
	out := filepath.Join(t.TempDir(), "x.npy")
	for _, c := range []struct {
		line   string
		status int
		stdout string
		stderr string
	}{
		{"fetch", 2, "", "fetch: got no names, want some of those that innate fetch --list names"},
		{"fetch nothing", 1, "", `published: no file is called "nothing", want one of those that innate fetch --list names`},
		{"sample fetch:net.pkl --n 1 --steps 1 --out " + out, 1, "", "fetch:net.pkl: not here: innate fetch net.pkl brings it; or put http://"},
		{"fetch gone.pkl", 1, "", "/gone.pkl: 404 Not Found"},
		{"fetch net.pkl", 0, path + ": no digest is published of it\n", "net.pkl: a teacher\n  from http://"},
		{"fetch net.pkl", 0, path + ": here; no digest is published of it\n", ""},
		{"sample fetch:net.pkl --n 1 --steps 1 --out " + out, 0, out + "\n", ""},
		{"inspect fetch:net.pkl", 0, "python.class: EDMPrecond", ""},
		{"inspect fetch:net.pkl --against " + path, 0, "the same in all of ", ""},
		{"inspect fetch:net.pkl --key net", 1, "", `no "net" at the top, want one of "ema"`},
		{"import fetch:net.pkl -o " + filepath.Join(t.TempDir(), "net.safetensors"), 0, "tensors", ""},
		{"fetch --list", 0, "net.pkl   0.1 MiB  a teacher\ngone.pkl  -", ""},
	} {
		status, stdout, stderr := line(t, strings.Fields(c.line)...)
		if status != c.status || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("innate %s: status %d, %q, %q; want %d, %q, %q", c.line, status, stdout, stderr, c.status, c.stdout, c.stderr)
		}
	}
	_, stdout, _ := line(t, "fetch", "--list", "--json")
	var rows []struct {
		Name, Path string
		Here       int
	}
	check(t, json.Unmarshal([]byte(stdout), &rows))
	if len(rows) != 3 || rows[0].Path != path || rows[0].Here != len(teacher) || rows[1].Here != 0 {
		t.Errorf("got %s", stdout)
	}
	check(t, os.WriteFile(path, []byte("<html></html>"), 0o644))
	if status, _, stderr := line(t, "fetch", "net.pkl"); status != 1 || !strings.Contains(stderr, "an HTML page, want a teacher") || !strings.Contains(stderr, "remove it to have it fetched again") {
		t.Errorf("a page in the file's place: status %d, %q", status, stderr)
	}
}

// TestBar words progress, on a terminal in one line.
func TestBar(t *testing.T) {
	var b bytes.Buffer
	bar := newBar(&b, true)
	bar.progress(1<<20, 4<<20)
	bar.progress(2<<20, 4<<20) // at once: not drawn
	bar.end()
	if got, want := b.String(), "\r  1.0 MiB of 4.0 MiB, 25 %\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	bar.first = 1 << 20
	for want, all := range map[string]int64{
		"3.0 MiB of 9.0 MiB, 33 %, 1.0 MiB/s, 6s left": 9 << 20,
		"3.0 MiB, 1.0 MiB/s":                           0,
	} {
		if got := bar.line(3<<20, all, 2*time.Second); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	b.Reset()
	quiet := newBar(&b, false)
	quiet.progress(1, 2)
	quiet.end()
	if b.Len() > 0 {
		t.Errorf("elsewhere: got %q at once", b.String())
	}
}
