package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"innate/models/atomicfile"
	"innate/trainer/control"
	"innate/trainer/run"
)

// startTime bounds how long a trainer may take to start.
const startTime = 2 * time.Minute

// Server serves the runs of a directory.
type Server struct {
	// Runs is the runs directory, Only the name of the run in it that is served, or ""
	// for all of them.
	Runs, Only string
	// Resume starts a trainer for the run in a directory that has none; nil refuses.
	Resume func(ctx context.Context, dir string) error
	// Fork makes and starts a run from the newest checkpoint of the one in dir, with
	// changed settings, and returns its directory; nil refuses.
	Fork func(ctx context.Context, dir string, set map[string]string) (newDir string, err error)
	// Analyze runs an analysis of the run in dir, as a process that outlives the
	// request, and waits for its end; nil refuses.
	Analyze func(ctx context.Context, dir string, args []string) error

	editing sync.Mutex // a file is compared and replaced in one step
}

// httpError is an error with the status code of its answer.
type httpError struct {
	code int
	text string
}

func (e *httpError) Error() string { return e.text }

func refusal(code int, format string, args ...any) error {
	return &httpError{code, fmt.Sprintf(format, args...)}
}

// Handler returns what answers requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/{$}":                           s.hello,
		"GET /v1/runs":                          s.list,
		"GET /v1/runs/{run}":                    s.listing,
		"GET /v1/runs/{run}/files/{name...}":    s.get,
		"PUT /v1/runs/{run}/files/{name...}":    s.put,
		"DELETE /v1/runs/{run}/files/{name...}": s.dismiss,
		"POST /v1/runs/{run}/start":             s.start,
		"POST /v1/runs/{run}/fork":              s.fork,
		"POST /v1/runs/{run}/analyze":           s.analyze,
		"/v1/runs/{run}/control/{control...}":   s.forward,
		"/": func(http.ResponseWriter, *http.Request) error {
			return refusal(http.StatusNotFound, "serve: no such route")
		},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			err := serve(w, r)
			if err == nil {
				return
			}
			code := http.StatusUnprocessableEntity
			var he *httpError
			if errors.As(err, &he) {
				code = he.code
			}
			fail(w, code, err.Error())
		})
	}
	return mux
}

func answer(w http.ResponseWriter, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // a client that left is no concern of ours
	return nil
}

func fail(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(errorBody{text}) // as above
}

func (s *Server) hello(w http.ResponseWriter, _ *http.Request) error {
	return answer(w, Hello{Protocol, s.offers()})
}

// served is a run whose directory is open: every name leads into it.
type served struct {
	name, dir string
	root      *os.Root
}

// open opens the run of that name. A name that leads out of the runs directory, by
// its letters or by a link, is as unknown as any other that is no run.
func (s *Server) open(name string) (*served, error) {
	unknown := refusal(http.StatusNotFound, "serve: run %.200q: not one that is served here", name)
	if !isRunName(name) || s.Only != "" && name != s.Only {
		return nil, unknown
	}
	runs, err := os.OpenRoot(s.Runs)
	if err != nil {
		return nil, unknown
	}
	defer runs.Close()
	root, err := runs.OpenRoot(name)
	if err != nil {
		return nil, unknown
	}
	dir := filepath.Join(s.Runs, name)
	if !run.IsRun(dir) {
		root.Close()
		return nil, unknown
	}
	return &served{name, dir, root}, nil
}

// of opens the run that a request is about.
func (s *Server) of(r *http.Request) (*served, error) { return s.open(r.PathValue("run")) }

func (s *Server) list(w http.ResponseWriter, req *http.Request) error {
	only := req.URL.Query().Get("only")
	if only != "" {
		r, err := s.open(only)
		if err != nil {
			return answer(w, []Entry{})
		}
		defer r.root.Close()
		return answer(w, []Entry{r.entry()})
	}
	dir, err := os.ReadDir(s.Runs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return refusal(http.StatusNotFound, "serve: %s: no such directory; another runs directory is named by --runs, or by ?runs=DIRECTORY in the address", s.Runs)
	case err != nil:
		return fmt.Errorf("serve: %w", err)
	}
	entries := []Entry{}
	for _, e := range slices.Backward(dir) { // of too many, the newest
		if len(entries) == maxRuns {
			break
		}
		if r, err := s.open(e.Name()); err == nil {
			entries = append(entries, r.entry())
			r.root.Close()
		}
	}
	slices.Reverse(entries)
	return answer(w, entries)
}

