package runlog_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/trainer/runlog"
)

// layer is statistics of one tensor that can be told apart by nimg.
func layer(nimg int64) runlog.LayerStats {
	return runlog.LayerStats{Nimg: nimg, Grad: []float64{float64(nimg)}, Update: []float64{0}, Distance: []float64{1}}
}

func layerNimgs(stats []runlog.LayerStats) string {
	var b strings.Builder
	for _, s := range stats {
		fmt.Fprintf(&b, "%d ", s.Nimg)
	}
	return strings.TrimSpace(b.String())
}

func pollLayers(t *testing.T, r *runlog.LayerReader) ([]runlog.LayerStats, bool) {
	t.Helper()
	stats, reset, err := r.Poll()
	must(t, err)
	return stats, reset
}

func TestLayerFormat(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir)
	must(t, w.LayerStats(runlog.LayerStats{Nimg: 2000, Time: at,
		Grad:     []float64{1.23456789, math.NaN(), 1e-20},
		Update:   []float64{0.00123456, 0, math.Inf(1)},
		Distance: []float64{0, 123456, 0.5},
	}))
	want := `{"type":"layers","nimg":2000,"time":1763854000.120,"grad":[1.2346,null,1e-20],"update":[0.0012346,0,null],"distance":[0,1.2346e+05,0.5]}` + "\n"
	if got := file(t, dir, runlog.LayersFile); got != want {
		t.Errorf("\n got %swant %s", got, want)
	}
	stats, reset := pollLayers(t, runlog.NewLayerReader(dir))
	if len(stats) != 1 || reset {
		t.Fatalf("got %+v, reset %v", stats, reset)
	}
	s := stats[0]
	if s.Nimg != 2000 || !s.Time.Equal(at) || s.Grad[0] != 1.2346 || !math.IsNaN(s.Grad[1]) || !math.IsNaN(s.Update[2]) || s.Distance[1] != 123460 {
		t.Errorf("got %+v", s)
	}
	err := w.LayerStats(runlog.LayerStats{Grad: make([]float64, 2), Update: make([]float64, 2), Distance: make([]float64, 3)})
	if err == nil || !strings.Contains(err.Error(), "3 distances, want 2") {
		t.Errorf("lists of different lengths: %v", err)
	}
}

// TestLayersFollow follows a file that grows, is torn by a kill, goes back to a
// checkpoint and is at last replaced.
func TestLayersFollow(t *testing.T) {
	dir := t.TempDir()
	r := runlog.NewLayerReader(dir)
	expect := func(want string, wantReset bool) {
		t.Helper()
		if stats, reset := pollLayers(t, r); layerNimgs(stats) != want || reset != wantReset {
			t.Errorf("got %q, reset %v; want %q, %v", layerNimgs(stats), reset, want, wantReset)
		}
	}
	expect("", false)
	w := open(t, dir)
	for _, n := range []int64{10, 20, 30} {
		must(t, w.LayerStats(layer(n)))
	}
	expect("10 20 30", false)
	expect("", false)
	must(t, w.Close())

	add(t, dir, runlog.LayersFile, `{"nimg":40,"time":1,"grad":[1`)
	expect("", false)
	w = open(t, dir)
	must(t, w.Resume(20, time.Now(), "resumed"))
	must(t, w.LayerStats(layer(25)))
	expect("10 20 25", true)
	if r.Skipped() != 1 {
		t.Errorf("%d lines skipped, want the torn one", r.Skipped())
	}
	must(t, w.Resume(25, time.Now(), "resumed")) // nothing known lies beyond
	must(t, w.LayerStats(layer(35)))
	must(t, w.Resume(30, time.Now(), "resumed")) // what lies beyond was not returned yet
	must(t, w.LayerStats(layer(50)))
	expect("50", false)
	if stats, _ := pollLayers(t, runlog.NewLayerReader(dir)); layerNimgs(stats) != "10 20 25 50" {
		t.Errorf("late: got %q", layerNimgs(stats))
	}

	must(t, os.WriteFile(filepath.Join(dir, runlog.LayersFile), []byte(`{"nimg":3,"time":1,"grad":[],"update":[],"distance":[]}`+"\n"), 0o644))
	expect("3", true)
	must(t, os.Remove(filepath.Join(dir, runlog.LayersFile)))
	expect("", true)
}

