package layers_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/figures"
	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// writeProbe writes what a probe by role would find of the fake run.
func writeProbe(t *testing.T, f *tuitest.Fake, nimg int64) {
	t.Helper()
	r := &figures.Report{
		Kind: "probe", Name: "probe-role", Title: "Costs", Nimg: nimg,
		Tables: []figures.Table{
			{Name: "groups", Words: []string{"role"}, Heads: []string{"values", "distance", "dFID whole", "change whole", "dFID norm", "change norm"}, Rows: []figures.Row{
				{Words: []string{"all"}, Values: figures.Numbers{9, 1, 99, 9, 0, 0}},
				{Words: []string{"conv0"}, Values: figures.Numbers{9, 1, 12.5, 0.25, 0, 0}},
				{Words: []string{"conv1"}, Values: figures.Numbers{9, 1, -0.5, 0.125, 0, 0}},
			}},
			{Name: "tensors", Words: []string{"tensor", "role"}, Heads: []string{"dFID"}},
		},
	}
	for _, l := range f.Layers() {
		for _, role := range []string{"conv0", "conv1"} {
			if strings.Contains(l.Name, "."+role+".") {
				r.Tables[1].Rows = append(r.Tables[1].Rows, figures.Row{Words: []string{l.Name, role}, Values: figures.Numbers{12.5}})
			}
		}
	}
	tuitest.Must(t, figures.Write(filepath.Join(f.Dir, run.AnalysisDir), r))
}

// TestProbe shows what a probe has found as columns, sorts by them, and says how old it
// is.
func TestProbe(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Lacks("dFID", "probe")
	s.Command("sort dFID") // there is none: the order of the network
	s.Wants("by dFID")
	writeProbe(t, f, 64_000)
	s.Load()
	s.Press("g")
	s.Wants("dFID↓", "change", "probe by role at 64.0k", "12.50", "0.2500")
	s.Lacks(", old")
	first := func() string {
		for _, l := range s.Lines() {
			if strings.Contains(l, "conv0") || strings.Contains(l, "conv1") {
				return l
			}
		}
		return ""
	}
	if l := first(); !strings.Contains(l, "12.50") {
		t.Errorf("the dearest is %q", l)
	}
	s.Press("o", "g")
	if l := first(); !strings.Contains(l, "-0.5000") {
		t.Errorf("the cheapest is %q", l)
	}
	s.Send(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.Wants("dFID↑", "-0.5000")
	writeProbe(t, f, 40_000)
	s.Load()
	s.Send(tea.WindowSizeMsg{Width: 120, Height: 40})
	s.Wants("probe by role at 40.0k, old")
	writeProbe(t, f, 90_000)
	s.Load()
	s.Wants("probe by role at 90.0k, of a branch that was left")
	tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, run.AnalysisDir, "probe-block.json"), []byte("{"), 0o644))
	s.Load()
	s.Wants("probe by role at 90.0k") // a torn one is none
}

// TestProbeStart starts a probe, and shows why one failed.
func TestProbeStart(t *testing.T) {
	var started []string
	opts := tui.Options{Analyze: func(_ context.Context, dir string, args []string) error {
		started = append(started, strings.Join(args, " "))
		if slices.Contains(args, "day") {
			return errors.New(`probe --by: got "day", want role`)
		}
		return nil
	}}
	s, _ := openLayers(t, 100, 30, opts)
	s.Command("probe")
	s.Wants("probe done")
	s.Command("probe day")
	s.Wants(`got "day", want role`)
	s.Command("probe a b")
	s.Wants("probe")
	if want := []string{"probe --by role", "probe --by day"}; !slices.Equal(started, want) {
		t.Errorf("started %q, want %q", started, want)
	}
	s, _ = openLayers(t, 100, 30, tui.Options{})
	s.Command("probe")
	s.Wants("probe: not available here; use `innate probe --by")
}