// entry is what is known of a run from its files.
func (r *served) entry() Entry {
	e := Entry{Name: r.name}
	for _, name := range []string{run.StatusFile, run.AboutFile, run.JobFile, run.LockFile} {
		if info, err := r.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
			e.Error = fmt.Sprintf("serve: %s: %s: got %v, want a regular file", r.name, name, info.Mode().Type())
			e.Status = run.Status{Version: run.Version, State: run.StateUnreadable, Error: e.Error}
			return e
		}
	}
	info, err := run.ReadInfo(r.dir)
	if err != nil {
		e.Error = err.Error()
		info.Status = run.Status{Version: run.Version, State: run.StateUnreadable, Error: e.Error}
	}
	e.Alive, e.Status, e.About = info.Alive, info.Status, info.About
	b, _ := json.Marshal(Listing{r.stamps(true, false), r.samples()}) // sorted by name; times and numbers always encode
	e.Version = hashOf(b)[:16]
	return e
}

// samples is the version of the folder of samples: files there are made and replaced
// by renaming, which changes it.
func (r *served) samples() string {
	info, err := r.root.Stat(run.SamplesDir)
	if err != nil {
		return ""
	}
	return strconv.FormatInt(info.ModTime().UnixNano(), 36)
}

// stamps are those of the files that there are to serve: of a run that is looked at
// with its analyses, and with samples if they are wanted.
func (r *served) stamps(opened, samples bool) map[string]Stamp {
	all := map[string]Stamp{}
	add := func(name string) {
		if info, err := r.root.Lstat(name); err == nil && info.Mode().IsRegular() {
			all[name] = stampOf(info)
		}
	}
	for _, f := range files {
		add(f.name)
	}
	if opened {
		r.analyses(add)
	}
	if !opened || !samples {
		return all
	}
	dir, err := r.root.Open(run.SamplesDir)
	if err != nil {
		return all
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // what can be read of it
	slices.Sort(names)
	for _, name := range names[max(len(names)-maxSamples, 0):] {
		if name = run.SamplesDir + "/" + name; isSample(name) {
			add(name)
		}
	}
	return all
}

func stampOf(info fs.FileInfo) Stamp {
	s := Stamp{Size: info.Size(), Mod: info.ModTime()}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Node = sys.Ino
	}
	return s
}

func (s *Server) listing(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	l := Listing{Samples: r.samples()}
	query := req.URL.Query()
	l.Files = r.stamps(query.Has("samples"), query.Get("samples") != l.Samples)
	return answer(w, l)
}

