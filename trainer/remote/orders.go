package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"innate/trainer/figures"
	"innate/trainer/run"
)

// What a server may offer besides files and what a trainer can be told.
const (
	OfferFork    = "fork"
	OfferAnalyze = "analyze"
)

// maxOrder bounds what a request says.
const maxOrder = 1 << 20

// forkOrder asks for a run from the newest checkpoint of another, with settings that
// differ; forked is the answer.
type forkOrder struct {
	Set map[string]string `json:"set,omitempty"`
}
type forked struct {
	Run string `json:"run"`
}

// analyzeOrder asks for an analysis of a run: words as of a command line.
type analyzeOrder struct {
	Args []string `json:"args"`
}

// offers lists what the server has functions for.
func (s *Server) offers() (list []string) {
	if s.Fork != nil && s.Only == "" {
		list = append(list, OfferFork)
	}
	if s.Analyze != nil {
		list = append(list, OfferAnalyze)
	}
	return list
}

// readOrder reads what a request says.
func readOrder(w http.ResponseWriter, req *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, req.Body, maxOrder))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return refusal(http.StatusBadRequest, "serve: %s: %v", path.Base(req.URL.Path), err)
	}
	return nil
}

// notOffered refuses what a server does for nobody, or for nobody who comes this way.
func notOffered(what string) error {
	return refusal(http.StatusForbidden, "serve: %s: not allowed here; over TCP innate serve allows it with --allow-new, and over ssh where it serves all runs", what)
}

func (s *Server) fork(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	if !slices.Contains(s.offers(), OfferFork) {
		return notOffered(OfferFork)
	}
	var o forkOrder
	if err := readOrder(w, req, &o); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(req.Context(), startTime)
	defer cancel()
	dir, err := s.Fork(ctx, r.dir, o.Set)
	if err != nil {
		return err
	}
	return answer(w, forked{filepath.Base(dir)})
}

func (s *Server) analyze(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	if s.Analyze == nil {
		return notOffered(OfferAnalyze)
	}
	var o analyzeOrder
	if err := readOrder(w, req, &o); err != nil {
		return err
	}
	if !isAnalyze(o.Args) {
		return refusal(http.StatusUnprocessableEntity, "serve: analyze: got %.100q, want analyze and its kind, or probe --by and a grouping", strings.Join(o.Args, " "))
	}
	if err := s.Analyze(req.Context(), r.dir, o.Args); err != nil {
		return err
	}
	return answer(w, struct{}{})
}

// dismiss ends an analysis that is under way, or forgets the error of one.
func (s *Server) dismiss(w http.ResponseWriter, req *http.Request) error {
	r, err := s.of(req)
	if err != nil {
		return err
	}
	defer r.root.Close()
	name := req.PathValue("name")
	switch {
	case s.Analyze == nil:
		return notOffered(OfferAnalyze)
	case !isAnalysis(name) || path.Ext(name) != figures.WorkingExt:
		return refusal(http.StatusForbidden, "serve: %.200q: not a file that can be removed", name)
	}
	if err := r.root.Remove(name); err != nil {
		return refusal(http.StatusNotFound, "serve: %s: %s: there is none", r.name, name)
	}
	return answer(w, struct{}{})
}

var wordPattern = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)

// isAnalyze reports whether words are an order that may be given from afar: no flag but
// those that only say what is looked at.
func isAnalyze(args []string) bool {
	switch {
	case len(args) == 3 && args[0] == "probe" && args[1] == "--by":
		return wordPattern.MatchString(args[2])
	case len(args) == 3 && args[0] == "analyze" && args[2] != "--ablation":
		return false
	}
	return (len(args) == 2 || len(args) == 3) && args[0] == "analyze" && wordPattern.MatchString(args[1])
}

// Offers reports whether the server does something besides what all servers do.
func (c *Client) Offers(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Contains(c.offers, what)
}

// order posts an order and reads the answer.
func (c *Client) order(ctx context.Context, name, what string, order, into any) error {
	body, err := json.Marshal(order)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	resp, err := c.send(ctx, http.MethodPost, runPath(name, "/"+what), nil, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxOrder))
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	return err
}

// known returns the name of the run whose copy is in dir.
func (m *Mirror) known(what, dir string) (string, error) {
	if filepath.Dir(dir) != m.dir {
		return "", fmt.Errorf("%s: %s: not a run of %s", what, dir, m.c.where)
	}
	return filepath.Base(dir), nil
}

// Offers reports whether the runs' machine does something besides what all do.
func (m *Mirror) Offers(what string) bool { return m.c.Offers(what) }

// Fork makes and starts a run there from the newest checkpoint of the one whose copy is
// in dir, with changed settings, and returns the directory of its copy.
func (m *Mirror) Fork(ctx context.Context, dir string, set map[string]string) (newDir string, err error) {
	name, err := m.known(OfferFork, dir)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	var made forked
	if err := m.c.order(ctx, name, OfferFork, forkOrder{set}, &made); err != nil {
		return "", err
	}
	if !isRunName(made.Run) {
		return "", fmt.Errorf("fork: %s made a run of no name", m.c.where)
	}
	m.mu.Lock()
	if len(m.only) > 0 && !slices.Contains(m.only, made.Run) {
		m.only = append(m.only, made.Run)
	}
	m.mu.Unlock()
	if _, err := m.Look(ctx); err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.runs[made.Run] == nil {
		return "", fmt.Errorf("fork: %s made %s, and does not list it", m.c.where, made.Run)
	}
	return m.Dir(made.Run), nil
}

// Analyze has the run's machine run an analysis of the run whose copy is in dir, and
// waits for its end. It goes on there if the connection does not last as long.
func (m *Mirror) Analyze(ctx context.Context, dir string, args []string) error {
	name, err := m.known(OfferAnalyze, dir)
	if err != nil {
		return err
	}
	err = m.c.order(ctx, name, OfferAnalyze, analyzeOrder{args}, &struct{}{})
	if err != nil && m.c.Lost() != nil {
		return errors.New("the connection ended; the analysis goes on there, and shows here when it is back")
	}
	return err
}

// Dismiss ends an analysis of the run whose copy is in dir, or forgets the error of one.
func (m *Mirror) Dismiss(ctx context.Context, dir, kind string) error {
	name, err := m.known("analysis", dir)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	file := run.AnalysisDir + "/" + path.Base(kind) + figures.WorkingExt
	return m.c.ask(ctx, http.MethodDelete, runPath(name, "/files/"+file), &struct{}{})
}
