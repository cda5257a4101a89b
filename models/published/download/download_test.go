package download_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"innate/models/published"
	"innate/models/published/download"
)

// content is a file of a megabyte and a half.
var content = func() []byte {
	b := make([]byte, 3<<19)
	for i := range b {
		b[i] = byte(i ^ i>>8 ^ i>>13)
	}
	return b
}()

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// serving answers the n-th request, from 1, by handle, and counts them.
func serving(t *testing.T, handle func(n int, w http.ResponseWriter, r *http.Request)) (f published.File, requests *atomic.Int32) {
	t.Helper()
	requests = new(atomic.Int32)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handle(int(requests.Add(1)), w, r)
	}))
	t.Cleanup(s.Close)
	return published.File{Name: "net.pkl", URL: s.URL + "/net.pkl", What: "a network", SHA256: digest(content)}, requests
}

// whole serves content as a file server does, ranges and all.
func whole(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"one"`)
	http.ServeContent(w, r, "net.pkl", time.Time{}, bytes.NewReader(content))
}

// cut breaks the connection after n bytes of what handle serves.
func cut(n int, w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	handle(&short{w, n}, r)
	panic(http.ErrAbortHandler)
}

type short struct {
	http.ResponseWriter
	left int
}

func (s *short) Write(p []byte) (int, error) {
	n, err := s.ResponseWriter.Write(p[:min(len(p), s.left)])
	s.left -= n
	if err == nil && n < len(p) {
		s.ResponseWriter.(http.Flusher).Flush()
		err = errors.New("cut")
	}
	return n, err
}

// quick retries at once.
var quick = download.Download{Pause: time.Millisecond, Stall: 5 * time.Second, Attempts: 3}

// holds compares what lies in the folder of path.
func holds(t *testing.T, path string, want []byte, names ...string) {
	t.Helper()
	if got, err := os.ReadFile(path); want != nil && (err != nil || !bytes.Equal(got, want)) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	var there []string
	for _, e := range entries {
		there = append(there, e.Name())
	}
	if fmt.Sprint(there) != fmt.Sprint(names) {
		t.Errorf("left %v, want %v", there, names)
	}
}

// TestGet: servers of all manners.
func TestGet(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		handle   func(n int, w http.ResponseWriter, r *http.Request)
		requests int
	}{
		"one that has it": {func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r) }, 1},
		"one that breaks off twice": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n < 3 {
				cut(500_000, w, r, whole)
			}
			whole(w, r)
		}, 3},
		"one without ranges that breaks off": {func(n int, w http.ResponseWriter, r *http.Request) {
			r.Header.Del("Range")
			if n == 1 {
				cut(500_000, w, r, whole)
			}
			whole(w, r)
		}, 2},
		"one without versions that breaks off": {func(n int, w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") != "" {
				t.Error("a range of a file of unknown version was asked for")
			}
			if n == 1 {
				cut(500_000, w, r, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(len(content)))
					_, _ = w.Write(content)
				})
			}
			_, _ = w.Write(content)
		}, 2},
		"one whose file changed meanwhile": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				w.Header().Set("ETag", `"old"`)
				cut(500_000, w, r, func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", fmt.Sprint(len(content)))
					_, _ = w.Write(bytes.Repeat([]byte("old"), len(content)/3))
				})
			}
			whole(w, r)
		}, 2},
		"one that is busy, and broken, for a while": {func(n int, w http.ResponseWriter, r *http.Request) {
			switch n {
			case 1:
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
			case 2:
				w.WriteHeader(http.StatusBadGateway)
			default:
				whole(w, r)
			}
		}, 3},
		"one that sends on": {func(n int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/elsewhere" {
				http.Redirect(w, r, "/elsewhere", http.StatusFound)
				return
			}
			whole(w, r)
		}, 2},
		"one that sends a part that nobody asked for": {func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 7-%d/%d", len(content)-1, len(content)))
				w.WriteHeader(http.StatusPartialContent)
				return
			}
			whole(w, r)
		}, 2},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f, requests := serving(t, c.handle)
			path := filepath.Join(t.TempDir(), "net.pkl")
			var last int64
			d := quick
			d.Progress = func(here, all int64) { last = here }
			if err := d.Get(t.Context(), f, path); err != nil {
				t.Fatal(err)
			}
			holds(t, path, content, "net.pkl")
			if got := int(requests.Load()); got != c.requests || last != int64(len(content)) {
				t.Errorf("%d requests, told of %d bytes; want %d and %d", got, last, c.requests, len(content))
			}
		})
	}
}

// TestRefused: what no file comes of leaves the one that is there, and nothing else
// that is of no use.
func TestRefused(t *testing.T) {
	t.Parallel()
	serve := func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r) }
	for what, c := range map[string]struct {
		handle   func(n int, w http.ResponseWriter, r *http.Request)
		change   func(f *published.File)
		want     string
		requests int
		left     []string
	}{
		"nothing there":  {func(_ int, w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) }, nil, "404 Not Found", 1, nil},
		"another digest": {serve, func(f *published.File) { f.SHA256 = "00000000" }, "want 00000000 as published", 1, nil},
		"another size":   {serve, func(f *published.File) { f.Size = 7 }, "1572864 bytes, want 7 as published", 1, nil},
		"a page instead": {func(_ int, w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>sign in</html>")) },
			func(f *published.File) { f.SHA256 = "" }, "an HTML page, want a network; a download brought this", 1, nil},
		"a server in ruins": {func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }, nil, "500 Internal Server Error", 3, nil},
		"nobody":            {serve, func(f *published.File) { f.URL = "http://127.0.0.1:1/net.pkl" }, "connection refused", 0, nil},
		"a circle":          {func(_ int, w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, nil, "more than 10 redirects", 10, nil},
		"one that stands still": {func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			if r.Header.Get("Range") == "" {
				_, _ = w.Write(content[:1000])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		}, nil, "nothing came for 100ms", 3, []string{"net.pkl.part", "net.pkl.part.from"}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f, requests := serving(t, c.handle)
			if c.change != nil {
				c.change(&f)
			}
			path := filepath.Join(t.TempDir(), "net.pkl")
			if err := os.WriteFile(path, []byte("as before"), 0o644); err != nil {
				t.Fatal(err)
			}
			d := quick
			if strings.Contains(c.want, "100ms") {
				d.Stall = 100 * time.Millisecond
			}
			err := d.Get(t.Context(), f, path)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got := int(requests.Load()); got != c.requests {
				t.Errorf("%d requests, want %d", got, c.requests)
			}
			if download.Offline(err) != (what == "nobody") {
				t.Errorf("offline: got %v", download.Offline(err))
			}
			holds(t, path, []byte("as before"), append([]string{"net.pkl"}, c.left...)...)
		})
	}
}

// TestInterrupted: what had arrived when a person interrupted is not fetched again,
// and two do not write one part.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	var ranges []string
	f, _ := serving(t, func(n int, w http.ResponseWriter, r *http.Request) {
		ranges = append(ranges, r.Header.Get("Range"))
		if n == 1 {
			w.Header().Set("ETag", `"one"`)
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			_, _ = w.Write(content[:1<<20])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		whole(w, r)
	})
	path := filepath.Join(t.TempDir(), "net.pkl")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d := quick
	d.Progress = func(here, all int64) {
		if err := quick.Get(t.Context(), f, path); err == nil || !strings.Contains(err.Error(), "another process is fetching it") {
			t.Errorf("a second fetch of the file: %v", err)
		}
		if here == 1<<20 && all == int64(len(content)) {
			cancel()
		}
	}
	if err := d.Get(ctx, f, path); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: got %v", err)
	}
	holds(t, path, nil, "net.pkl.part", "net.pkl.part.from")
	if err := quick.Get(t.Context(), f, path); err != nil {
		t.Fatal(err)
	}
	holds(t, path, content, "net.pkl")
	if want := []string{"", "bytes=1048576-"}; fmt.Sprint(ranges) != fmt.Sprint(want) {
		t.Errorf("asked for %q, want %q", ranges, want)
	}
}

// TestWholePart: all had arrived, and the process ended before it gave the file its
// name.
func TestWholePart(t *testing.T) {
	t.Parallel()
	f, requests := serving(t, func(_ int, w http.ResponseWriter, r *http.Request) { whole(w, r) })
	path := filepath.Join(t.TempDir(), "net.pkl")
	for name, b := range map[string][]byte{".part": content, ".part.from": []byte("\"one\"\n")} {
		if err := os.WriteFile(path+name, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := quick.Get(t.Context(), f, path); err != nil {
		t.Fatal(err)
	}
	holds(t, path, content, "net.pkl")
	if requests.Load() != 1 {
		t.Errorf("%d requests, want 1", requests.Load())
	}
}
