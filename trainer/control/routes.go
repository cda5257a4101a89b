package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxBodyBytes bounds a request; a set of settings is far smaller.
const maxBodyBytes = 64 << 10

// route is one line of the interface.
type route struct {
	method, path string
	serve        func(s *Server, w http.ResponseWriter, r *http.Request) error
}

// routes is the whole interface.
var routes = []route{
	{http.MethodGet, "/v1/status", (*Server).status},
	{http.MethodGet, "/v1/layers", (*Server).layers},
	{http.MethodPost, "/v1/" + KindPause, command(KindPause)},
	{http.MethodPost, "/v1/" + KindResume, command(KindResume)},
	{http.MethodPost, "/v1/" + KindStop, command(KindStop)},
	{http.MethodPost, "/v1/" + KindSet, (*Server).set},
	{http.MethodPost, "/v1/" + KindFreeze, (*Server).freeze},
}

// ServeHTTP finds the route and reports whatever goes wrong as JSON.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	if err := s.dispatch(w, r); err != nil {
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
	for _, rt := range routes {
		if rt.path != r.URL.Path {
			continue
		}
		if rt.method == r.Method {
			return rt.serve(s, w, r)
		}
		allowed = append(allowed, rt.method)
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return &httpError{http.StatusMethodNotAllowed,
			fmt.Sprintf("control: %s: got %s, want %s", r.URL.Path, r.Method, strings.Join(allowed, " or "))}
	}
	return &httpError{http.StatusNotFound,
		fmt.Sprintf("control: %s: no such route, want one of %s", r.URL.Path, strings.Join(paths(), " "))}
}

func paths() []string {
	var list []string
	for _, rt := range routes {
		if !slices.Contains(list, rt.path) {
			list = append(list, rt.path)
		}
	}
	return list
}

func (s *Server) status(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, s.runner.Status())
	return nil
}

func (s *Server) layers(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, s.runner.Layers())
	return nil
}

// command serves a route that needs no body.
func command(kind string) func(*Server, http.ResponseWriter, *http.Request) error {
	return func(s *Server, w http.ResponseWriter, r *http.Request) error {
		return s.do(w, r, Command{Kind: kind})
	}
}

func (s *Server) set(w http.ResponseWriter, r *http.Request) error {
	var req SetRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if len(req.Set) == 0 {
		return &httpError{http.StatusBadRequest, `control: set: got no settings, want {"set": {"live.gen_lr": "0.0002"}}`}
	}
	return s.do(w, r, Command{Kind: KindSet, Set: req.Set})
}

func (s *Server) freeze(w http.ResponseWriter, r *http.Request) error {
	var req FreezeRequest
	if err := readJSON(r, &req); err != nil {
		return err
	}
	if err := req.Validate(); err != nil {
		return &httpError{http.StatusBadRequest, err.Error()}
	}
	return s.do(w, r, Command{Kind: KindFreeze, Freeze: req})
}

// httpError carries the status code of an answer.
type httpError struct {
	code int
	text string
}

func (e *httpError) Error() string { return e.text }

type errorBody struct {
	Error string `json:"error"`
}

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
		return &httpError{http.StatusRequestEntityTooLarge,
			fmt.Sprintf("control: %s: body over %d bytes", r.URL.Path, tooLarge.Limit)}
	}
	return &httpError{http.StatusBadRequest, fmt.Sprintf("control: %s: body: %v", r.URL.Path, err)}
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
