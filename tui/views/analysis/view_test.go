package analysis_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/trainer/figures"
	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
	"innate/tui/views/analysis"
)

// reports puts two results into a run.
func reports(tb testing.TB, dir string) {
	tb.Helper()
	m := figures.Map{Name: "share", Title: "Residual share of each block", RowsOf: "block", ColsOf: "sigma", Unit: "share of the largest", Hi: 1}
	sigmas := []string{"80", "58", "41", "28", "19", "13", "8.4", "5.3", "3.3", "1.9", "1.1", "0.59", "0.3", "0.14", "0.06", "0.023", "0.0075", "0.002"}
	m.Cols = sigmas
	for i := range 15 {
		row := make(figures.Numbers, len(sigmas))
		for j := range row {
			row[j] = float64((i*7+j*3)%19) / 18
		}
		m.Rows, m.Values = append(m.Rows, fmt.Sprintf("enc.28x28_block%d", i)), append(m.Values, row)
	}
	m.Values[1][2] = math.NaN()
	layers := &figures.Report{
		Kind: "layers", Name: "layers", Title: "How blocks depend on the noise level", Time: tuitest.Epoch, Nimg: 40_000,
		How:  []figures.Fact{{Name: "images", Value: "64"}, {Name: "definition", Value: "innate's own: the papers name the experiment and not how it was computed"}},
		Maps: []figures.Map{m},
		Charts: []figures.Chart{{Name: "power", Title: "Power", X: "radius", Y: "dB", Lines: []figures.Line{
			{Name: "real images", X: figures.Numbers{0, 1, 2, 3}, Y: figures.Numbers{1, -3, -9, -20}}, {Name: "one step", X: figures.Numbers{0, 1, 2, 3}, Y: figures.Numbers{0, -2, -8, -30}},
		}}},
		Tables: []figures.Table{{Name: "blocks", Title: "Blocks", Words: []string{"block"}, Heads: []string{"largest share", "at sigma"}}},
	}
	for i := range 30 {
		layers.Tables[0].Rows = append(layers.Tables[0].Rows, figures.Row{Words: []string{fmt.Sprintf("block%02d", i)}, Values: figures.Numbers{float64(i) / 7, 80}})
	}
	folder := filepath.Join(dir, run.AnalysisDir)
	tuitest.Must(tb, figures.Write(folder, layers))
	weights := *layers
	weights.Kind, weights.Name, weights.Title, weights.Time = "weights", "weights", "What training changed", tuitest.Epoch.Add(-time.Hour)
	tuitest.Must(tb, figures.Write(folder, &weights))
}

func TestGoldenAnalysis(t *testing.T) {
	tuitest.GoldenViewAs(t, "analysis", "analysis-map", tuitest.Default(), tui.Options{}, func(s *tuitest.Screen, f *tuitest.Fake) {
		reports(s.TB, f.Dir)
		s.View("analysis")
		s.Press("down", "right", "right")
	})
}

// TestFigures steps through results and figures and reads values; on a small screen
// nothing is lost but what scrolls.
func TestFigures(t *testing.T) {
	s, f := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	reports(t, f.Dir)
	s.View("analysis")
	s.Wants("› layers", "weights", "Residual share of each block", "enc.28x28_block0", "sigma 80", "figure 1 of 3")
	s.Press("right", "right", "down")
	s.Wants("block enc.28x28_block1", "sigma 41", " - ")
	s.Press("G")
	s.Wants("block enc.28x28_block14")
	s.Press("tab")
	s.Wants("figure 2 of 3", "real images  one step", "dB over radius")
	s.Press("tab")
	s.Wants("figure 3 of 3", "largest share", "block00")
	s.Press("pgdown")
	s.Wants("block10", "largest share")
	s.Lacks("block09")
	s.Press("w")
	s.Wants("how it was measured", "innate's own")
	s.Press("w", "]")
	s.Wants("2 of 2", "figure 1 of 3")
	s.Press("[", "shift+tab")
	s.Wants("figure 3 of 3")
	s.Exact(80, 24)
}

// TestStates: no results, damaged ones, one under way and one that was killed.
func TestStates(t *testing.T) {
	now := tuitest.Epoch
	s, f := tuitest.Open(t, 100, 30, tuitest.Default(), tui.Options{Now: func() time.Time { return now }})
	s.View("analysis")
	s.Wants("no analysis of this run yet", "n starts one")
	s.Press("tab", "up", "]", "w", "w")
	folder := filepath.Join(f.Dir, run.AnalysisDir)
	tuitest.Must(t, os.MkdirAll(folder, 0o755))
	tuitest.Must(t, os.WriteFile(filepath.Join(folder, "torn.json"), []byte(`{"kind":"lay`), 0o644))
	s.View("analysis")
	s.Wants("torn.json")
	word := func(at time.Time) {
		text := fmt.Sprintf(`{"kind":"probe","began":%q,"now":%q,"done":30,"total":120}`, at.Add(-time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
		tuitest.Must(t, os.WriteFile(filepath.Join(folder, "probe"+figures.WorkingExt), []byte(text), 0o644))
	}
	word(now)
	s.View("analysis")
	s.Wants("probe: 25 %, 3m", "left")
	s.Press("x")
	s.Wants("Stop the analysis of probe?")
	s.Press("n")
	word(now.Add(-time.Hour))
	s.View("analysis")
	s.Wants("probe: it was killed")
	s.Press("x")
	s.Lacks("it was killed")
	reports(t, f.Dir)
	s.View("analysis")
	s.Wants("1 damaged", "› layers")
	s.Press("x")
	s.Wants("no analysis is under way")
}

// TestStart starts an analysis from the menu, and shows why one failed.
func TestStart(t *testing.T) {
	var started []string
	opts := tui.Options{Analyze: func(_ context.Context, dir string, args []string) error {
		started = append(started, strings.Join(args, " "))
		if slices.Contains(args, "layers") {
			return errors.New("analyze layers: no room")
		}
		return nil
	}}
	s, _ := tuitest.Open(t, 100, 30, tuitest.Default(), opts)
	s.View("analysis")
	s.Press("n")
	s.Wants("Start an analysis", "how far they went from the teacher")
	s.Press("enter")
	s.Wants("analysis of weights done")
	s.Press("n", "down", "enter")
	s.Wants("analyze layers: no room")
	if want := []string{"analyze weights", "analyze layers"}; !slices.Equal(started, want) {
		t.Errorf("started %q, want %q", started, want)
	}
	s, _ = tuitest.Open(t, 100, 30, tuitest.Default(), tui.Options{})
	s.View("analysis")
	s.Press("n")
	s.Wants("analysis: not available here; use `innate analyze")
}

// TestColumnHeads writes names that are wider than their cells in a second line.
func TestColumnHeads(t *testing.T) {
	for _, c := range []struct {
		names   []string
		w, most int
		want    []string
	}{
		{[]string{"80", "58", "0.02"}, 18, 2, []string{"80    58    0.02"}},
		{[]string{"map_layer0", "map_layer1", "conv", "affine", "norm1", "aux_conv"}, 40, 2,
			[]string{"map_layer0  conv  affine      aux_conv", "      map_layer1        norm1"}},
		{[]string{"map_layer0", "map_layer1", "aux_conv"}, 19, 1, []string{"map_layer0"}},
		{[]string{"a"}, 9, 0, nil},
	} {
		if got := analysis.ColumnHeads(c.names, 6, c.w, c.most); !slices.Equal(got, c.want) {
			t.Errorf("%q: got\n%q, want\n%q", c.names, got, c.want)
		}
	}
}
