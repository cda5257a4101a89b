package remote_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/trainer/figures"
	"innate/trainer/remote"
	"innate/trainer/run"
)

// TestMirrorAnalyses follows what analyses have found and how far one is, by our clock,
// and ends one.
func TestMirrorAnalyses(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	folder := filepath.Join(dir, run.AnalysisDir)
	s := &remote.Server{Runs: runs, Analyze: func(context.Context, string, []string) error { return nil }}
	c, _ := piped(t, s)
	m, look := mirrored(t, c, name)
	here := filepath.Join(m.Dir(name), run.AnalysisDir)
	if _, err := os.Stat(here); err == nil {
		t.Error("a folder of analyses where there is none there")
	}
	look() // all is here

	must(t, figures.Write(folder, &figures.Report{Kind: "weights", Name: "weights", Title: "x", Tables: []figures.Table{{Name: "t", Words: []string{"w"}, Heads: []string{"h"}}}}))
	write(t, filepath.Join(folder, "layers.working"), `{"kind":"layers","began":"2001-01-01T00:00:00Z","now":"2001-01-01T00:00:10Z","done":1,"total":4}`)
	write(t, filepath.Join(folder, "other.txt"), "x")
	look()
	reports, damaged := figures.List(here)
	if len(reports) != 1 || reports[0].Name != "weights" || len(damaged) > 0 {
		t.Errorf("got %+v, damaged %v", reports, damaged)
	}
	if w := figures.Workings(here, time.Now()); len(w) != 1 || w[0].Error != "" || w[0].Done != 1 || w[0].Left() != 30*time.Second {
		t.Errorf("under way: got %+v", w)
	}
	if got := names(t, here); !slices.Equal(got, []string{"layers.working", "weights.json"}) {
		t.Errorf("got %q", got)
	}

	must(t, m.Dismiss(within(t), m.Dir(name), "layers"))
	look()
	if got, there := names(t, here), names(t, folder); !slices.Equal(got, []string{"weights.json"}) || slices.Contains(there, "layers.working") {
		t.Errorf("after it was ended: got %q, there %q", got, there)
	}
	if err := m.Dismiss(within(t), m.Dir(name), "layers"); err == nil {
		t.Error("ended twice: got no error")
	}
	s.Analyze = nil
	if err := m.Dismiss(within(t), m.Dir(name), "weights"); err == nil || !strings.Contains(err.Error(), "not allowed") {
		t.Errorf("where it is not allowed: got %v", err)
	}
	must(t, os.RemoveAll(folder))
	look()
	if got := names(t, here); len(got) > 0 {
		t.Errorf("after the folder went: got %q", got)
	}
}

// TestAnalyze passes on what analyses may be asked for, and no flag besides.
func TestAnalyze(t *testing.T) {
	t.Parallel()
	runs, dir := makeRun(t)
	var got []string
	s := &remote.Server{Runs: runs, Analyze: func(_ context.Context, in string, args []string) error {
		got = append([]string{in}, args...)
		return errors.New("weights: no checkpoint")
	}}
	c, _ := piped(t, s)
	m, _ := mirrored(t, c, "")
	for _, args := range [][]string{{"analyze", "weights"}, {"analyze", "layers", "--ablation"}, {"probe", "--by", "role"}} {
		got = nil
		if err := m.Analyze(within(t), m.Dir(name), args); err == nil || err.Error() != "weights: no checkpoint" || !slices.Equal(got, append([]string{dir}, args...)) {
			t.Errorf("%q: got %v for %q", args, err, got)
		}
	}
	for _, args := range [][]string{
		nil, {"analyze"}, {"sweep", "delete", "x"}, {"analyze", "--help"}, {"analyze", "layers", "--out=/tmp/x"}, {"analyze", "../x"},
		{"probe", "--by", "--out"}, {"probe", "--out", "x"}, {"analyze", "layers", "--ablation", "--out=x"}, {"export", "x"},
	} {
		if got = nil; m.Analyze(within(t), m.Dir(name), args) == nil || got != nil {
			t.Errorf("%q: was passed on", args)
		}
	}
	s.Analyze = nil
	if err := m.Analyze(within(t), m.Dir(name), []string{"analyze", "weights"}); err == nil || !strings.Contains(err.Error(), "--allow-new") {
		t.Errorf("where it is not allowed: got %v", err)
	}
}

// TestFork makes a run there and follows it, also where one run alone was followed.
func TestFork(t *testing.T) {
	t.Parallel()
	for _, only := range []string{"", name} {
		runs, dir := makeRun(t)
		s := &remote.Server{Runs: runs}
		s.Fork = func(_ context.Context, from string, set map[string]string) (string, error) {
			if from != dir || set["live.gen_lr"] != "1e-5" {
				t.Errorf("fork of %s with %v", from, set)
			}
			made := filepath.Join(runs, "00004-tiny")
			write(t, filepath.Join(made, run.ConfigFile), "name = \"tiny\"\n")
			return made, run.WriteStatus(made, run.Status{Version: run.Version, State: run.StateStopped})
		}
		c, _ := piped(t, s)
		m, look := mirrored(t, c, only)
		if !m.Offers(remote.OfferFork) || m.Offers(remote.OfferAnalyze) {
			t.Error("offers another thing than it has")
		}
		made, err := m.Fork(within(t), m.Dir(name), map[string]string{"live.gen_lr": "1e-5"})
		must(t, err)
		if st, _, err := run.ReadStatus(made); made != m.Dir("00004-tiny") || err != nil || st.State != run.StateStopped {
			t.Errorf("made %s: %+v, %v", made, st, err)
		}
		m.Focus(made)
		look()
		if read(t, filepath.Join(made, run.ConfigFile)) != "name = \"tiny\"\n" {
			t.Error("another config")
		}
		if _, err := os.Stat(m.Dir(name)); err != nil {
			t.Error("the run that was forked is gone")
		}
	}
	runs, _ := makeRun(t)
	s := &remote.Server{Runs: runs, Only: name, Fork: func(context.Context, string, map[string]string) (string, error) {
		t.Error("forked where one run is served")
		return "", nil
	}}
	c, _ := piped(t, s)
	m, _ := mirrored(t, c, "")
	if _, err := m.Fork(within(t), m.Dir(name), nil); err == nil || !strings.Contains(err.Error(), "not allowed") || m.Offers(remote.OfferFork) {
		t.Errorf("where one run is served: got %v", err)
	}
}
