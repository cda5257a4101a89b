package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxBodyBytes bounds a request; a set of settings is far smaller.
const maxBodyBytes = 64 << 10

// route is one line of the interface.
type route struct {
	method, path string
	summary      string   // for GET /v1/
	query        []string // parameters that it knows
	serve        func(s *Server, w http.ResponseWriter, r *http.Request) error
}

// routes returns the whole interface.
func routes() []route {
	const get, post = http.MethodGet, http.MethodPost
	return []route{
		{get, "/v1/", "these routes", nil, (*Server).index},
		{get, "/v1/status", "what the run is doing: counters, speed, FID, settings in force", nil, (*Server).status},
		{get, "/v1/layers", "every parameter tensor of the trained network, and whether it is frozen", nil, (*Server).layers},
		{get, "/v1/stream", "status, layers, ticks and events as they come, one JSON object a line; ?types=tick,event for some of them", []string{"types"}, (*Server).stream},
		{post, "/v1/" + KindPause, "hold the run after the step under way", nil, command(KindPause)},
		{post, "/v1/" + KindResume, "resume a paused run", nil, command(KindResume)},
		{post, "/v1/" + KindStop, "write a checkpoint and end the trainer", nil, command(KindStop)},
		{post, "/v1/" + KindSet, `change live settings, all or none: {"set": {"live.gen_lr": "2e-4"}}`, nil, (*Server).set},
		{post, "/v1/" + KindFreeze, `change what trains: {"preset": …, "freeze": […], "train": […]} or {"toggle": […]}`, nil, (*Server).freeze},
		{post, "/v1/" + KindCheckpoint, "write a checkpoint now", nil, command(KindCheckpoint)},
		{post, "/v1/" + KindEvaluate, "measure FID of the weights as they are now", nil, command(KindEvaluate)},
		{post, "/v1/" + KindSample, `draw the sample grid now; {"seed": 7} for other noise; sample_file of the answer names it`, nil, (*Server).sample},
		{post, "/v1/" + KindBack, `go back to before the last live change, or {"nimg": 12000} to before an earlier one`, nil, (*Server).back},
		{get, "/metrics", "numbers in the text format of Prometheus", nil, (*Server).serveMetrics},
	}
}

// ServeHTTP finds the route and reports whatever goes wrong as JSON.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	start := time.Now()
	err := s.dispatch(w, r)
	slog.Debug("request", "method", r.Method, "path", r.URL.Path, "took", time.Since(start), "error", err)
	if err != nil {
		code := http.StatusUnprocessableEntity // the trainer refused
		var he *httpError
		if errors.As(err, &he) {
			code = he.code
		}
		writeJSON(w, code, errorBody{err.Error()})
	}
}

func (s *Server) dispatch(w http.ResponseWriter, r *http.Request) error {
	var allowed []string
	for _, rt := range routes() {
		if rt.path != r.URL.Path {
			continue
		}
		if rt.method == r.Method {
			if err := rt.checkQuery(r.URL.RawQuery); err != nil {
				return err
			}
			return rt.serve(s, w, r)
		}
		allowed = append(allowed, rt.method)
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &httpError{code: http.StatusMethodNotAllowed, text: fmt.Sprintf("control: %s: got %s, want %s", r.URL.Path, r.Method, strings.Join(allowed, " or "))}
	}
	return &httpError{code: http.StatusNotFound, text: fmt.Sprintf("control: %s: no such route, want one of %s", r.URL.Path, strings.Join(paths(), " "))}
}

// checkQuery refuses a parameter that the route would ignore.
func (rt route) checkQuery(raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return &httpError{code: http.StatusBadRequest, text: fmt.Sprintf("control: %s: query: %v", rt.path, err)}
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(rt.query, key) {
			return &httpError{code: http.StatusBadRequest, text: fmt.Sprintf("control: %s: query: got %q, want %s", rt.path, key, cmp.Or(strings.Join(rt.query, ", "), "none"))}
		}
	}
	return nil
}

func paths() []string {
	var list []string
	for _, rt := range routes() {
		if !slices.Contains(list, rt.path) {
			list = append(list, rt.path)
		}
	}
	return list
}

// Route is one line of the answer to GET /v1/.
type Route struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Summary string `json:"summary"`
}

func (s *Server) index(w http.ResponseWriter, r *http.Request) error {
	var list []Route
	for _, rt := range routes() {
		list = append(list, Route{rt.method, rt.path, rt.summary})
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, s.current())
	return nil
}

func (s *Server) layers(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, s.runner.Layers())
	return nil
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	if s.metrics == nil {
		return &httpError{code: http.StatusNotFound, text: "control: /metrics: this trainer offers none"}
	}
	s.metrics.ServeHTTP(w, r)
	return nil
}

// command serves a route whose body is empty or {}.
func command(kind string) func(*Server, http.ResponseWriter, *http.Request) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request) error {
		if err := readOptionalJSON(r, &struct{}{}); err != nil {
			return err
		}
		return s.do(w, r, Command{Kind: kind})
	}
}

func (s *Server) set(w http.ResponseWriter, r *http.Request) error {
	var req SetRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if len(req.Set) == 0 {
		return &httpError{code: http.StatusBadRequest, text: `control: set: got no settings, want {"set": {"live.gen_lr": "0.0002"}}`}
	}
	return s.do(w, r, Command{Kind: KindSet, Set: req.Set})
}

func (s *Server) freeze(w http.ResponseWriter, r *http.Request) error {
	var req FreezeRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if err := req.Validate(); err != nil {
		return &httpError{code: http.StatusBadRequest, text: err.Error()}
	}
	return s.do(w, r, Command{Kind: KindFreeze, Freeze: req})
}

func (s *Server) sample(w http.ResponseWriter, r *http.Request) error {
	var req SampleRequest
	if err := readOptionalJSON(r, &req); err != nil {
		return err
	}
	return s.do(w, r, Command{Kind: KindSample, Sample: req})
}

func (s *Server) back(w http.ResponseWriter, r *http.Request) error {
	var req BackRequest
	if err := readOptionalJSON(r, &req); err != nil {
		return err
	}
	return s.do(w, r, Command{Kind: KindBack, Back: req})
}

// httpError carries the status code of an answer.
type httpError struct {
	code  int
	text  string
	cause error // may be nil
}

func (e *httpError) Error() string { return e.text }
func (e *httpError) Unwrap() error { return e.cause }

type errorBody struct {
	Error string `json:"error"`
}

// readOptionalJSON is readJSON for a body that may be left out.
func readOptionalJSON(r *http.Request, v any) error {
	err := readJSON(r, v)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// readJSON reads the body, which must be one JSON value with known fields.
func readJSON(r *http.Request, v any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			return nil
		}
		if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &httpError{code: http.StatusRequestEntityTooLarge, text: fmt.Sprintf("control: %s: body over %d bytes", r.URL.Path, tooLarge.Limit)}
	}
	return &httpError{code: http.StatusBadRequest, text: fmt.Sprintf("control: %s: body: %v", r.URL.Path, err), cause: err}
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		code, b = http.StatusInternalServerError, fmt.Appendf(nil, `{"error":%q}`, "control: "+err.Error())
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	w.Write(append(b, '\n')) // a client that left is no concern of ours
}