// openFile opens a file of a run that is served: a regular one, and no link.
func (r *served) openFile(name string) (*os.File, file, error) {
	how, ok := lookUp(name)
	if !ok {
		return nil, how, refusal(http.StatusNotFound, "serve: %.200q: not a file that is served", name)
	}
	missing := refusal(http.StatusNotFound, "serve: %s: %s: there is none", r.name, name)
	linked, err := r.root.Lstat(name)
	if err != nil {
		return nil, how, missing
	}
	f, err := r.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe must not make us wait
	if err != nil {
		return nil, how, missing
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || !os.SameFile(info, linked) {
		f.Close()
		return nil, how, refusal(http.StatusForbidden, "serve: %s: %s: not a regular file", r.name, name)
	}
	return f, how, nil
}

func (s *Server) get(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	f, how, err := r.openFile(req.PathValue("name"))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	size := info.Size()
	if size > how.most {
		return refusal(http.StatusRequestEntityTooLarge, "serve: %s: %s: %d bytes, want at most %d", r.name, how.name, size, how.most)
	}
	start, length := int64(0), size
	if how.grows {
		if start, err = continued(f, size, req); err != nil {
			return err
		}
		length = min(size-start, maxChunk)
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set(offsetHeader, strconv.FormatInt(start, 10))
	h.Set(sizeHeader, strconv.FormatInt(size, 10))
	h.Set("Content-Length", strconv.FormatInt(length, 10))
	if n, err := io.Copy(w, io.NewSectionReader(f, start, length)); err != nil || n != length {
		panic(http.ErrAbortHandler) // it shrank meanwhile: a short answer must not look whole
	}
	return nil
}

// continued returns where the answer of a growing file begins: at the offset that a
// request names if the bytes before it are those that the client has, else at 0.
func continued(f *os.File, size int64, req *http.Request) (int64, error) {
	text := req.URL.Query().Get("offset")
	if text == "" {
		return 0, nil
	}
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < 0 {
		return 0, refusal(http.StatusBadRequest, "serve: offset: got %.40q, want a number of bytes", text)
	}
	if offset > size {
		return 0, nil
	}
	tail, err := tailOf(f, offset)
	if err != nil {
		return 0, fmt.Errorf("serve: %w", err)
	}
	if tail != req.URL.Query().Get("tail") {
		return 0, nil
	}
	return offset, nil
}

// tailOf is the hash of the last bytes before an offset.
func tailOf(f io.ReaderAt, offset int64) (string, error) {
	b := make([]byte, min(offset, tailBytes))
	if _, err := f.ReadAt(b, offset-int64(len(b))); err != nil && err != io.EOF {
		return "", err
	}
	return hashOf(b), nil
}

// put replaces a file by what a client has made of the version that it names.
func (s *Server) put(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	name := req.PathValue("name")
	if how, ok := lookUp(name); !ok || !how.edits {
		return refusal(http.StatusForbidden, "serve: %.200q: not a file that can be replaced", name)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxEdited))
	if err != nil {
		return refusal(http.StatusRequestEntityTooLarge, "serve: %s: %v", name, err)
	}
	if err := checkEdited(name, text); err != nil {
		return err
	}
	s.editing.Lock()
	defer s.editing.Unlock()
	have := noVersion
	f, _, err := r.openFile(name)
	var he *httpError
	switch {
	case err == nil:
		old, err := io.ReadAll(io.LimitReader(f, maxEdited+1))
		f.Close()
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		have = versionOf(old)
	case !errors.As(err, &he) || he.code != http.StatusNotFound:
		return err
	}
	if want := strings.Trim(req.Header.Get("If-Match"), `"`); want != have {
		return refusal(http.StatusPreconditionFailed, "serve: %s: %s: it was changed meanwhile", r.name, name)
	}
	if _, err := r.root.Lstat(name); have == noVersion && err == nil {
		return refusal(http.StatusForbidden, "serve: %s: %s: not a regular file", r.name, name)
	}
	if err := atomicfile.WriteBytes(filepath.Join(r.dir, name), atomicfile.SyncFile, text); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return answer(w, struct{}{})
}

// checkEdited refuses what no editor would have made. What is wrong with the
// settings of a config.toml is its trainer's to say, as of one edited in place.
func checkEdited(name string, text []byte) error {
	if !utf8.Valid(text) || slices.Contains(text, 0) {
		return refusal(http.StatusUnprocessableEntity, "serve: %s: not a text", name)
	}
	if name != run.AboutFile {
		return nil
	}
	var a run.About
	err := json.Unmarshal(text, &a)
	if err == nil {
		err = a.Check()
	}
	if err != nil {
		return refusal(http.StatusUnprocessableEntity, "serve: %s: %v", name, err)
	}
	return nil
}

func (s *Server) start(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	if s.Resume == nil {
		return refusal(http.StatusForbidden, "serve: start: not allowed here")
	}
	ctx, cancel := context.WithTimeout(req.Context(), startTime)
	defer cancel()
	if err := s.Resume(ctx, r.dir); err != nil {
		return err
	}
	return answer(w, struct{}{})
}

func (s *Server) forward(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	out := req.Clone(req.Context())
	out.URL.Path, out.URL.RawPath = "/v1/"+req.PathValue("control"), ""
	control.Forward(r.dir).ServeHTTP(w, out)
	return nil
}
