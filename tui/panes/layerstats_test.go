package panes_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui/panes"
	"innate/tui/theme"
	"innate/tui/widget"
)

// pair returns a network of two units in one block, of 9 and 1 values and 6.
func pair() []run.Layer {
	return []run.Layer{
		{Name: "enc.8x8_b.conv0.weight", Kind: "conv", Resolution: 8, Count: 9},
		{Name: "enc.8x8_b.conv0.bias", Kind: "conv", Resolution: 8, Count: 1},
		{Name: "enc.8x8_b.affine.weight", Kind: "linear", Resolution: 8, Count: 6},
	}
}

// row returns the fields of the line that shows a name.
func row(t *testing.T, l *panes.Layers, name string) string {
	t.Helper()
	v := show(t, l, 120, 12)
	for line := range strings.SplitSeq(v, "\n") {
		if strings.Contains(line, name) {
			return line
		}
	}
	t.Fatalf("no %s in\n%s", name, v)
	return ""
}

func TestLayersStats(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetStats(500, []float64{1, 1, 1}, nil, nil) // before any layer: ignored
	l.SetLayers(pair())
	l.SetStats(1000, []float64{1, 2}, nil, nil) // another network's: ignored
	nan := math.NaN()
	l.SetStats(1000, []float64{3, nan, 4}, []float64{1, 2, nan}, []float64{nan, nan, math.Inf(1)})
	for name, want := range map[string]string{
		"conv0":  "3.000    1.140        ·", // √((9·1² + 1·2²) / 10)
		"affine": "4.000        ·      inf",
		"b ":     "5.000    1.140      inf", // √(3² + 4²)
	} {
		if got := row(t, l, name); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// What a resumed run repeats replaces what it had.
	l.SetStats(2000, []float64{7, 7, 7}, nil, nil)
	l.SetStats(1000, []float64{6, nan, 8}, nil, nil)
	if got := row(t, l, "b "); !strings.Contains(got, "10.00        ·        ·") {
		t.Errorf("after going back: %q", got)
	}
}

// TestLayersHistory checks that a long history still shows from its beginning.
func TestLayersHistory(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(pair())
	for i := range 5000 {
		v := 1 + float64(i)/100
		if i < 500 {
			v = 60 // the first tenth is high
		}
		l.SetStats(int64(i+1)*100, nil, []float64{v, v, v}, nil)
	}
	v := show(t, l, 200, 12)
	if !strings.Contains(v, "to 500.0 kimg") {
		t.Errorf("head:\n%s", v)
	}
	spark := strings.Fields(v[strings.Index(v, "conv0"):])
	line := []rune(spark[len(spark)-1])
	for _, f := range spark {
		if strings.ContainsRune(f, '▁') {
			line = []rune(f)
			break
		}
	}
	if len(line) < 40 || line[0] != '█' || line[len(line)/8+2] != '▁' || line[len(line)-1] < '▆' {
		t.Errorf("the history is %q, want a high start, a fall and a rise", string(line))
	}
}

// TestLayersFlat checks that noise does not look like movement.
func TestLayersFlat(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(pair())
	for i := range 30 {
		v := 1 + 0.001*float64(i%2)
		l.SetStats(int64(i+1), nil, []float64{v, 0, v}, nil)
	}
	if got := row(t, l, "affine"); strings.ContainsAny(got, "▁▂▃▆▇█") {
		t.Errorf("flat line drawn as %q", got)
	}
}

func TestLayersColumnValue(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1.000", 0.25: "0.2500", 0.00096: "0.0010", 0.00094: "9.4e-4", 2e-12: "2.0e-12", 12.3456: "12.35",
		999.96: "1000", 99999: "99999", 123456: "1.2e5", -0.5: "-0.5000", 9.99951: "10.00", 0.99996: "1.000", 1e300: "1.0e300",
		math.Inf(1): "inf",
	} {
		if got := widget.ColumnValue(v); got != want {
			t.Errorf("%v is shown as %q, want %q", v, got, want)
		}
	}
}

func TestFreezeSummary(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(pair())
	conv := []string{"enc.8x8_b.conv0.weight", "enc.8x8_b.conv0.bias"}
	s := l.Summary(conv)
	if s.Tensors != 2 || s.Params != 10 || s.Freezes != 2 || s.Trains != 0 || s.FrozenBefore != 0 || s.FrozenAfter != 10./16 {
		t.Errorf("summary %+v", s)
	}
	// Of 10·8² + 6 operations the convolution has nearly all: 3 passes become
	// little more than 2.
	want := 3 / (2 + 6./646)
	if math.Abs(s.SpeedRatio-want) > 1e-9 || s.SpeedNow != 0 || s.SpeedExpected != 0 || s.Measured {
		t.Errorf("speed %+v, want ratio %v and no speed", s, want)
	}
	if v := strings.Join(plain(s.View(theme.New(true, false), 60)), "|"); !strings.Contains(v, "❄ freezes 2 tensors, 10 parameters") ||
		!strings.Contains(v, "frozen    0.0 →  62.5 %  ") || !strings.Contains(v, "+49 %  by counting operations") {
		t.Errorf("view %s", v)
	}

	l.SetSpeed(0, 100)
	l.SetSpeed(0.5, 900) // of another state
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-320} {
		l.SetSpeed(0, bad)
	}
	l.SetSpeed(math.NaN(), 100)
	if s = l.Summary(conv); s.SpeedNow != 100 || math.Abs(s.SpeedExpected-100*want) > 1e-6 {
		t.Errorf("with one speed: %+v, want 100 to %v", s, 100*want)
	}

	// Freezing brought 20 % in truth: from now on the run's own speeds count.
	frozen := pair()
	frozen[0].Frozen, frozen[1].Frozen = true, true
	l.SetLayers(frozen)
	l.SetSpeed(10./16, 120)
	if s = l.Summary(conv); !s.Measured || math.Abs(s.SpeedNow-120) > 1e-6 || math.Abs(s.SpeedExpected-100) > 1e-6 || s.Trains != 2 {
		t.Errorf("with two speeds: %+v, want 120 to 100", s)
	}
	if v := strings.Join(plain(s.View(theme.New(true, true), 60)), "|"); !strings.Contains(v, "t trains 2 tensors") || !strings.Contains(v, "speed   120.0 -> 100.0 images/s  -17 %  from this run") {
		t.Errorf("view %s", v)
	}
	for w := range 90 {
		for _, line := range plain(s.View(theme.New(true, false), w)) {
			if n := len([]rune(line)); n != w {
				t.Fatalf("width %d: a line of %d cells: %q", w, n, line)
			}
		}
	}

	// Freezing cannot have made it slower: such a measurement is noise.
	l.SetLayers(pair())
	for range 50 {
		l.SetSpeed(0, 200)
	}
	if s = l.Summary(conv); s.Measured || math.Abs(s.SpeedNow-200) > 1 || s.SpeedRatio < 1 {
		t.Errorf("against reason: %+v, want the counted ratio", s)
	}
}

// TestFreezeSummaryAll has nothing, and everything, to toggle.
func TestFreezeSummaryAll(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	if s := l.Summary([]string{"x"}); s.Tensors != 0 || s.SpeedRatio != 1 || math.IsNaN(s.FrozenAfter) {
		t.Errorf("without layers: %+v", s)
	}
	l.SetLayers(pair())
	s := l.Summary(l.Names())
	if got := fmt.Sprintf("%.3f %.1f", s.SpeedRatio, s.FrozenAfter); got != "1.500 1.0" {
		t.Errorf("all frozen: %s, want half as fast again", got)
	}
}