func TestForeignLayerLines(t *testing.T) {
	dir := t.TempDir()
	add(t, dir, runlog.LayersFile, strings.Join([]string{
		"", "[]", "{}", `{"nimg":1,"time":1,"grad":[1],"update":[1],"distance":[]}`, `{"nimg":1,"time":1,"grad":"x"}`,
		`{"nimg":7,"time":1,"grad":[null],"update":[1],"distance":[2],"more":3}`, "",
	}, "\n"))
	r := runlog.NewLayerReader(dir)
	stats, _ := pollLayers(t, r)
	if layerNimgs(stats) != "7" || r.Skipped() != 4 {
		t.Errorf("got %+v and %d skipped", stats, r.Skipped())
	}
}

// TestLayersSnapshot checks that what a caller holds does not change when the
// run goes back.
func TestLayersSnapshot(t *testing.T) {
	dir := t.TempDir()
	w, r := open(t, dir), runlog.NewLayerReader(dir)
	for n := range int64(10) {
		must(t, w.LayerStats(layer(n)))
	}
	held, _ := pollLayers(t, r)
	before := slices.Clone(held)
	must(t, w.Resume(3, time.Now(), "resumed"))
	must(t, w.LayerStats(layer(100)))
	if now, reset := pollLayers(t, r); layerNimgs(now) != "0 1 2 3 100" || !reset {
		t.Errorf("got %q, reset %v", layerNimgs(now), reset)
	}
	if layerNimgs(held) != layerNimgs(before) {
		t.Errorf("what was returned became %q", layerNimgs(held))
	}
}

// TestLargeLayers reads more than the tail takes at once.
func TestLargeLayers(t *testing.T) {
	dir := t.TempDir()
	numbers := strings.TrimSuffix(strings.Repeat("0.00012345,", 500), ",")
	line := `"time":1,"grad":[` + numbers + `],"update":[` + numbers + `],"distance":[` + numbers + `]}` + "\n"
	var b strings.Builder
	const lines = 600 // about 10 MB
	for n := range lines {
		fmt.Fprintf(&b, `{"nimg":%d,%s`, n, line)
	}
	add(t, dir, runlog.LayersFile, b.String())
	stats, _ := pollLayers(t, runlog.NewLayerReader(dir))
	if len(stats) != lines || stats[lines-1].Nimg != lines-1 || len(stats[0].Grad) != 500 {
		t.Errorf("got %d lines", len(stats))
	}
}

// TestDistanceParts: direction and norm are read back, older lines have none, and a
// line with some of them is no line.
func TestDistanceParts(t *testing.T) {
	dir := t.TempDir()
	w, err := runlog.OpenWriter(dir)
	must(t, err)
	defer w.Close()
	s := layer(1000)
	must(t, w.LayerStats(s))
	s.Nimg, s.Direction, s.Norm = 2000, []float64{0.8}, []float64{-0.6}
	must(t, w.LayerStats(s))
	s.Norm = nil
	if err := w.LayerStats(s); err == nil || !strings.Contains(err.Error(), "1 directions and 0 norms") {
		t.Errorf("a direction without a norm: %v", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, runlog.LayersFile), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(`{"type":"layers","nimg":3000,"time":1,"grad":[1],"update":[1],"distance":[1],"direction":[1,2],"norm":[1,2]}` + "\n")
	must(t, err)
	must(t, f.Close())
	r := runlog.NewLayerReader(dir)
	got, _, err := r.Poll()
	must(t, err)
	if len(got) != 2 || got[0].Direction != nil || got[0].Norm != nil || !slices.Equal(got[1].Direction, []float64{0.8}) || !slices.Equal(got[1].Norm, []float64{-0.6}) || r.Skipped() != 1 {
		t.Errorf("read %+v, skipped %d", got, r.Skipped())
	}
}
