package figures_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"innate/trainer/figures"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func report(name string) *figures.Report {
	return &figures.Report{
		Kind: "layers", Name: name, Title: "Of layers", Time: time.Unix(1000, 0).UTC(), How: []figures.Fact{{Name: "images", Value: "3"}},
		Tables: []figures.Table{{
			Name: "blocks", Title: "Blocks", Words: []string{"block"}, Heads: []string{"share"},
			Rows: []figures.Row{{Words: []string{"enc, first"}, Values: figures.Numbers{0.1}}, {Words: []string{"dec"}, Values: figures.Numbers{2}}},
		}},
		Maps: []figures.Map{{
			Name: "share", Title: "Share", RowsOf: "block", ColsOf: "sigma", Unit: "share", Rows: []string{"enc", "dec"}, Cols: []string{"80", "5.3"},
			Hi: 1, Values: []figures.Numbers{{0, 1}, {0.5, 0.25}},
		}},
		Charts: []figures.Chart{{Name: "power", X: "radius", Y: "dB", Lines: []figures.Line{{Name: "real", X: figures.Numbers{0, 1}, Y: figures.Numbers{-1, 1e-7}}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "analysis")
	want := report("layers")
	check(t, figures.Write(dir, want))
	list, damaged := figures.List(dir)
	if len(list) != 1 || len(damaged) > 0 || !reflect.DeepEqual(list[0], want) {
		t.Fatalf("read %+v and %v, want %+v", list, damaged, want)
	}
	b, err := os.ReadFile(filepath.Join(dir, "layers.blocks.csv"))
	check(t, err)
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	check(t, err)
	if !reflect.DeepEqual(rows, [][]string{{"block", "share"}, {"enc, first", "0.1"}, {"dec", "2"}}) {
		t.Errorf("csv %q", rows)
	}
	for _, name := range []string{"layers.share.csv", "layers.power.csv"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	f, err := os.Open(filepath.Join(dir, "layers.share.png"))
	check(t, err)
	defer f.Close()
	_, err = png.Decode(f)
	check(t, err)
}

// TestMissing: a number that does not exist survives as such.
func TestMissing(t *testing.T) {
	dir := t.TempDir()
	r := report("layers")
	r.Maps[0].Values[0][1] = math.NaN()
	r.Tables[0].Rows[0].Values[0] = math.Inf(1)
	check(t, figures.Write(dir, r))
	got, err := figures.Read(filepath.Join(dir, "layers.json"))
	check(t, err)
	if !math.IsNaN(got.Maps[0].Values[0][1]) || !math.IsNaN(got.Tables[0].Rows[0].Values[0]) {
		t.Errorf("got %+v", got)
	}
	var b bytes.Buffer
	check(t, got.Print(&b))
	if text := b.String(); !strings.Contains(text, "enc, first      -") || !strings.Contains(text, "images: 3") {
		t.Errorf("printed:\n%s", text)
	}
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	check(t, figures.Write(dir, report("whole")))
	for name, text := range map[string]string{
		"torn.json": `{"kind":"layers","na`, "empty.json": `{}`,
		"ragged.json": `{"kind":"layers","name":"x","maps":[{"name":"m","rows":["a"],"cols":["b","c"],"values":[[1]]}]}`,
		"rows.json":   `{"kind":"layers","name":"x","tables":[{"name":"t","words":["a"],"heads":["b"],"rows":[{"words":[],"values":[1]}]}]}`,
	} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	list, damaged := figures.List(dir)
	if len(list) != 1 || len(damaged) != 4 {
		t.Errorf("%d whole and %v, want 1 and 4", len(list), damaged)
	}
	if list, damaged := figures.List(filepath.Join(dir, "none")); len(list)+len(damaged) > 0 {
		t.Errorf("of no folder: %v %v", list, damaged)
	}
	bad := report("bad")
	bad.Maps[0].Values = bad.Maps[0].Values[:1]
	if err := figures.Write(dir, bad); err == nil {
		t.Error("a ragged map was written")
	}
}

// TestPalette: lightness rises from one colour to the next, as the eye weighs them.
func TestPalette(t *testing.T) {
	before := -1.0
	for i := 0; i <= 32; i++ {
		c := figures.Colour(float64(i) / 32)
		linear := func(v uint8) float64 { return math.Pow(float64(v)/255, 2.2) }
		y := 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
		if y <= before {
			t.Errorf("share %d/32: luminance %v after %v", i, y, before)
		}
		before = y
	}
	if figures.Colour(math.NaN()) == figures.Colour(0) {
		t.Error("a missing value has the colour of 0")
	}
}

func TestWorking(t *testing.T) {
	dir := t.TempDir()
	w, err := figures.Begin(dir, "layers", func() {})
	check(t, err)
	if _, err := figures.Begin(dir, "layers", func() {}); !errors.Is(err, figures.ErrWorking) {
		t.Errorf("a second one: %v", err)
	}
	if list := figures.Workings(dir, time.Now()); len(list) != 1 || list[0].Kind != "layers" || list[0].Error != "" {
		t.Errorf("under way: %+v", list)
	}
	if list := figures.Workings(dir, time.Now().Add(time.Minute)); len(list) != 1 || !strings.Contains(list[0].Error, "killed") {
		t.Errorf("without a heartbeat: %+v", list)
	}
	w.Report(3, 7)
	check(t, w.End(errors.New("no room")))
	if list := figures.Workings(dir, time.Now()); len(list) != 1 || list[0].Error != "no room" || list[0].Done != 3 {
		t.Errorf("ended with an error: %+v", list)
	}
	check(t, figures.Dismiss(dir, "layers"))
	stopped := make(chan struct{})
	w, err = figures.Begin(dir, "layers", func() { close(stopped) })
	check(t, err)
	check(t, figures.Dismiss(dir, "layers"))
	select {
	case <-stopped:
	case <-time.After(time.Minute):
		t.Error("dismissed: not stopped")
	}
	check(t, w.End(errors.New("stopped")))
	if list := figures.Workings(dir, time.Now()); len(list) > 0 {
		t.Errorf("in the end: %+v", list)
	}
}

// TestWorkingEdges: an analysis that was killed before the clock was set back keeps nobody
// from another, and one whose word is taken away as it is done has not failed.
func TestWorkingEdges(t *testing.T) {
	dir := t.TempDir()
	text, err := json.Marshal(figures.Progress{Kind: "layers", Now: time.Now().Add(time.Hour)})
	check(t, err)
	path := filepath.Join(dir, "layers"+figures.WorkingExt)
	check(t, os.WriteFile(path, text, 0o644))
	if list := figures.Workings(dir, time.Now()); len(list) != 1 || !strings.Contains(list[0].Error, "killed") {
		t.Errorf("of a time to come: %+v, want that it was killed", list)
	}
	w, err := figures.Begin(dir, "layers", func() {})
	check(t, err)
	check(t, os.Remove(path))
	check(t, w.End(nil))
}
